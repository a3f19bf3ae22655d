"""What the engine promises beyond any one dialogue: guards, purity, and never an exception."""

import copy
import json
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.executor.domain.commands import Ended, JumpToFlow, LimitReached, SendText
from services.executor.domain.compile import compile_flow
from services.executor.domain.document import parse_document
from services.executor.domain.engine import Outcome, Trace
from services.executor.domain.events import (
    DeliveryFailed,
    EffectDone,
    Event,
    FlowStarted,
    InboundMessage,
    Released,
    Returned,
    Taken,
    TimerFired,
)
from services.executor.domain.limits import Limits
from services.executor.domain.session import Session
from services.executor.domain.turn import Moment
from tests.unit.executor.dialogues import NOW, flow_of, plain, take
from tests.unit.executor.generated_flows import documents

_WORDS = st.sampled_from(
    ["", "oi", "1", "2", "sim", "a@b.example", "{{x}}", "01/02/2003", "x\x00\ud800y", "{{#each x}}"]
)
_MESSAGES = st.builds(
    InboundMessage,
    text=st.none() | _WORDS | st.text(max_size=20),
    kind=st.sampled_from(["text", "image", "sticker", "location"]),
    reply_id=st.none() | _WORDS,
    reply_title=st.none() | _WORDS,
    caption=st.none() | _WORDS,
)
_THINGS = st.sampled_from(
    [
        InboundMessage(kind="location", details={"latitude": -23.5, "longitude": -46.6}),
        InboundMessage(kind="image", caption="oi", details={"media_id": "1", "mime_type": "image/png"}),
        InboundMessage(kind="order", details={"catalog_id": "7", "items": [{"product_retailer_id": "p"}]}),
        InboundMessage(kind="form", details={"nome": "Ana"}),
    ]
)
_ANSWERS = st.none() | st.sampled_from(["oi", '{"a": 1}', {"content": "oi"}, {"a": [{"b": 1}]}, [1], 3.5])
_OUTCOMES = st.sampled_from(["ok", "failed", "timeout"])
_NODES = st.integers(0, 6).map(lambda place: f"n{place}")
_TIMERS = ["no_reply", "burst", "delay", "effect", "handoff", "inactivity"]
_SIGNALS = st.one_of(
    st.builds(TimerFired, name=_WORDS | st.sampled_from(_TIMERS)),
    # The id is put in when it comes: nobody knows it beforehand.
    st.builds(EffectDone, st.just("?"), _OUTCOMES, st.sampled_from([0, 200, 404]), _ANSWERS),
    st.builds(DeliveryFailed, _NODES, st.sampled_from([0, 131026])),
    st.builds(Released, st.sampled_from(["released", "no_agent"])),
    st.builds(Returned, st.just({"z": "volta"})),
    st.just(Taken()),
)
_EVENTS = _MESSAGES | _THINGS | _SIGNALS | st.just(FlowStarted({"x": ["1"]}))
# Nothing begins without a message.
_STORIES = st.builds(lambda first, then: [first, *then], _MESSAGES, st.lists(_EVENTS, max_size=6))
_MOMENTS = st.builds(
    Moment,
    st.just(NOW),
    seed=st.sampled_from(["um", "dois"]),
    window_closes_at=st.sampled_from([None, NOW, NOW + timedelta(hours=1)]),
)


def _arrived(event: Event, session: Session | None) -> Event:
    return replace(event, effect_id=session.effect_id) if session and isinstance(event, EffectDone) else event


@settings(max_examples=300, deadline=None)
@given(document=documents(), events=_STORIES, moments=st.lists(_MOMENTS, min_size=7, max_size=7))
def test_any_flow_under_any_events_waits_ends_or_is_stopped(
    document: dict[str, Any], events: list[Event], moments: list[Moment]
) -> None:
    flow, session = compile_flow(parse_document(document)), None
    for drawn, moment in zip(events, moments, strict=False):
        event = _arrived(drawn, session)
        outcome = take(flow, session, event, moment=moment, limits=Limits(max_iterations=12))
        closing = [item for item in outcome.commands if isinstance(item, Ended | LimitReached | JumpToFlow)]
        # What nothing waits for changes nothing.
        is_idle = outcome == Outcome(session or outcome.session, (), Trace())
        session = outcome.session
        assert is_idle or len(closing) == (0 if session.is_active else 1)
        assert session.is_active == (session.current_node_id is not None)
        assert len(outcome.trace.visited) <= 12
        assert Session.from_json(json.loads(json.dumps(session.to_json()).encode())) == session
        assert "\x00" not in json.dumps(session.to_json(), ensure_ascii=False)


