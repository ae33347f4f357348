"""The event history of every stream, sealed so that a tamper-evident log can be built over it."""
