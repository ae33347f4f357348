"""Where evidence files live, and who looks at the pictures among them."""