@settings(max_examples=100, deadline=None)
@given(document=documents(), events=_STORIES)
def test_a_step_repeats_exactly_and_leaves_its_input_alone(document: dict[str, Any], events: list[Event]) -> None:
    flow, session = compile_flow(parse_document(document)), None
    for drawn in events:
        event = _arrived(drawn, session)
        before = copy.deepcopy((session, event, flow.variables))
        first, second = take(flow, session, event), take(flow, session, event)
        assert first == second
        assert (session, event, flow.variables) == before
        session = first.session


@settings(max_examples=100, deadline=None)
@given(document=documents(), events=_STORIES)
def test_a_timer_or_a_result_that_comes_again_changes_nothing(document: dict[str, Any], events: list[Event]) -> None:
    flow, session = compile_flow(parse_document(document)), None
    for drawn in events:
        before = session
        session = take(flow, session, _arrived(drawn, session)).session
        if before is None:
            continue
        again: list[Event] = [TimerFired(kind, due) for kind, due in before.timers.items()]
        again += [EffectDone(before.effect_id, "ok")] if before.effect_id else []
        for event in again:
            came = take(flow, before, event).session
            # It may wait for the same again, in a loop: at the same moment, as a turn that is repeated.
            if not _waits_for(came, event):
                assert take(flow, came, event).session == came


def _waits_for(session: Session, event: Event) -> bool:
    if isinstance(event, EffectDone):
        return session.effect_id == event.effect_id
    return isinstance(event, TimerFired) and session.timers.get(event.name) == event.due_us


@given(answer=st.text(min_size=1, max_size=30).map(lambda text: "{{padaria}}" + text.strip() + "{{cliente}}"))
def test_what_a_contact_types_is_never_expanded(answer: str) -> None:
    flow = flow_of("bakery")
    session = take(flow, None, InboundMessage("oi")).session
    outcome = take(flow, session, InboundMessage(answer))
    stored = outcome.session.variables["cliente"]
    assert [plain(item) for item in outcome.commands] == [f"Quantos pães, {stored}?"]
    assert "{{padaria}}" in str(stored)


def test_a_turn_over_its_time_is_stopped_and_the_conversation_stays_usable() -> None:
    ticks = count(step=20)
    outcome = take(flow_of("bakery"), None, InboundMessage("oi"), monotonic=lambda: float(next(ticks)))
    assert outcome.commands[-1] == LimitReached("ola", "timeout")
    assert not outcome.session.is_active
    assert take(flow_of("bakery"), outcome.session, InboundMessage("oi")).session.current_node_id == "nome"


def test_the_default_guard_stops_after_a_hundred_nodes() -> None:
    outcome = take(flow_of("circle"), None, InboundMessage("eco"))
    assert len(outcome.trace.visited) == 100
    assert outcome.commands[-1] == LimitReached("de_novo", "iterations")


def test_the_path_keeps_its_last_two_hundred_nodes() -> None:
    flow, session = flow_of("menu"), take(flow_of("menu"), None, InboundMessage("oi")).session
    for _ in range(80):
        session = take(flow, session, InboundMessage("???")).session
    assert len(session.execution_path) == 200
    assert session.execution_path[-3:] == ("nao_entendi", "volta", "menu")
    assert session.current_node_id == "menu"


def test_a_session_at_a_node_that_is_gone_starts_afresh_and_says_so() -> None:
    lost = Session("bakery", 1, current_node_id="removed", variables={"cliente": "Rui"}, awaiting_input=True)
    outcome = take(flow_of("bakery"), lost, InboundMessage("oi"))
    assert outcome.session.current_node_id == "nome"
    assert outcome.session.variables == {"padaria": "Trigo Bom"}
    assert [(note.node_id, note.code) for note in outcome.trace.notes] == [("removed", "restarted")]


