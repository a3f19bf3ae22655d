"""The shapes of departments, queues and agents."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.ingress.domain.queues import (
    Agent,
    Department,
    OpeningHours,
    Presence,
    Queue,
    RoutingMode,
    Stored,
)
from services.ingress.http.rest.models import Time
from services.ingress.http.rest.rules import Flag, Whole

NO_NUL = r"^[^\x00]*$"
ID = "1d5c3f6e-5a0e-4f1b-9d0c-7f4a1c2b3d44"
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"
PLACE = {"timezone": "America/Sao_Paulo", "schedule": {"monday": {"enabled": True, "start": "08:00", "end": "18:00"}}}

Skills = Annotated[list[Annotated[str, Field(min_length=1, max_length=60, pattern=NO_NUL)]], Field(max_length=50)]
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=NO_NUL)]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class DayHours(BaseModel):
    """When it opens and closes on a day."""

    enabled: Flag = Field(default=True, description="While it is not, it stays closed on this day.")
    start: str = Field(pattern=_CLOCK, examples=["08:00"])
    end: str = Field(pattern=_CLOCK, description="Before start: of the next day.", examples=["18:00"])


class Hours(BaseModel):
    """When somebody answers; a day that is left out is closed."""

    timezone: str = Field(max_length=60, pattern=NO_NUL, examples=["America/Sao_Paulo"])
    schedule: dict[Day, DayHours] = Field(examples=[PLACE["schedule"]])

    @classmethod
    def of(cls, hours: OpeningHours | None) -> Hours | None:
        """From opening hours."""
        if hours is None:
            return None
        days = {day: DayHours(start=start, end=end) for day, (start, end) in hours.days.items()}
        return cls.model_validate({"timezone": hours.time_zone, "schedule": days})

    def read(self) -> OpeningHours:
        """As the service behind takes it."""
        days: dict[str, tuple[str, str]] = {
            day: (hours.start, hours.end) for day, hours in self.schedule.items() if hours.enabled
        }
        return OpeningHours(self.timezone, days)


class DepartmentRequest(BaseModel):
    """A department as it should be; one of the same name is replaced."""

    name: Name = Field(examples=["Suporte"])
    business_hours: Hours | None = Field(default=None, description="Left out: always open.", examples=[PLACE])
    offline_message: str = Field(
        default="", max_length=1024, pattern=NO_NUL, examples=["Voltamos às 8h."],
        description="What contacts are told who come while it is closed; empty says nothing.",
    )  # fmt: skip
    routing_mode: RoutingMode = Field(default="manual", description="Of its queues that do not say it themselves.")
    max_conversations_per_agent: Whole = Field(default=0, ge=0, le=1000, description="0: no limit of its own.")
    agent_ids: list[UUID] = Field(default=[], max_length=1000, description="Its agents; none: everybody.")
    is_active: Flag = Field(default=True, description="While it is not, conversations go elsewhere.")

    def read(self) -> Department:
        """As the service behind takes it."""
        return Department(
            name=self.name,
            business_hours=self.business_hours.read() if self.business_hours else None,
            offline_message=self.offline_message,
            routing_mode=self.routing_mode,
            max_conversations_per_agent=self.max_conversations_per_agent,
            agent_ids=[str(each) for each in self.agent_ids],
            is_active=self.is_active,
        )


class DepartmentView(BaseModel):
    """A department."""

    id: str = Field(examples=[ID])
    name: str = Field(examples=["Suporte"])
    business_hours: Hours | None = Field(examples=[PLACE])
    offline_message: str = Field(examples=["Voltamos às 8h."])
    routing_mode: RoutingMode
    max_conversations_per_agent: int = Field(examples=[3])
    agent_ids: list[str] = Field(examples=[[ID]])
    is_active: bool

    @classmethod
    def of(cls, department: Department) -> DepartmentView:
        """From a department."""
        return cls(
            id=department.id,
            name=department.name,
            business_hours=Hours.of(department.business_hours),
            offline_message=department.offline_message,
            routing_mode=department.routing_mode,
            max_conversations_per_agent=department.max_conversations_per_agent,
            agent_ids=list(department.agent_ids),
            is_active=department.is_active,
        )


class DepartmentList(BaseModel):
    """Departments by name."""

    departments: list[DepartmentView]


class QueueRequest(BaseModel):
    """A queue as it should be; one of the same name is replaced."""

    name: Name = Field(examples=["Financeiro"])
    department_id: UUID = Field(examples=[ID])
    priority: Whole = Field(default=50, ge=0, le=100, description="Who pulls from several gets the highest first.")
    sla_minutes: Whole = Field(
        default=0, ge=0, le=10_080, examples=[15],
        description="Minutes of open time within which somebody should have a conversation; 0: nothing is promised.",
    )  # fmt: skip
    routing_mode: RoutingMode | None = Field(default=None, description="Left out: as the department.")
    max_queue_size: Whole = Field(default=0, ge=0, le=1_000_000, description="How many should wait; 0: no limit.")
    overflow_queue_id: UUID | None = Field(
        default=None,
        description="Where conversations go that come while it is full or closed; one hop.",
        examples=[None],
    )
    allowed_agent_ids: list[UUID] = Field(default=[], max_length=1000, description="None: all of the department.")
    skills_required: Skills = Field(default=[], examples=[["english"]])
    business_hours: Hours | None = Field(default=None, description="Left out: the department's.", examples=[PLACE])
    is_active: Flag = Field(default=True, description="While it is not, conversations go elsewhere.")

    def read(self) -> Queue:
        """As the service behind takes it."""
        return Queue(
            department_id=str(self.department_id),
            name=self.name,
            priority=self.priority,
            sla_minutes=self.sla_minutes,
            routing_mode=self.routing_mode,
            max_queue_size=self.max_queue_size,
            overflow_queue_id=str(self.overflow_queue_id) if self.overflow_queue_id else "",
            allowed_agent_ids=[str(each) for each in self.allowed_agent_ids],
            skills_required=self.skills_required,
            business_hours=self.business_hours.read() if self.business_hours else None,
            is_active=self.is_active,
        )


class QueueView(BaseModel):
    """A queue."""

    id: str = Field(examples=[ID])
    department_id: str = Field(examples=[ID])
    name: str = Field(examples=["Financeiro"])
    priority: int = Field(examples=[50])
    sla_minutes: int = Field(examples=[15])
    routing_mode: RoutingMode | None = Field(description="null: as the department.")
    max_queue_size: int = Field(examples=[20])
    overflow_queue_id: str | None = Field(examples=[None])
    allowed_agent_ids: list[str] = Field(examples=[[]])
    skills_required: list[str] = Field(examples=[["english"]])
    business_hours: Hours | None = Field(examples=[None])
    is_active: bool
    waiting: int = Field(description="How many wait in it.", examples=[3])
    is_open: bool = Field(description="Whether somebody is supposed to answer now.")

    @classmethod
    def of(cls, queue: Queue) -> QueueView:
        """From a queue."""
        return cls(
            id=queue.id,
            department_id=queue.department_id,
            name=queue.name,
            priority=queue.priority,
            sla_minutes=queue.sla_minutes,
            routing_mode=queue.routing_mode,
            max_queue_size=queue.max_queue_size,
            overflow_queue_id=queue.overflow_queue_id or None,
            allowed_agent_ids=list(queue.allowed_agent_ids),
            skills_required=list(queue.skills_required),
            business_hours=Hours.of(queue.business_hours),
            is_active=queue.is_active,
            waiting=queue.waiting,
            is_open=queue.is_open,
        )


class QueueList(BaseModel):
    """Queues, those of the highest priority first."""

    queues: list[QueueView]


class AgentRequest(BaseModel):
    """An agent as they should be; one of the same id is replaced."""

    id: UUID = Field(description="Of a person who logs in: their user id.", examples=[ID])
    name: Name = Field(examples=["Rui"])
    skills: Skills = Field(default=[], examples=[["english"]])
    capacity: Whole = Field(default=5, ge=0, le=1000, description="Conversations at a time.")
    is_active: Flag = Field(default=True, description="While they are not, they are given none.")

    def read(self) -> Agent:
        """As the service behind takes it."""
        return Agent(
            id=str(self.id), name=self.name, skills=self.skills, capacity=self.capacity, is_active=self.is_active
        )


class AgentView(BaseModel):
    """An agent."""

    id: str = Field(examples=[ID])
    name: str = Field(examples=["Rui"])
    skills: list[str] = Field(examples=[["english"]])
    capacity: int = Field(examples=[5])
    is_active: bool
    presence: Presence
    present_until: Time | None = Field(
        description="How long that holds; null when nothing was said.", examples=["2026-03-04T13:22:00Z"]
    )
    conversations: int = Field(description="How many they have.", examples=[2])

    @classmethod
    def of(cls, agent: Agent) -> AgentView:
        """From an agent."""
        return cls(
            id=agent.id,
            name=agent.name,
            skills=list(agent.skills),
            capacity=agent.capacity,
            is_active=agent.is_active,
            presence=agent.presence,
            present_until=agent.present_until,
            conversations=agent.conversations,
        )


class AgentList(BaseModel):
    """Agents by name."""

    agents: list[AgentView]


class StoredView(BaseModel):
    """What storing did."""

    id: str = Field(examples=[ID])
    is_changed: bool = Field(description="Whether anything is other than before.")

    @classmethod
    def of(cls, stored: Stored) -> StoredView:
        """From what storing did."""
        return cls(id=stored.id, is_changed=stored.is_changed)


class PresenceRequest(BaseModel):
    """What you do, for a while: say it again before it ends."""

    presence: Presence
    seconds: Whole = Field(default=120, ge=10, le=43_200, description="How long it holds; after it you are offline.")


class PresenceView(BaseModel):
    """What was said."""

    presence: Presence
    present_until: Time = Field(examples=["2026-03-04T13:22:00Z"])
