"""What changes of departments, queues and agents: what a body gives, and null is as if it had never been given."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.chassis.errors import InvalidArgument
from services.ingress.domain.queues import Agent, Department, Queue, RoutingMode
from services.ingress.http.rest.queue_models import (
    ID,
    NO_NUL,
    PLACE,
    AgentRequest,
    DepartmentRequest,
    Hours,
    Name,
    QueueRequest,
    Skills,
)
from services.ingress.http.rest.rules import Flag, Whole

_NEVER_READ = UUID(int=0)


class _Patch(BaseModel):
    """What changes; what is left out stays."""

    @property
    def given(self) -> dict[str, Any]:
        """Values that were given and are not null, by field."""
        values = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def fields(self) -> Collection[str]:
        """The fields that change."""
        return self.model_fields_set


class _KeepsName(_Patch):
    name: Name | None = Field(
        default=None,
        description="The one it has: its id is made from it. Make another to have another name.",
        examples=["Vendas"],
    )

    @property
    def fields(self) -> Collection[str]:
        """The fields that change."""
        return self.model_fields_set - {"name"}

    def refuse_name(self, name: str) -> None:
        """Raises InvalidArgument for another name than this."""
        if self.name not in (None, name):
            raise InvalidArgument("name stays, for the id is made from it; leave it out, or store another one")


class DepartmentPatch(_KeepsName):
    """What changes of a department; what is left out stays, and null is what a new department has."""

    business_hours: Hours | None = Field(default=None, description="null: always open.", examples=[PLACE])
    offline_message: Annotated[str, Field(max_length=1024, pattern=NO_NUL)] | None = Field(
        default=None, description="null says nothing.", examples=["Voltamos às 8h."]
    )
    routing_mode: RoutingMode | None = Field(default=None, description="null: manual.")
    max_conversations_per_agent: Annotated[Whole, Field(ge=0, le=1000)] | None = Field(
        default=None, description="null or 0: no limit of its own.", examples=[3]
    )
    agent_ids: Annotated[list[UUID], Field(max_length=1000)] | None = Field(
        default=None, description="null or none: everybody.", examples=[[ID]]
    )
    is_active: Flag = True

    def read(self, department_id: UUID) -> Department:
        """As the service behind takes it."""
        wanted = DepartmentRequest.model_validate({"name": "-"} | self.given).read()
        return replace(wanted, id=str(department_id))


class QueuePatch(_KeepsName):
    """What changes of a queue; what is left out stays, and null is what a new queue has."""

    department_id: UUID = Field(default=_NEVER_READ, examples=[ID])
    priority: Annotated[Whole, Field(ge=0, le=100)] | None = Field(default=None, description="null: 50.", examples=[60])
    sla_minutes: Annotated[Whole, Field(ge=0, le=10_080)] | None = Field(
        default=None, description="null or 0: nothing is promised.", examples=[15]
    )
    routing_mode: RoutingMode | None = Field(default=None, description="null: as the department.")
    max_queue_size: Annotated[Whole, Field(ge=0, le=1_000_000)] | None = Field(
        default=None, description="null or 0: no limit.", examples=[20]
    )
    overflow_queue_id: UUID | None = Field(
        default=None, description="null: conversations stay where they came.", examples=[ID]
    )
    allowed_agent_ids: Annotated[list[UUID], Field(max_length=1000)] | None = Field(
        default=None, description="null or none: all of the department.", examples=[[ID]]
    )
    skills_required: Skills | None = Field(default=None, description="null: none.", examples=[["english"]])
    business_hours: Hours | None = Field(default=None, description="null: the department's.", examples=[PLACE])
    is_active: Flag = True

    def read(self, queue_id: UUID) -> Queue:
        """As the service behind takes it."""
        wanted = QueueRequest.model_validate({"name": "-", "department_id": _NEVER_READ} | self.given).read()
        return replace(wanted, id=str(queue_id))


class AgentPatch(_Patch):
    """What changes of an agent; what is left out stays, and null is what a new agent has."""

    name: Name = Field(default="-", examples=["Rui"])
    skills: Skills | None = Field(default=None, description="null: none.", examples=[["english"]])
    capacity: Annotated[Whole, Field(ge=0, le=1000)] | None = Field(default=None, description="null: 5.", examples=[5])
    is_active: Flag = True

    def read(self, agent_id: UUID) -> Agent:
        """As the service behind takes it."""
        return AgentRequest.model_validate({"id": agent_id, "name": self.name} | self.given).read()
