"""Lanes: the one durable mailbox kit. A lane is a conversation; its row is queue entry, order, lock and retry timer.

See docs/architecture.md ("Lanes") for the state machine and docs/decisions/0002-lanes.md for why.
"""

from services.chassis.queue.batcher import Batcher
from services.chassis.queue.bell import Bell, Poll
from services.chassis.queue.box import Box, Claim, Finish, Item, LeaseLost, StoredItem
from services.chassis.queue.bundles import bundles_of, deliver_bundles, payloads_of
from services.chassis.queue.clearing import (
    EVER,
    MORE,
    Cleared,
    Clearing,
    Removal,
    are_at_rest,
    clear_bundles,
    counted,
    is_so,
    item_section,
    progress_of,
)
from services.chassis.queue.dead_letters import DeadLetters
from services.chassis.queue.enqueueing import Enqueueing, Holding, Passed, Passing
from services.chassis.queue.lanes import Lanes
from services.chassis.queue.pages import Page, PageRow, Section, export_page_of, json_section, read_page, written
from services.chassis.queue.plain_form import plain_form
from services.chassis.queue.receipts import Receipts
from services.chassis.queue.relay import Relay
from services.chassis.queue.schema import create_box

__all__ = [
    "EVER",
    "MORE",
    "Batcher",
    "Bell",
    "Box",
    "Claim",
    "Cleared",
    "Clearing",
    "DeadLetters",
    "Enqueueing",
    "Finish",
    "Holding",
    "Item",
    "Lanes",
    "LeaseLost",
    "Page",
    "PageRow",
    "Passed",
    "Passing",
    "Poll",
    "Receipts",
    "Relay",
    "Removal",
    "Section",
    "StoredItem",
    "are_at_rest",
    "bundles_of",
    "clear_bundles",
    "counted",
    "create_box",
    "deliver_bundles",
    "export_page_of",
    "is_so",
    "item_section",
    "json_section",
    "payloads_of",
    "plain_form",
    "progress_of",
    "read_page",
    "written",
]
