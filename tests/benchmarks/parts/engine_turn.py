"""CPU time of executor's pure part: one resume of a three-question flow, and all of executor's Python for a message.

Run alone with `python -m tests.benchmarks.parts.engine_turn`. Figures are microseconds of this process's CPU.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID, uuid5

import orjson

from services.chassis.queue import Claim, Item, StoredItem
from services.executor.domain.advance import advance
from services.executor.domain.arrival import Arrival
from services.executor.domain.budget import Budget
from services.executor.domain.compile import CompiledFlow, compile_flow
from services.executor.domain.document import parse_document
from services.executor.domain.effects import Effects, Rules
from services.executor.domain.engine import step
from services.executor.domain.events import InboundMessage
from services.executor.domain.limits import Limits
from services.executor.domain.session import Session
from services.executor.domain.standing import Standing
from services.executor.domain.templates import compile_template
from services.executor.domain.turn import Moment
from services.executor.domain.variables import Scope
from services.executor.store.rows import standing_of, state_values
from services.executor.worker.codec import decode, encode_record, encode_said
from services.pb.executor.v1 import executor_pb2

ROUNDS = 15
"""A round measures every part once, so that a busy moment of the machine falls on all of them."""
CONVERSATIONS = 400
"""Different conversations in one pass over a part, each met once, as in a house with many people."""

_ORGANIZATION = UUID("7d8f2b64-5c1e-4f43-9a55-2f6f0a3c9b01")
_FLOW_ID = "c3b0a1de-93f4-5d27-8c1c-0e6c0d8f7a42"
_NOW = datetime(2026, 3, 14, 15, 9, tzinfo=UTC)
_MOMENT = Moment(_NOW)
_CONTEXT: dict[str, Any] = {"contact": {"name": "Bia", "phone": "5511987654321", "email": ""}}
_TEMPLATE = "Prazer, {{nome}}. Quantas bicicletas quer revisar até {{current_date}}? ({{contact.name | upper}})"


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Return CPU microseconds per item by part: the median of the rounds' figures."""
    parts = _parts()
    figures: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(rounds):
        for name, (run, count) in parts.items():
            figures[name].append(_microseconds(run, count))
    return {name: round(median(found), 2) for name, found in figures.items()}


def _microseconds(run: Callable[[], object], count: int) -> float:
    """The best of three: what disturbs only adds."""
    best = float("inf")
    for _ in range(3):
        begin = time.process_time_ns()
        run()
        best = min(best, time.process_time_ns() - begin)
    return best / count / 1000


def _parts() -> dict[str, tuple[Callable[[], object], int]]:
    """What is measured: name → (a pass, items in it)."""
    flow = _flow()
    standing = _begin(flow)
    state = orjson.dumps(standing.session.to_json())
    template = compile_template(_TEMPLATE)
    scope = Scope({"nome": "Ana"}, {"current_date": "14/03/2026", **_CONTEXT}, budget=Budget(sys.maxsize))
    claims, rows = _claims(), _rows(standing)
    arrivals = [decode(claim).arrivals[0] for claim in claims]
    standings = [standing_of(row) for row in rows]
    effects = [advance(*work, _rules(flow)) for work in zip(arrivals, map(_by_id, standings), strict=True)]
    changed = [changed for effect in effects for changed in effect.standings.values()]

    def repeat(one: Callable[[], object]) -> tuple[Callable[[], object], int]:
        return lambda: [one() for _ in range(CONVERSATIONS)], CONVERSATIONS

    return {
        "json_loads": repeat(lambda: json.loads(state)),
        "template": repeat(lambda: template.render(scope)),
        "engine_turn": repeat(lambda: _turn(flow, state)),
        "decode": (lambda: [decode(claim) for claim in claims], CONVERSATIONS),
        "standing": (lambda: [standing_of(row) for row in rows], CONVERSATIONS),
        "advance": (lambda: _advance_all(flow, arrivals, standings), CONVERSATIONS),
        "encode": (lambda: [_encode(effect) for effect in effects], CONVERSATIONS),
        "values": (lambda: state_values(changed), CONVERSATIONS),
        "message": (lambda: _work_off(flow, claims, rows), CONVERSATIONS),
    }


def _turn(flow: CompiledFlow, state: bytes) -> bytes:
    """One resume, with the state read and written in memory."""
    session = Session.from_json(orjson.loads(state))
    outcome = step(
        flow,
        session,
        InboundMessage("Ana Souza"),
        moment=_MOMENT,
        limits=Limits(),
        context=_CONTEXT,
        monotonic=time.monotonic,
    )
    return orjson.dumps(outcome.session.to_json())


def _work_off(flow: CompiledFlow, claims: Sequence[Claim], rows: Sequence[tuple[Any, ...]]) -> object:
    """All that executor's Python does for a batch, but for the SQL and what drives it."""
    rules = _rules(flow)
    encoded: list[tuple[list[Item], list[bytes]]] = []
    standings: list[Standing] = []
    for claim, row in zip(claims, rows, strict=True):
        for arrival in decode(claim).arrivals:
            effects = advance(arrival, _by_id(standing_of(row)), rules)
            encoded.append(_encode(effects))
            standings += effects.standings.values()
    return encoded, state_values(standings)


