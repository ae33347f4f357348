"""Reading the ledger: entries, accounts, the fund's month, refunds on the board."""
