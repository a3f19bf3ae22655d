"""Lanes: the one durable mailbox kit. A lane is a conversation; its row is queue entry, order, lock and retry timer.

See docs/architecture.md ("Lanes") for the state machine and docs/decisions/0002-lanes.md for why.
"""

from services.chassis.queue.batcher import Batcher
from services.chassis.queue.bell import Bell, Poll
from services.chassis.queue.box import Box, Claim, Finish, Item, LeaseLost, StoredItem
from services.chassis.queue.bundles import bundles_of, deliver_bundles, payloads_of
from services.chassis.queue.clearing import EVER, Cleared, ClearedItem, Clearing, are_at_rest, clear_bundles, is_so
from services.chassis.queue.dead_letters import DeadLetters
from services.chassis.queue.enqueueing import Enqueueing, Holding, Passed, Passing
from services.chassis.queue.lanes import Lanes
from services.chassis.queue.relay import Relay
from services.chassis.queue.schema import create_box

__all__ = [
    "EVER",
    "Batcher",
    "Bell",
    "Box",
    "Claim",
    "Cleared",
    "ClearedItem",
    "Clearing",
    "DeadLetters",
    "Enqueueing",
    "Finish",
    "Holding",
    "Item",
    "Lanes",
    "LeaseLost",
    "Passed",
    "Passing",
    "Poll",
    "Relay",
    "StoredItem",
    "are_at_rest",
    "bundles_of",
    "clear_bundles",
    "create_box",
    "deliver_bundles",
    "is_so",
    "payloads_of",
]
