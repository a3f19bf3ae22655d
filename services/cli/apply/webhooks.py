"""Webhooks of apply's files."""

from services.cli.apply.reading import Fields, close_to
from services.cli.apply.wanted import Webhook
from services.sender.domain.webhooks import EVENTS

WEBHOOK_KEYS = ("name", "url", "secret", "events", "active")

_NAME_LENGTH = 120
_URL_LENGTH = 2048
_SHORTEST_SECRET, _LONGEST_SECRET = 16, 256


def read_webhook(fields: Fields) -> Webhook:
    """A webhook: name and url are needed. Whether the address may be called sender says before anything changes."""
    events = [fields.as_text(value, place) for value, place in fields.items("events")]
    for event in events:
        if event not in EVENTS:
            mend = f"did you mean {close}?" if (close := close_to(event, EVENTS)) else f"use {', '.join(EVENTS)}"
            fields.problems.add(fields.where.key("events"), f"has {event!r}, which is no event; {mend}")
    return Webhook(
        name=fields.text("name", is_required=True, most=_NAME_LENGTH),
        url=fields.text("url", is_required=True, most=_URL_LENGTH),
        events=tuple(sorted(set(events), key=lambda event: EVENTS.index(event) if event in EVENTS else -1)),
        is_active=fields.flag("active", default=True),
        secret=fields.checked("secret", _check_secret),
        where=fields.where,
    )


def _check_secret(secret: str) -> str:
    if not _SHORTEST_SECRET <= len(secret) <= _LONGEST_SECRET or not secret.isprintable():
        raise ValueError(f"has {len(secret)} characters, or an unseen one; use {_SHORTEST_SECRET} to {_LONGEST_SECRET}")
    return secret
