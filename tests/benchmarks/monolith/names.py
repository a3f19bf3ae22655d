"""What the monoliths are called."""


def name_of(client: str) -> str:
    """Return the name of the monolith with this HTTP client, in reports and for its supervisor."""
    return f"monolith, {client}"
