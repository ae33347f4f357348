"""Makegood (安售): after-sales and disputes for digital goods."""
