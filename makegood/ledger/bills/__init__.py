"""Daily bills of the payment channels, compared line by line and both ways with our own book."""
