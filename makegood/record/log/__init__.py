"""The tamper-evident log: one Merkle tree over every event of a market, signed and witnessed."""
