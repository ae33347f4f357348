"""Attempts that are slowed, never locked."""
