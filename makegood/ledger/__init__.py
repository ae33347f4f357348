"""Double-entry money: accounts with limits, two-phase transfers, postings, audits and refunds."""
