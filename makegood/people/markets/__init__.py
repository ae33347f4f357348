"""A market's settings, sellers, suppliers, departments and first-run setup."""
