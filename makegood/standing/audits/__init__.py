"""Audits: ended claims drawn by a public beacon that nobody foresees, seen by an auditor."""
