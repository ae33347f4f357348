"""Pages of contracts with business customers."""
