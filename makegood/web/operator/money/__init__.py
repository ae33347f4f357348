"""The operator's money pages: approvals, ledger, refunds, suppliers, sellers, terms."""
