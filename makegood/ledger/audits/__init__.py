"""The audits: what must never differ, found within a minute, and what happens when it does."""
