"""What live pages listen to: one topic for a claim, one for a market's queue."""


def claim_topic(market_id: str, claim_no: str) -> str:
    """What the pages of one claim listen to."""
    return f"{market_id}/claim/{claim_no}"


def queue_topic(market_id: str) -> str:
    """What the lists of a market listen to."""
    return f"{market_id}/queue"
