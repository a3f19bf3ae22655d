"""Departments and queues of apply's files."""

from dataclasses import dataclass, field
from uuid import UUID

from services.cli.apply.reading import Fields, Where, close_to
from services.cli.rooms import Rooms
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.domain.queues import BusinessHours, department_id_of, hours_of, queue_id_of, schedule_of

DEPARTMENT_KEYS = (
    "name", "business_hours", "offline_message", "routing_mode", "max_conversations_per_agent", "agent_ids", "active",
)  # fmt: skip
QUEUE_KEYS = (
    "name", "department", "priority", "sla_minutes", "routing_mode", "max_queue_size", "overflow_queue",
    "allowed_agent_ids", "skills_required", "business_hours", "active",
)  # fmt: skip

_HOURS_KEYS = ("timezone", "schedule")
_DAY_KEYS = ("enabled", "start", "end")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ROUTINGS = {
    "manual": router_pb2.ROUTING_MODE_MANUAL,
    "round_robin": router_pb2.ROUTING_MODE_ROUND_ROBIN,
    "load_balance": router_pb2.ROUTING_MODE_LOAD_BALANCE,
    "skills_based": router_pb2.ROUTING_MODE_SKILLS_BASED,
}
_NORMAL_PRIORITY = 50
_NAME_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Department:
    """A department; an empty routing means manual."""

    name: str
    hours: BusinessHours | None
    offline_message: str
    routing: str
    max_conversations_per_agent: int
    agent_ids: tuple[str, ...]
    is_active: bool
    where: Where = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue; department and overflow queue are names, an empty routing is the department's."""

    name: str
    department: str
    priority: int
    sla_minutes: int
    routing: str
    max_queue_size: int
    overflow_queue: str
    allowed_agent_ids: tuple[str, ...]
    skills: tuple[str, ...]
    hours: BusinessHours | None
    is_active: bool
    where: Where = field(compare=False, repr=False)


def read_department(fields: Fields) -> Department:
    """A department: its name is needed."""
    return Department(
        name=fields.text("name", is_required=True, most=_NAME_LENGTH),
        hours=_hours(fields),
        offline_message=fields.text("offline_message", most=1024),
        routing=_routing(fields),
        max_conversations_per_agent=fields.number("max_conversations_per_agent", most=1000),
        agent_ids=_ids(fields, "agent_ids"),
        is_active=fields.flag("active", default=True),
        where=fields.where,
    )


def read_queue(fields: Fields) -> Queue:
    """A queue: its name and its department's are needed."""
    return Queue(
        name=fields.text("name", is_required=True, most=_NAME_LENGTH),
        department=fields.text("department", is_required=True, most=_NAME_LENGTH),
        priority=fields.number("priority", most=100) if fields.has("priority") else _NORMAL_PRIORITY,
        sla_minutes=fields.number("sla_minutes", most=10_080),
        routing=_routing(fields),
        max_queue_size=fields.number("max_queue_size", most=1_000_000),
        overflow_queue=fields.text("overflow_queue", most=_NAME_LENGTH),
        allowed_agent_ids=_ids(fields, "allowed_agent_ids"),
        skills=tuple(fields.as_text(value, place, most=60) for value, place in fields.items("skills_required")),
        hours=_hours(fields),
        is_active=fields.flag("active", default=True),
        where=fields.where,
    )


class QueueHouse:
    """The calls that apply makes for them. All raise PytakeError."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._queues = rooms.peer("router").stub(router_pb2_grpc.QueuesStub)

    async def put_department(self, organization_id: str, department: Department) -> bool:
        """Store a department; says whether it changed."""
        form = router_pb2.Department(
            name=department.name,
            business_hours=_hours_form(department.hours),
            offline_message=department.offline_message,
            routing_mode=_ROUTINGS.get(department.routing, router_pb2.ROUTING_MODE_MANUAL),
            max_conversations_per_agent=department.max_conversations_per_agent,
            agent_ids=department.agent_ids,
            is_active=department.is_active,
        )
        request = router_pb2.PutDepartmentRequest(organization_id=organization_id, department=form)
        return (await self._rooms.call("router", self._queues.PutDepartment, request)).is_changed

    async def put_queue(self, organization_id: str, queue: Queue, *, with_overflow: bool) -> bool:
        """Store a queue, perhaps without where it overflows to: that one may come later. Says whether it changed."""
        organization = UUID(organization_id)
        overflow = str(queue_id_of(organization, queue.overflow_queue)) if queue.overflow_queue else ""
        form = router_pb2.Queue(
            department_id=str(department_id_of(organization, queue.department)),
            name=queue.name,
            priority=queue.priority,
            sla_minutes=queue.sla_minutes,
            routing_mode=_ROUTINGS.get(queue.routing, router_pb2.ROUTING_MODE_UNSPECIFIED),
            max_queue_size=queue.max_queue_size,
            overflow_queue_id=overflow if with_overflow else "",
            allowed_agent_ids=queue.allowed_agent_ids,
            skills_required=queue.skills,
            business_hours=_hours_form(queue.hours),
            is_active=queue.is_active,
        )
        request = router_pb2.PutQueueRequest(organization_id=organization_id, queue=form)
        return (await self._rooms.call("router", self._queues.PutQueue, request)).is_changed

    async def known_queues(self, organization_id: str) -> set[str]:
        """Names of the queues that are there."""
        request = router_pb2.ListQueuesRequest(organization_id=organization_id)
        return {each.name for each in (await self._rooms.call("router", self._queues.ListQueues, request)).queues}


def _routing(fields: Fields) -> str:
    name = fields.text("routing_mode")
    if name and name not in _ROUTINGS:
        close = close_to(name, _ROUTINGS)
        mend = f"did you mean {close}?" if close else f"use {', '.join(_ROUTINGS)}"
        fields.problems.add(fields.where.key("routing_mode"), f"is {name!r}; {mend}")
    return name


def _ids(fields: Fields, key: str) -> tuple[str, ...]:
    found = []
    for value, place in fields.items(key):
        text = fields.as_text(value, place, most=60)
        try:
            found.append(str(UUID(text)))
        except ValueError:
            fields.problems.add(place, f"is {text!r}; it must be a UUID, as GET /api/v1/users tells it")
    return tuple(sorted(set(found)))


def _hours(fields: Fields) -> BusinessHours | None:
    if not fields.has("business_hours"):
        return None
    where = fields.where.key("business_hours")
    own = Fields.of(fields.values["business_hours"], where, fields.problems, _HOURS_KEYS)
    week = Fields.of(own.values.get("schedule") or {}, where.key("schedule"), fields.problems, _DAYS)
    schedule = {}
    for day in week.values:
        if day in _DAYS:
            hours = Fields.of(week.values[day], week.where.key(day), fields.problems, _DAY_KEYS)
            if hours.flag("enabled", default=True):
                schedule[day] = (hours.text("start", is_required=True), hours.text("end", is_required=True))
    try:
        return hours_of(own.text("timezone", is_required=True), schedule)
    except ValueError as error:
        fields.problems.add(week.where, str(error))
        return None


def _hours_form(hours: BusinessHours | None) -> router_pb2.BusinessHours | None:
    if hours is None:
        return None
    days = [router_pb2.DayHours(day=day, start=start, end=end) for day, (start, end) in schedule_of(hours).items()]
    return router_pb2.BusinessHours(time_zone=hours.zone, days=days)
