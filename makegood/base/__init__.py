"""Words everyone may use: money, time, ids, actors, refusals. Standard library and msgspec only."""
