"""What a market's history says as figures: public rows, and what is computed from them."""
