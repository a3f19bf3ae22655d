"""Part 1, in memory: one resume of a flow of three questions, from bytes to bytes, and one template.

Nothing here waits or writes: what a turn costs in Postgres is in the other parts and in the whole road.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import orjson

from services.chassis.queue import Claim, StoredItem
from services.executor.domain.advance import advance
from services.executor.domain.arrival import Contact
from services.executor.domain.budget import Budget
from services.executor.domain.compile import CompiledFlow, compile_flow
from services.executor.domain.document import parse_document
from services.executor.domain.effects import Rules
from services.executor.domain.engine import step
from services.executor.domain.events import InboundMessage
from services.executor.domain.limits import Limits
from services.executor.domain.session import Session
from services.executor.domain.standing import Standing, state_id_of
from services.executor.domain.templates import compile_template
from services.executor.domain.turn import Moment
from services.executor.domain.variables import Scope
from services.executor.store.rows import state_values
from services.executor.worker.codec import decode, encode_record, encode_said
from services.pb.common.v1 import events_pb2
from services.pb.executor.v1 import executor_pb2
from tests.benchmarks.parts.contest import Contestant, own_cpu

PART = "one turn in memory"
TURN, WHOLE_TURN, TEMPLATE, LOADS = (
    "engine turn: state read from JSON, answered, rendered, written to JSON",
    "whole turn: the event decoded, the rules, the replies and records encoded besides",
    "one template with two values",
    "json.loads of the same state, nothing else",
)
FLOW_FILE = Path(__file__).with_name("three_questions.json")
ANSWER = "2"
EXPECTED = "Certo, Ana: 2 na lista. Que dia da semana?"

_ORGANIZATION, _CONVERSATION, _FLOW = UUID(int=1), UUID(int=2), UUID(int=3)
_NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
_MOMENT = Moment(_NOON)
_LIMITS, _TTL = Limits(), timedelta(hours=24)
_CONTACT = Contact(UUID(int=4), "5511970000001", "", "Ana da Oficina Aberta")


def contestants(items: int) -> list[Contestant]:
    """Return the four; a template and a json.loads are done ten times as often, for the clock's sake."""
    flow, state = compiled_flow(), waiting_state()
    turn, whole = engine_turn(flow, state), whole_turn(flow, state)
    assert EXPECTED.encode() in whole()
    assert b"ask_day" in turn()
    template = compile_template("Certo, {{nome}}: {{bicicletas}} na lista. Que dia da semana?")
    scope = Scope({"nome": "Ana", "bicicletas": 2}, {}, budget=Budget(sys.maxsize))
    return [
        _repeated(TURN, turn, items),
        _repeated(WHOLE_TURN, whole, items),
        _repeated(TEMPLATE, lambda: template.render(scope), 10 * items),
        _repeated(LOADS, lambda: json.loads(state), 10 * items),
    ]


def _repeated(name: str, work: Callable[[], object], items: int) -> Contestant:
    async def run(count: int) -> None:
        for _ in range(count):
            work()

    return Contestant(name=name, items=items, run=run, meter=own_cpu)


def compiled_flow() -> CompiledFlow:
    """Compile the flow, as the library keeps it."""
    return compile_flow(parse_document(orjson.loads(FLOW_FILE.read_bytes())), flow_id=str(_FLOW), version=1)


def waiting_state() -> bytes:
    """Return the stored form of a conversation that waits at the second question."""
    session = Session(
        str(_FLOW), 1, current_node_id="ask_bicycles", variables={"nome": "Ana"},
        execution_path=("start", "ask_name", "ask_bicycles"), awaiting_input=True, user_message="Ana",
    )  # fmt: skip
    return orjson.dumps(session.to_json())


def engine_turn(flow: CompiledFlow, state: bytes) -> Callable[[], bytes]:
    """Return one resume: the engine alone, with the state as JSON before and after."""

    def turn() -> bytes:
        session = Session.from_json(orjson.loads(state))
        outcome = step(
            flow, session, InboundMessage(ANSWER, "text"), moment=_MOMENT, limits=_LIMITS,
            context={"contact.name": "Ana"}, monotonic=time.monotonic,
        )  # fmt: skip
        return orjson.dumps(outcome.session.to_json())

    return turn


def whole_turn(flow: CompiledFlow, state: bytes) -> Callable[[], bytes]:
    """Return one resume as executor's worker does it between two statements: bytes in, the next boxes' bytes out.

    This is the adapter to the worker's codec and the store's rows; json.loads is what psycopg reads jsonb with.
    """
    claim = _claim(_event().SerializeToString())
    rest = json.dumps(
        {key: value for key, value in json.loads(state).items() if key not in ("variables", "execution_path")}
    )
    variables, path = (json.dumps(json.loads(state)[key]) for key in ("variables", "execution_path"))
    rules = Rules(lambda organization_id, flow_id, version: flow, _LIMITS, _TTL, _NOON, time.monotonic)
    standing = _standing()

    def turn() -> bytes:
        (arrival,) = decode(claim).arrivals
        session = Session.from_json(
            {**json.loads(rest), "variables": json.loads(variables), "execution_path": json.loads(path)}
        )
        loaded = replace(standing, session=session)
        effects = advance(arrival, {loaded.state_id: loaded}, rules)
        state_values(list(effects.standings.values()))
        payloads = [encode_said(said).payload for said in effects.said]
        payloads += [encode_record(record, number) for number, record in enumerate(effects.records)]
        return b"".join(payloads)

    return turn


def _standing() -> Standing:
    return Standing(
        _ORGANIZATION, state_id_of(_CONVERSATION, str(_FLOW)), _CONVERSATION, _CONTACT, Session(str(_FLOW), 1),
        1, _NOON, _NOON + _TTL, _NOON, None, 1,
    )  # fmt: skip


def _claim(payload: bytes) -> Claim:
    item = StoredItem(1, "wamid." + "0" * 52, payload, _NOON)
    return Claim(_ORGANIZATION, _CONVERSATION, UUID(int=9), 0, 1, 1, 0, None, (item,), 1)


def _event() -> executor_pb2.ConversationEvent:
    return executor_pb2.ConversationEvent(
        organization_id=str(_ORGANIZATION),
        conversation_id=str(_CONVERSATION),
        event_id="wamid." + "0" * 52,
        contact_id=str(_CONTACT.contact_id),
        contact_wa_id=_CONTACT.wa_id,
        contact_name=_CONTACT.name,
        may_run_flow=True,
        start_flow_id=str(_FLOW),
        window_expires_at=int((_NOON + _TTL).timestamp()),
        message=events_pb2.InboundMessage(kind="text", text=ANSWER, phone_number_id="108000000000001"),
    )
