"""Channels to people outside: mail servers."""
