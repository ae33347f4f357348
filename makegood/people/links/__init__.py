"""Links that work once."""
