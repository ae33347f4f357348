"""What suppliers owe by agreement: charges, monthly statements, disputes, settlements."""
