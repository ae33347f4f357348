"""API keys of shop systems and programs."""
