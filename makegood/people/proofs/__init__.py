"""Proof of being the buyer, and the sessions it opens."""
