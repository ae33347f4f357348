"""Pages for somebody outside who was asked about one claim."""
