"""A seller's money on its way: deposit, balance, payouts to the bank."""
