"""Places where checkpoints are anchored: time stamps, witnesses, chains."""
