"""Precedents: decisions of ended claims, how alike like claims ended, and what differs."""