def test_a_session_moved_onto_a_message_runs_on_from_there() -> None:
    moved = Session("bakery", 1, current_node_id="ola", variables={"padaria": "Z"})
    outcome = take(flow_of("bakery"), moved, InboundMessage("oi"))
    assert outcome.trace.visited == ("ola", "aviso", "nome")


def test_a_long_text_goes_out_in_bubbles_that_meta_accepts() -> None:
    session = take(flow_of("bakery"), None, InboundMessage("oi")).session
    outcome = take(flow_of("bakery"), session, InboundMessage("é" * 5000))
    texts = [item.text for item in outcome.commands if isinstance(item, SendText)]
    assert [len(text) for text in texts] == [4096, 5000 + len("Quantos pães, ?") - 4096]


@pytest.mark.parametrize(("value", "title"), [("x" * 20, "x" * 20), ("x" * 21, "x" * 19 + "…"), (" ", "…")])
def test_a_title_that_grew_over_the_limit_is_cut(value: str, title: str) -> None:
    menu = {"content": "Oi", "buttons": [{"id": "a", "title": "{{nome}}"}]}
    document = {
        "schema": "pytake.flow/1", "name": "t", "variables": {"nome": value},
        "nodes": [{"id": "s", "type": "start"}, {"id": "b", "type": "buttons", "data": menu}],
        "edges": [{"source": "s", "target": "b"}],
    }  # fmt: skip
    outcome = take(compile_flow(parse_document(document)), None, InboundMessage("oi"))
    assert plain(outcome.commands[0]) == {"body": "Oi", "buttons": {"a": title}}


def test_a_missing_target_goes_to_the_fallback_node() -> None:
    document = {
        "schema": "pytake.flow/1", "name": "t", "settings": {"fallback_node": "f"},
        "nodes": [
            {"id": "s", "type": "start"}, {"id": "j", "type": "jump", "data": {"targetNodeId": "gone"}},
            {"id": "f", "type": "end", "data": {"content": "Voltamos já."}},
        ],
        "edges": [{"source": "s", "target": "j"}],
    }  # fmt: skip
    outcome = take(compile_flow(parse_document(document)), None, InboundMessage("oi"))
    assert outcome.trace.visited == ("s", "j", "f")


@pytest.mark.parametrize(
    ("language", "zone", "said"),
    [("pt_BR", "", "14/03/2026 12:09"), ("en", "", "2026-03-14 12:09"), ("pt", "Etc/UTC", "14/03/2026 15:09")],
)
def test_the_clock_is_told_in_the_flows_zone_and_language(language: str, zone: str, said: str) -> None:
    document = {
        "schema": "pytake.flow/1", "name": "t", "language": language, "settings": {"timezone": zone},
        "nodes": [{"id": "s", "type": "start"},
                  {"id": "m", "type": "message", "data": {"content": "{{current_date}} {{current_time}}"}}],
        "edges": [{"source": "s", "target": "m"}],
    }  # fmt: skip
    outcome = take(compile_flow(parse_document(document)), None, InboundMessage("oi"))
    assert [plain(item) for item in outcome.commands] == [said, {"ended": "no_edge"}]


def test_a_user_variable_cannot_stand_in_for_the_system() -> None:
    document = {
        "schema": "pytake.flow/1", "name": "t", "variables": {"contact": {"phone": "999"}, "contact.phone": "999"},
        "nodes": [{"id": "s", "type": "start"},
                  {"id": "m", "type": "message", "data": {"content": "[{{contact.phone}}{{hidden}}{{__class__}}]"}}],
        "edges": [{"source": "s", "target": "m"}],
    }  # fmt: skip
    flow = compile_flow(parse_document(document))
    outcome = take(flow, None, InboundMessage("oi"), context={"hidden": "s"})
    assert plain(outcome.commands[0]) == "[]"
    assert outcome.session.variables == {}
    known = {"contact": {"phone": "5511"}}
    assert plain(take(flow, None, InboundMessage("oi"), context=known).commands[0]) == "[5511]"
