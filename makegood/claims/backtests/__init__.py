"""Backtests of drafts over the market's own ended claims: asked for, run, kept."""
