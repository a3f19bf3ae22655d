"""Flows, states and what is kept of people: what executor needs of its own tables."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from services.chassis.queue import Claim, Cleared, Finish, Item, Page, Passed, StoredItem
from services.executor.domain.effects import Timer
from services.executor.domain.json_value import Json
from services.executor.domain.publishing import Policy, Stand
from services.executor.domain.standing import Standing
from services.executor.domain.triggers import Trigger


@dataclass(frozen=True, slots=True)
class SaveFlow:
    """A draft to be stored: canonical document and its digest.

    It is refused unless the stored draft has the digest `replaces` (None: whatever it is; "": there must be no flow).
    `triggers` start it from then on when it is published.
    """

    flow_id: UUID
    name: str
    document: bytes
    digest: str
    publish: bool
    replaces: str | None = None
    triggers: tuple[Trigger, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedFlow:
    """What storing a draft did."""

    published_version: int
    is_changed: bool


@dataclass(frozen=True, slots=True)
class FlowVersion:
    """A published document."""

    flow_id: UUID
    version: int
    document: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class FlowSummary:
    """A flow without its documents; version 0 and an empty digest mean that none is published."""

    flow_id: UUID
    name: str
    published_version: int
    updated_at: datetime
    draft_digest: str
    published_digest: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Migration:
    """How people of older versions are taken along to a version."""

    policy: Policy
    moves: Mapping[str, str]
    people_moved: int
    people_left: int
    begun_at: datetime
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version without its document; `rollback_of` is 0 when it is no rollback."""

    version: int
    author: str
    published_at: datetime
    digest: str
    note: str
    rollback_of: int
    migration: Migration | None


@dataclass(frozen=True, slots=True)
class Publication:
    """A document to be published, and what becomes of people in older versions.

    It is refused unless the flow still has this draft and this published version. `node_ids` and `variables` are the
    document's own: nobody is moved to a node that it does not have. `is_draft_too` makes it the draft as well, and
    `triggers` start the flow from then on.
    """

    flow_id: UUID
    document: bytes
    digest: str
    note: str
    rollback_of: int
    draft_digest: str
    published_version: int
    policy: Policy
    moves: Mapping[str, str]
    node_ids: Sequence[str]
    variables: Mapping[str, Json]
    is_draft_too: bool
    triggers: tuple[Trigger, ...]


@dataclass(frozen=True, slots=True)
class FlowStarts:
    """What starts a flow from now on; `sequence` grows with each time it is published or archived."""

    organization_id: UUID
    flow_id: UUID
    sequence: int
    published_at: datetime
    triggers: tuple[Trigger, ...]


class FlowChanged(Exception):
    """The flow is not as it was when the caller looked; nothing was stored."""


class FlowInUse(Exception):
    """People are in the flow; nothing was stored."""

    def __init__(self, people: int) -> None:
        super().__init__(people)
        self.people = people


@dataclass(frozen=True, slots=True)
class StateView:
    """A conversation state for people."""

    standing: Standing
    flow_name: str


class Place(NamedTuple):
    """Where a page of states ends."""

    last_message_at: datetime
    state_id: UUID


class Published(NamedTuple):
    """Which version of a flow is published, and its document's digest."""

    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a batch needs to begin: Postgres' time, each conversation's states, each flow's published version.

    A batch may be of several organizations: every key begins with one, since a caller chose the ids behind it.
    """

    now: datetime
    standings: Mapping[tuple[UUID, UUID], Mapping[UUID, Standing]]
    published: Mapping[tuple[UUID, UUID], Published]


class LoadFlow(Protocol):
    """Reads a version's document."""

    async def __call__(self, *, organization_id: UUID, flow: str, version: int) -> FlowVersion | None:
        """As Flows.load."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What is worked off in the transaction that took it in: lanes that were idle, and the snapshot to begin from.

    `load` reads flows in that transaction: whoever waited for another connection would keep its locks meanwhile, and
    behind a pooler all connections may be with those who wait.
    """

    lanes: Sequence[Passed]
    snapshot: Snapshot
    load: LoadFlow


@dataclass(frozen=True, slots=True)
class Save:
    """All effects of a batch of lanes, to be stored in one transaction. A record is its organization and its bytes."""

    organization_ids: frozenset[UUID]
    standings: Sequence[Standing]
    outbox: Sequence[Item]
    records: Sequence[tuple[UUID, bytes]]
    timers: Sequence[Timer]
    buried: Sequence[tuple[Claim, StoredItem, str]]
    finishes: Sequence[Finish]
    effects: Sequence[Item] = ()
    notices: Sequence[Item] = ()


class StateChanged(Exception):
    """A state was changed by somebody else since it was read; nothing of the batch was stored."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What is kept of a conversation, in order: events that came, and messages that were said.

    `is_cut`: there was something before.
    """

    events: Sequence[StoredItem]
    said: Sequence[StoredItem]
    is_cut: bool


class Recordings(Protocol):
    """Conversations as they were."""

    async def recording(self, *, organization_id: UUID, conversation_id: UUID, limit: int) -> Recording:
        """The last `limit` events that are kept, fewer of large ones, and what was said to them."""


