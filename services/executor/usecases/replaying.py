"""A recorded conversation, run again against a document that is not published."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from services.chassis.clock import Monotonic
from services.chassis.errors import FailedPrecondition, InvalidArgument, NotFound
from services.chassis.queue import StoredItem
from services.executor.domain.arrival import Arrival
from services.executor.domain.compile import CompiledFlow, compile_flow
from services.executor.domain.document import FlowDocument
from services.executor.domain.effects import FlowNeeded, Said
from services.executor.domain.finding import InvalidFlow
from services.executor.domain.flowtest import Recorded, ReplayedTurn, TooLong, TooManyTimers, replay
from services.executor.domain.identifiers import derived_id
from services.executor.domain.limits import Limits
from services.executor.ports import Flows, FlowSummary, Recording, Recordings
from services.executor.usecases.documents import read, stored
from services.executor.usecases.flow_keeping import no_flow
from services.executor.usecases.library import FlowLibrary
from services.pb.common.v1 import errors_pb2

MOST_EVENTS = 2_000
# A usual conversation takes milliseconds. One replay runs at a time, since it takes turns from conversations.
MOST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ToldMessage:
    """A message of the bot, told plainly; two are equal when their content is, whoever said them."""

    content: bytes
    kind: str = field(compare=False)
    text: str = field(compare=False)
    options: tuple[str, ...] = field(compare=False)
    node_id: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Telling:
    """How kept items are read: an event as an arrival (None when it cannot be), a message as it was told."""

    arrival: Callable[[StoredItem, UUID, UUID], Arrival | None]
    kept: Callable[[bytes], ToldMessage]
    said: Callable[[Said], ToldMessage]


@dataclass(frozen=True, slots=True)
class Replayed:
    """How the conversation was, and would have been."""

    flow_id: UUID
    turns: list[ReplayedTurn[ToldMessage]]
    is_cut: bool


class Replaying:
    """Replays for people."""

    def __init__(
        self,
        flows: Flows,
        recordings: Recordings,
        library: FlowLibrary,
        telling: Telling,
        *,
        limits: Limits,
        ttl: timedelta,
        monotonic: Monotonic,
    ) -> None:
        self._flows = flows
        self._recordings = recordings
        self._library = library
        self._telling = telling
        self._limits = limits
        self._ttl = ttl
        self._monotonic = monotonic
        self._one = asyncio.Semaphore(1)

    async def replay(
        self, *, organization_id: UUID, conversation_id: UUID, flow_id: UUID | None, document: bytes
    ) -> Replayed:
        """Run a conversation again with a document (empty: the draft) in place of a flow (None: the first started).

        Raises NotFound, InvalidArgument for a document that cannot run, or FailedPrecondition when it never rests.
        """
        recording = await self._recordings.recording(
            organization_id=organization_id, conversation_id=conversation_id, limit=MOST_EVENTS
        )
        record = self._record(recording, organization_id, conversation_id)
        if not record:
            raise NotFound(
                "no event of this conversation is kept (any more)",
                reason=errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND,
            )
        flow_id = flow_id or _first_started(record)
        flow = await self._flows.head(organization_id=organization_id, flow_id=flow_id)
        if flow is None:
            raise no_flow()
        compiled, name = await self._compiled(organization_id, flow, document)
        stand_ins = {str(flow_id): compiled, flow.name: compiled, name: compiled}
        async with self._one:
            turns = await self._run(organization_id, record, stand_ins)
        return Replayed(flow_id, turns, recording.is_cut)

    def _record(
        self, recording: Recording, organization_id: UUID, conversation_id: UUID
    ) -> list[Recorded[ToldMessage]]:
        """The events that can be read, each with what was said to it: a message's id follows from its event's."""
        said = {item.event_id: item.payload for item in recording.said}
        record = []
        for item in recording.events:
            arrival = self._telling.arrival(item, organization_id, conversation_id)
            if arrival is not None:
                told = tuple(self._telling.kept(payload) for payload in _said_to(item, conversation_id, said))
                record.append(Recorded(item.received_at, arrival, told))
        return record

    async def _compiled(self, organization_id: UUID, flow: FlowSummary, document: bytes) -> tuple[CompiledFlow, str]:
        """The document, ready to run, and its name."""
        if document:
            written = (await asyncio.to_thread(read, document, name=None)).flow
        else:
            draft = await self._flows.document(organization_id=organization_id, flow_id=flow.flow_id, version=0)
            if draft is None:
                raise no_flow()
            written = await asyncio.to_thread(stored, draft[0])
        return await asyncio.to_thread(_compile, written, flow.flow_id), written.name

    async def _run(
        self, organization_id: UUID, record: list[Recorded[ToldMessage]], stand_ins: Mapping[str, CompiledFlow]
    ) -> list[ReplayedTurn[ToldMessage]]:
        """Run it, and again with each flow that it turns out to go on in."""
        known: dict[str, CompiledFlow | None] = dict(stand_ins)

        def find(organization_id: UUID, flow: str, version: int) -> CompiledFlow | None:
            if flow not in known:
                raise FlowNeeded(organization_id, flow, version)
            return known[flow]

        deadline = self._monotonic() + MOST_SECONDS
        while True:
            try:
                return await asyncio.to_thread(
                    replay,
                    record,
                    find,
                    self._telling.said,
                    limits=self._limits,
                    ttl=self._ttl,
                    is_over=lambda: self._monotonic() > deadline,
                )
            except FlowNeeded as needed:
                # Sessions of the replay begin in it: they are in no older version.
                known[needed.flow] = await self._library.load(organization_id, needed.flow, 0)
            except TooManyTimers:
                raise _refused("the flow sets timers without an end; let it wait, and replay again") from None
            except TooLong:
                raise _refused(f"the replay takes more than {MOST_SECONDS:g} seconds; the flow does too much") from None


def _refused(sentence: str) -> FailedPrecondition:
    return FailedPrecondition(sentence, reason=errors_pb2.ERROR_REASON_FLOW_INVALID)


def _compile(document: FlowDocument, flow_id: UUID) -> CompiledFlow:
    try:
        return compile_flow(document, flow_id=str(flow_id))
    except InvalidFlow as invalid:
        first = invalid.findings[0]
        raise InvalidArgument(f"document cannot run: {first.message} {first.mend}") from None


def _first_started(record: list[Recorded[ToldMessage]]) -> UUID:
    started = next((one.arrival.start_flow_id for one in record if one.arrival.start_flow_id), "")
    if not started:
        raise InvalidArgument("flow_id is empty, and the record starts no flow; name the flow")
    return UUID(started)


def _said_to(item: StoredItem, conversation_id: UUID, said: Mapping[str, bytes]) -> list[bytes]:
    found: list[bytes] = []
    while (payload := said.get(str(derived_id(conversation_id, f"{item.event_id}#{len(found)}")))) is not None:
        found.append(payload)
    return found
