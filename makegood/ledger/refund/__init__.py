"""A refund's way from wanted to arrived: the saga, what it asks of a gateway, its rows."""
