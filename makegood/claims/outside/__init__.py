"""Waiting for somebody outside: a mediator, a publisher, a payment channel, a regulator."""
