"""Everything about one claim in one file: made here, checked anywhere, read back for mediation."""
