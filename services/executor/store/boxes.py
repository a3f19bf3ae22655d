"""executor's boxes: what comes in; what goes to sender, analytics and router; calls outside."""

from functools import lru_cache
from uuid import UUID, uuid5

from services.chassis.queue.box import Box

INBOX = Box("executor", "inbox")
OUTBOX = Box("executor", "outbox")
RECORDS = Box("executor", "records")
EFFECTS = Box("executor", "effects")
NOTICES = Box("executor", "notices")

BOXES = (INBOX, OUTBOX, RECORDS, EFFECTS, NOTICES)

# Few, so that they are claimed in batches; several, so that replicas do not wait for each other's commits.
RECORD_LANES = 4


@lru_cache(maxsize=4096)
def record_lane(organization_id: UUID, number: int) -> UUID:
    """One of the few lanes of an organization's records."""
    return uuid5(organization_id, f"records:{number}")
