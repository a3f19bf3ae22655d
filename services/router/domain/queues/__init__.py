"""Departments, queues and agents: who is to have which conversation. Pure."""

from services.router.domain.queues.agents_log import AgentRecord, EntryChange, EntryStory, records_of
from services.router.domain.queues.entry import VIP_TAG, Change, Entry, Sla, sla_of
from services.router.domain.queues.floor import (
    Agent,
    Department,
    Floor,
    Presence,
    Queue,
    Routing,
    department_id_of,
    queue_id_of,
)
from services.router.domain.queues.hours import (
    BusinessHours,
    due_after,
    hours_of,
    is_open,
    read_hours,
    schedule_of,
    written_hours,
)
from services.router.domain.queues.placing import Hop, Placement, Wanted, place, place_in
from services.router.domain.queues.routing import Refusal, Waiting, assign_all, pullable, refusal_of
from services.router.domain.queues.telling import DeskEvent, event_of

__all__ = [
    "VIP_TAG",
    "Agent",
    "AgentRecord",
    "BusinessHours",
    "Change",
    "Department",
    "DeskEvent",
    "Entry",
    "EntryChange",
    "EntryStory",
    "Floor",
    "Hop",
    "Placement",
    "Presence",
    "Queue",
    "Refusal",
    "Routing",
    "Sla",
    "Waiting",
    "Wanted",
    "assign_all",
    "department_id_of",
    "due_after",
    "event_of",
    "hours_of",
    "is_open",
    "place",
    "place_in",
    "pullable",
    "queue_id_of",
    "read_hours",
    "records_of",
    "refusal_of",
    "schedule_of",
    "sla_of",
    "written_hours",
]
