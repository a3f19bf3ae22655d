"""executor's boxes: what comes in; what goes to sender, analytics and router; calls outside."""

from services.chassis.queue.box import Box

INBOX = Box("executor", "inbox")
OUTBOX = Box("executor", "outbox")
RECORDS = Box("executor", "records")
EFFECTS = Box("executor", "effects")
NOTICES = Box("executor", "notices")

BOXES = (INBOX, OUTBOX, RECORDS, EFFECTS, NOTICES)
