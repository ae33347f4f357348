"""Buyers' disputes at the payment channels: what they reserve, and what losing one costs."""
