"""Makegood (安售): after-sales and disputes for digital goods."""

__version__ = "0.1.0"
