"""ingress' boxes: messages, and statuses of messages we sent."""

from services.chassis.queue.box import Box

MESSAGES = Box("ingress", "out", group="number_key")
STATUSES = Box("ingress", "status", group="number_key")
