"""Anchors: checkpoints of the log fixed at places that the operator does not command."""
