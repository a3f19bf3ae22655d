"""Agents of apply's files: people who answer, by their e-mail or id, with the departments that they are of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.cli.apply.queues import Department
from services.cli.apply.reading import Fields, Where
from services.cli.rooms import Rooms
from services.ingress.domain.accounts.emails import normal_email
from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc
from services.pb.router.v1 import router_pb2, router_pb2_grpc

AGENT_KEYS = ("user", "name", "departments", "skills", "capacity", "active")
USUAL_CAPACITY = 5

_NAME_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who answers; `name` is the e-mail of their user in its normal form, or its id."""

    name: str
    display_name: str
    departments: tuple[str, ...]
    skills: tuple[str, ...]
    capacity: int
    is_active: bool
    where: Where = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """What putting an agent would come to."""

    is_changed: bool
    is_new: bool


@dataclass(frozen=True, slots=True)
class People:
    """Who there is in an organization: users by e-mail and by id, who was only invited, and agents by id."""

    ids: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    invited: frozenset[str] = frozenset()
    agents: Mapping[str, router_pb2.Agent] = field(default_factory=dict)

    def id_of(self, agent: Agent) -> str:
        """The agent's id; empty for who has none yet, because they have not accepted their invitation."""
        return self.ids.get(agent.name, "") if "@" in agent.name else agent.name

    def form_of(self, agent: Agent) -> router_pb2.Agent:
        """The agent as router takes it; without a name of their own they have that of their user."""
        agent_id = self.id_of(agent)
        return router_pb2.Agent(
            agent_id=agent_id,
            name=agent.display_name or self.names.get(agent_id) or agent.name,
            skills=agent.skills,
            capacity=agent.capacity,
            is_active=agent.is_active,
        )

    def compare(self, agent: Agent) -> AgentAnswer:
        """What putting the agent would come to."""
        known = self.agents.get(self.id_of(agent))
        if known is None:
            return AgentAnswer(is_changed=True, is_new=True)
        facts, wanted = _facts(known), _facts(self.form_of(agent))
        return AgentAnswer(is_changed=facts != wanted, is_new=False)


def read_agent(fields: Fields) -> Agent:
    """An agent: their user is needed."""
    skills = (fields.as_text(value, place, most=60) for value, place in fields.items("skills"))
    return Agent(
        name=fields.checked("user", _user, is_required=True),
        display_name=fields.text("name", most=_NAME_LENGTH),
        departments=tuple(
            fields.as_text(value, place, most=_NAME_LENGTH) for value, place in fields.items("departments")
        ),
        # As router keeps them: two people write the same skill.
        skills=tuple(sorted({skill.strip().casefold() for skill in skills})),
        capacity=fields.number("capacity", most=1000) or USUAL_CAPACITY,
        is_active=fields.flag("active", default=True),
        where=fields.where,
    )


def joined_by(department: Department, agents: Sequence[Agent], people: People) -> Department:
    """The department with the agents who name it, beside those it lists; who has no id yet comes with the next run."""
    ids = {people.id_of(agent) for agent in agents if department.name in agent.departments} - {""}
    return replace(department, agent_ids=tuple(sorted({*department.agent_ids, *ids}))) if ids else department


def remembered(department: Department, agents: Sequence[Agent]) -> object:
    """What is remembered of a department: itself, with the names of the agents who name it."""
    names = sorted(agent.name for agent in agents if department.name in agent.departments)
    return (department, names) if names else department


class AgentHouse:
    """The calls that apply makes for them. All raise PytakeError."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._queues = rooms.peer("router").stub(router_pb2_grpc.QueuesStub)
        self._accounts = rooms.peer("ingress").stub(ingress_pb2_grpc.AccountsStub)

    async def people(self, organization_id: str) -> People:
        """Who there is in an organization."""
        users = await self._rooms.call(
            "ingress", self._accounts.ListUsers, ingress_pb2.ListUsersRequest(organization_id=organization_id)
        )
        agents = await self._rooms.call(
            "router", self._queues.ListAgents, router_pb2.ListAgentsRequest(organization_id=organization_id)
        )
        return People(
            ids={user.email: user.user_id for user in users.users},
            names={user.user_id: user.name for user in users.users},
            invited=frozenset(invitation.email for invitation in users.invitations),
            agents={agent.agent_id: agent for agent in agents.agents},
        )

    async def put(self, organization_id: str, form: router_pb2.Agent) -> bool:
        """Store an agent; says whether they changed."""
        request = router_pb2.PutAgentRequest(organization_id=organization_id, agent=form)
        return (await self._rooms.call("router", self._queues.PutAgent, request)).is_changed


def _user(text: str) -> str:
    """Raises ValueError."""
    if "@" in text:
        return normal_email(text)
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("must be the e-mail of a user, or the user's id as GET /api/v1/users tells it") from None


def _facts(form: router_pb2.Agent) -> tuple[object, ...]:
    return form.name, tuple(form.skills), form.capacity, form.is_active
