"""One public row per ended claim, from which anyone computes a seller's figures again."""
