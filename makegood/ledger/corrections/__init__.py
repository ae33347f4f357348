"""Who bears a refund changes after it was paid: what moves then, and the record of it."""
