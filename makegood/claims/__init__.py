"""The heart: opening, evidence, verification, decision, remedy and appeal of one claim."""
