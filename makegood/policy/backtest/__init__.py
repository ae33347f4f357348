"""Backtest: what a draft of the rules would have done to claims that ended. Knows no claims."""