class Flows(Protocol):
    """Flows and versions."""

    async def save(self, *, organization_id: UUID, flow: SaveFlow) -> SavedFlow:
        """Store a draft and maybe publish it. Raises FlowChanged."""

    async def published_digest(self, *, organization_id: UUID, flow_id: UUID) -> tuple[int, str]:
        """The published version and its digest; (0, "") when nothing is published."""

    async def load(self, *, organization_id: UUID, flow: str, version: int) -> FlowVersion | None:
        """A version's document; version 0 means the published one."""

    async def list_flows(
        self, *, organization_id: UUID, skip: int, limit: int, after: str = ""
    ) -> tuple[int, list[FlowSummary]]:
        """Flows by name, those that follow the name `after`, and how many there are in all; limit 0 means no limit."""

    async def head(self, *, organization_id: UUID, flow_id: UUID) -> FlowSummary | None:
        """A flow without its documents; None when there is none."""

    async def document(self, *, organization_id: UUID, flow_id: UUID, version: int) -> tuple[bytes, str] | None:
        """The document of the draft (version 0) or of a version, and its digest."""

    async def archive(self, *, organization_id: UUID, flow_id: UUID, is_forced: bool) -> int | None:
        """Take a flow out of service; gives how many people's sessions end, None when there is no such flow.

        Raises FlowInUse when there are people in it and nobody insists.
        """


class Versions(Protocol):
    """Versions of flows, and the people in them."""

    async def versions(
        self, *, organization_id: UUID, flow_id: UUID, skip: int, limit: int, before: int | None = None
    ) -> tuple[int, list[VersionView]]:
        """Versions, newest first, those numbered less than `before`, and how many there are in all."""

    async def version(self, *, organization_id: UUID, flow_id: UUID, version: int) -> VersionView | None:
        """One version; None when there is none."""

    async def standing(self, *, organization_id: UUID, flow_id: UUID) -> list[Stand]:
        """How many people stand where, newest version first."""

    async def publish(self, *, organization_id: UUID, publication: Publication) -> tuple[int, bool]:
        """The version that is published now, and whether it was made. Raises FlowChanged."""


class Migrations(Protocol):
    """People who are being taken along to another version."""

    async def go_on(self) -> bool:
        """Take some of them along, in one transaction; tells whether there is more to do at once."""


class States(Protocol):
    """Conversation states, timers and the transaction of a turn."""

    async def snapshot(
        self, conversations: Sequence[tuple[UUID, UUID]], flows: Sequence[tuple[UUID, UUID]]
    ) -> Snapshot:
        """Read what a batch needs; pairs start with the organization."""

    async def save(self, save: Save) -> bool:
        """Store a batch; tells whether its lanes have more to do. Raises LeaseLost or StateChanged: nothing stored."""

    async def pass_on(
        self, items: Sequence[Item], flows: Sequence[tuple[UUID, UUID]], work: Callable[[Passage], Awaitable[Save]]
    ) -> Sequence[bool]:
        """Take events in and work off those of idle lanes at once; tells per item whether it is new.

        `flows` are those the events may start. Raises StateChanged or Unavailable: nothing was taken in.
        """

    async def fire_timers(self, limit: int, to_item: Callable[[Timer], Item]) -> int:
        """Turn due timers into items of their lanes; gives how many."""

    async def enqueue(self, items: Sequence[Item]) -> Sequence[bool]:
        """Take events into the inbox; tells per item whether it is new. Raises Unavailable."""

    async def list_states(
        self,
        *,
        organization_id: UUID,
        skip: int,
        limit: int,
        flow_id: UUID | None,
        is_active: bool | None,
        after: Place | None,
    ) -> tuple[int, list[StateView]]:
        """States, latest message first, those after a place, and how many fit wherever they are."""

    async def latest(self, *, organization_id: UUID, phone_number: str) -> StateView | None:
        """The state with the latest message of a phone number."""

    async def turn(
        self, *, organization_id: UUID, conversation_id: UUID, event_id: str, message_ids: Sequence[str]
    ) -> tuple[bool, list[bytes]] | None:
        """Whether an event is finished, and the outbox payloads under these ids; None when the event is unknown."""

    async def of_conversation(self, *, organization_id: UUID, conversation_id: UUID) -> StateView | None:
        """The state with the latest message of a conversation."""

    async def close(self, *, organization_id: UUID, phone_number: str) -> datetime | None:
        """Close the active session of a phone number; None when there is none."""


class Privacy(Protocol):
    """What executor keeps of people. Every method raises Unavailable."""

    async def erase(self, *, organization_id: UUID, job_id: UUID, conversation_ids: Sequence[UUID]) -> Cleared:
        """Remove conversations whole, once nothing waits in them; repeats change nothing. Counts are the job's."""

    async def page(self, *, organization_id: UUID, conversation_ids: Sequence[UUID], cursor: str) -> Page:
        """What is kept of conversations, from `cursor` on. Raises InvalidArgument."""

    async def expire(self, *, organization_id: UUID, job_id: UUID, before: datetime) -> Cleared:
        """Remove a batch of what ended before. Counts are the job's."""