def _advance_all(flow: CompiledFlow, arrivals: Sequence[Arrival], standings: Sequence[Standing]) -> object:
    rules = _rules(flow)
    pairs = zip(arrivals, standings, strict=True)
    return [advance(arrival, _by_id(standing), rules) for arrival, standing in pairs]


def _encode(effects: Effects) -> tuple[list[Item], list[bytes]]:
    said = [encode_said(said) for said in effects.said]
    return said, [encode_record(record, 1_773_500_952_000_000) for record in effects.records]


def _by_id(standing: Standing) -> dict[UUID, Standing]:
    return {standing.state_id: standing}


def _rules(flow: CompiledFlow) -> Rules:
    return Rules(lambda organization_id, name, version: flow, Limits(), timedelta(hours=24), _NOW, time.monotonic)


def _event(conversation_id: UUID, text: str) -> bytes:
    event = executor_pb2.ConversationEvent(
        organization_id=str(_ORGANIZATION),
        conversation_id=str(conversation_id),
        event_id="wamid.HBgNNTUxMTk4NzY1NDMyMRUCABIYFjNFQjA",
        contact_id=str(uuid5(conversation_id, "contact")),
        contact_wa_id="5511987654321",
        contact_name="Bia",
        may_run_flow=True,
        start_flow_id=_FLOW_ID,
        start_reason=executor_pb2.START_REASON_NUMBER,
        window_expires_at=1_773_587_352,
    )
    event.message.kind = "text"
    event.message.text = text
    event.message.phone_number_id = "106540352242922"
    return event.SerializeToString()


def _claim(conversation_id: UUID, text: str) -> Claim:
    item = StoredItem(7, "wamid.HBgNNTUxMTk4NzY1NDMyMRUCABIYFjNFQjA", _event(conversation_id, text), _NOW)
    return Claim(_ORGANIZATION, conversation_id, UUID(int=1), 6, 7, 1, 0, None, (item,), 7)


def _conversations() -> list[UUID]:
    return [uuid5(_ORGANIZATION, f"conversation {number}") for number in range(CONVERSATIONS)]


def _claims() -> list[Claim]:
    return [_claim(conversation_id, "Ana Souza") for conversation_id in _conversations()]


def _begin(flow: CompiledFlow) -> Standing:
    """A conversation that was asked the first question."""
    arrival = decode(_claim(UUID(int=2), "Oi")).arrivals[0]
    (standing,) = advance(arrival, {}, _rules(flow)).standings.values()
    return standing


def _rows(standing: Standing) -> list[tuple[Any, ...]]:
    """The row of each conversation, as the store's cursor gives it."""
    whole: dict[str, Any] = standing.session.to_json()
    rest = {key: whole[key] for key in whole.keys() - {"variables", "execution_path"}}
    return [
        (
            _ORGANIZATION,
            uuid5(conversation_id, _FLOW_ID),
            conversation_id,
            uuid5(conversation_id, "contact"),
            "5511987654321",
            "",
            rest,
            whole["variables"],
            whole["execution_path"],
            2,
            _NOW,
            standing.session_expires_at,
            _NOW,
            None,
            1,
        )
        for conversation_id in _conversations()
    ]


def _flow() -> CompiledFlow:
    questions = (
        ("ask_name", "nome", "text", "Oi! Aqui é a oficina. Como você se chama?"),
        ("ask_bicycles", "bicicletas", "number", "Prazer, {{nome}}. Quantas bicicletas quer revisar?"),
        ("ask_day", "dia", "date", "Certo, {{nome}}: {{bicicletas}} bicicletas. Para que dia?"),
    )
    nodes = [_question(*question) for question in questions]
    document = {
        "schema": "pytake.flow/1",
        "name": "Oficina",
        "nodes": [
            {"id": "start", "type": "start", "data": {}},
            *nodes,
            {"id": "end", "type": "end", "data": {"content": "Até {{dia}}, {{nome}}!"}},
        ],
        "edges": [
            {"id": f"e{place}", "source": source, "target": target}
            for place, (source, target) in enumerate(
                [("start", "ask_name"), ("ask_name", "ask_bicycles"), ("ask_bicycles", "ask_day"), ("ask_day", "end")]
            )
        ],
    }
    return compile_flow(parse_document(document), flow_id=_FLOW_ID, version=3)


def _question(node_id: str, variable: str, kind: str, content: str) -> dict[str, Any]:
    return {
        "id": node_id,
        "type": "question",
        "data": {"content": content, "variableName": variable, "kind": kind, "validation": {"maxAttempts": 3}},
    }


if __name__ == "__main__":
    for part, microseconds in measure().items():
        print(f"{part:12} {microseconds:8.2f} µs")
