"""Records of analytics for tests: everything has a value, and a test names what it is about."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from services.analytics.domain.record import Record, RecordKind

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
"""Noon of yesterday: a time whose month always has a partition."""


def record_maker(organization_id: UUID | None = None) -> Callable[..., Record]:
    """Return a maker of contact messages of one organization, a second apart, each with a record_id of its own."""
    made = 0
    organization_id = organization_id or uuid4()
    conversation_id = uuid4()

    def make(**named: object) -> Record:
        nonlocal made
        made += 1
        usual: dict[str, object] = {
            "organization_id": organization_id,
            "occurred_at": NOON + timedelta(seconds=made),
            "record_id": f"record-{made}",
            "sequence": 0,
            "kind": RecordKind.CONTACT_MESSAGE,
            "conversation_id": conversation_id,
            "phone_number": "5511912345678",
            "text": f"line {made}",
        }
        return Record(**(usual | named))  # type: ignore[arg-type]  # a test names fields by their own types

    return make
