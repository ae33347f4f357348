"""Erasing people from everything but the public record, holding that back, forgetting in time."""
