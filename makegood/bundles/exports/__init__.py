"""Exports to those who may ask for them: who asked, on what basis, what was given."""
