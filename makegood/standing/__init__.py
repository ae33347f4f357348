"""How parties stand: audits of the record's truthfulness, and what follows from them."""
