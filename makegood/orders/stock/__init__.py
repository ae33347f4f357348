"""Keys kept for replacements, and replacements as a saga: reserved, sent, delivered, once."""
