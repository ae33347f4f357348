"""Checking what somebody hands in, without the database: bundles, receipts, proofs of entries."""
