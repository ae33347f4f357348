"""Suppliers: signed HTTP, the acg-faka docking dialect, and the page for those without an API."""
