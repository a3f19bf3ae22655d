"""The GET handshake: Meta asks whether this URL is ours before it delivers anything to it.

Source: Meta, "Webhooks: getting started", verification requests.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

INVALID_MODE = "WEBHOOK_INVALID_MODE"
INVALID_TOKEN = "WEBHOOK_INVALID_TOKEN"  # noqa: S105 - an error code, not a secret
INVALID_CHALLENGE = "WEBHOOK_INVALID_CHALLENGE"

# Meta sends digits. The challenge is echoed, so anything that could be read as markup is refused.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class Handshake:
    """What to answer: an HTTP status, a ``text/plain`` body, and an error code unless the status is 200."""

    status: int
    body: str
    error_code: str | None


def answer_handshake(query: Sequence[tuple[str, str]], verify_tokens: Sequence[str]) -> Handshake:
    """Answer a verification request; ``query`` is the decoded query string in order.

    A parameter given twice counts as not given: whoever reads the other copy must not disagree with us.
    """
    if _only(query, "hub.mode") != "subscribe":
        return Handshake(400, "Invalid mode", INVALID_MODE)
    if not _is_ours(_only(query, "hub.verify_token"), verify_tokens):
        return Handshake(403, "Invalid token", INVALID_TOKEN)
    challenge = _only(query, "hub.challenge")
    if challenge is None or not _CHALLENGE.fullmatch(challenge):
        return Handshake(400, "Invalid challenge", INVALID_CHALLENGE)
    return Handshake(200, challenge, None)


def _only(query: Sequence[tuple[str, str]], name: str) -> str | None:
    values = [value for key, value in query if key == name]
    return values[0] if len(values) == 1 else None


def _is_ours(token: str | None, verify_tokens: Sequence[str]) -> bool:
    """Compare with every configured token in constant time; an empty one, sent or configured, never fits."""
    if not token:
        return False
    given = token.encode("utf-8", "surrogatepass")
    fits = [hmac.compare_digest(given, ours.encode("utf-8", "surrogatepass")) for ours in verify_tokens if ours]
    return any(fits)
