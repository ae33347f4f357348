"""People and what they may do: markets, sellers, staff, sessions, keys, roles, proofs."""
