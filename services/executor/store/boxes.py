"""executor's boxes: what comes in, what goes to sender, what goes to analytics."""

from services.chassis.queue.box import Box

INBOX = Box("executor", "inbox")
OUTBOX = Box("executor", "outbox")
RECORDS = Box("executor", "records")
