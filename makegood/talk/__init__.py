"""Talking to people: the mail outbox and the words of every e-mail."""
