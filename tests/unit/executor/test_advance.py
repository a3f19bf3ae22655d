"""What a conversation's log is told beyond what was said."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from services.executor.domain.advance import advance
from services.executor.domain.arrival import Arrival, Contact
from services.executor.domain.compile import CompiledFlow, compile_flow
from services.executor.domain.document import parse_document
from services.executor.domain.effects import Rules
from services.executor.domain.events import InboundMessage
from services.executor.domain.limits import Limits
from services.executor.domain.standing import Standing

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
FLOW = "7d0f6d1e-6a43-4c3c-9a39-0f6b5a7c9a10"
ORGANIZATION, CONVERSATION = uuid4(), uuid4()


def flow_of(content: str) -> CompiledFlow:
    nodes = [
        {"id": "s", "type": "start"},
        {"id": "q", "type": "question", "data": {"content": content, "variableName": "fala", "kind": "text"}},
    ]
    edges = [{"source": "s", "target": "q"}, {"source": "q", "target": "q"}]
    document = {"schema": "pytake.flow/1", "name": "t", "nodes": nodes, "edges": edges}
    return compile_flow(parse_document(document), flow_id=FLOW, version=1)


def told(flow: CompiledFlow, *lines: str, work: int = Limits().work) -> list[tuple[str, str, str]]:
    """The records that tell of a limit: node, kind, text."""
    standings: dict[UUID, Standing] = {}
    found = []
    for place, line in enumerate(lines):
        arrival = Arrival(
            organization_id=ORGANIZATION, conversation_id=CONVERSATION, event_id=str(place), phone_number_id="1",
            contact=Contact(uuid4(), "5511987654321", "", "Ana"), message=InboundMessage(line), may_run_flow=True,
            start_flow_id=FLOW, start_reason="number", window_expires_at=0,
        )  # fmt: skip
        rules = Rules(lambda *_: flow, Limits(work=work), timedelta(hours=1), NOW, lambda: 0.0)
        effects = advance(arrival, standings, rules)
        standings.update(effects.standings)
        found += [(one.node_id, one.kind, one.text) for one in effects.records if one.kind == "limit_reached"]
    return found


def test_the_log_says_when_variables_are_full() -> None:
    assert told(flow_of("?"), "oi", "curto") == []
    assert told(flow_of("?"), "oi", "x" * 70_000) == [("q", "limit_reached", "variables")]


def test_the_log_says_when_a_turn_did_too_much() -> None:
    assert told(flow_of("{{user_message}}"), "x" * 1000, work=10_000) == [("q", "limit_reached", "work")]
