"""A recorded conversation run again: what is the same, and where it first goes another way."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.executor.domain.arrival import Arrival, Contact, SendFailed, Signal
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.effects import Effects, FlowNeeded, Said
from services.executor.domain.events import DeliveryFailed, EffectDone, InboundMessage, Released, Taken
from services.executor.domain.flowtest import (
    Machine,
    Recorded,
    ReplayedTurn,
    TooLong,
    TooManyTimers,
    first_difference,
    replay,
)
from services.executor.domain.limits import Limits
from tests.unit.executor.walks import START, ask, end, flow, say

SOMEBODY = UUID(int=7)
DAY = timedelta(days=1)


def told(said: Said) -> str:
    return said.command.words


class Recorder:
    """A conversation as production would have it, recorded."""

    def __init__(self, recorded: CompiledFlow) -> None:
        self.machine = Machine(lambda *_: recorded, Limits(), DAY, START)
        self.record: list[Recorded[str]] = []
        self.effects = Effects()

    def take(self, message: str = "", signal: Signal | None = None, after: float = 1) -> None:
        for due in self.machine.firing(self.machine.now + timedelta(seconds=after)):
            self._take(self._arrival("", due))
        self._take(self._arrival(message, signal))

    def _take(self, arrival: Arrival) -> None:
        self.effects = self.machine.take(arrival)
        self.record.append(Recorded(self.machine.now, arrival, tuple(map(told, self.effects.said))))

    def _arrival(self, message: str, signal: Signal | None) -> Arrival:
        return Arrival(
            SOMEBODY, SOMEBODY, f"event-{len(self.record)}", "1", Contact(SOMEBODY, "55119", "", "Ana"),
            InboundMessage(message), signal is None, "main" if signal is None else "", "number", 0, "", signal,
        )  # fmt: skip

    def against(self, draft: CompiledFlow) -> list[ReplayedTurn[str]]:
        return replay(self.record, lambda *_: draft, told, limits=Limits(), ttl=DAY)


TALK: dict[str, Any] = {"name": ask("Name?", "name"), "age": ask("Age?", "age", timeoutSeconds=60), "bye": end("Bye."),
                        "gone": end("Gone.")}  # fmt: skip
EDGES = [("name", "age"), ("age", "bye", "answered"), ("age", "gone", "no_reply")]


def talk(**changed: Any) -> CompiledFlow:
    return flow({**TALK, **changed}, *EDGES)  # type: ignore[arg-type]


def test_a_conversation_with_the_flow_it_was_held_with_is_the_same() -> None:
    recorder = Recorder(talk())
    for text in ("hi", "Rui", "41", "hi again"):
        recorder.take(text)
    turns = recorder.against(talk())
    assert first_difference(turns) == 0
    assert [(turn.kind, turn.words, turn.recorded) for turn in turns][:2] == [
        ("message", "hi", ["Name?"]),
        ("message", "Rui", ["Age?"]),
    ]


def test_the_first_turn_that_says_something_else_is_found() -> None:
    recorder = Recorder(talk())
    for text in ("hi", "Rui", "41"):
        recorder.take(text)
    turns = recorder.against(talk(bye=end("So long.")))
    assert first_difference(turns) == 3
    assert (turns[2].recorded, turns[2].replayed) == (["Bye."], ["So long."])


def test_timers_fire_by_the_clock_of_the_record_and_belong_to_the_turn_before() -> None:
    recorder = Recorder(talk())
    recorder.take("hi")
    recorder.take("Rui")
    recorder.take("too late", after=100)
    turns = recorder.against(talk())
    assert (turns[1].recorded, turns[1].replayed) == (["Age?", "Gone."], ["Age?", "Gone."])
    assert [turn.kind for turn in turns] == ["message"] * 3
    patient = recorder.against(talk(age=ask("Age?", "age", timeoutSeconds=600)))
    assert first_difference(patient) == 2
    assert patient[2].replayed == ["Bye."]


def test_a_result_answers_the_call_that_is_out_whatever_its_id_was() -> None:
    def shop(call: str) -> CompiledFlow:
        nodes: dict[str, Any] = {call: ("http_request", {"url": "https://shop.example", "outputVariable": "a"}),
                                 "bye": end("{{a}}")}  # fmt: skip
        return flow(nodes, (call, "bye", "ok"))

    recorder = Recorder(shop("call"))
    recorder.take("hi")
    (ordered,) = recorder.effects.ordered
    recorder.take(signal=EffectDone(ordered.command.effect_id, "ok", 200, "paid"))  # type: ignore[union-attr]
    turns = recorder.against(shop("renamed"))
    assert [(turn.kind, turn.replayed) for turn in turns] == [("message", []), ("effect", ["paid"])]
    assert first_difference(turns) == 0


def test_what_people_and_meta_did_is_done_again() -> None:
    caught = flow({"offer": say("Offer."), "q": ask("?"), "lost": ask("Lost?"), "bye": end("Bye.")},
                  ("offer", "q", "next"), ("offer", "lost", "failed"), ("q", "bye"), ("lost", "bye"))  # fmt: skip
    recorder = Recorder(caught)
    recorder.take("hi")
    recorder.take(signal=SendFailed("main", DeliveryFailed("offer", 131026)))
    recorder.take(signal=Taken())
    recorder.take("to the person")
    recorder.take(signal=Released())
    recorder.take("yes")
    turns = recorder.against(caught)
    assert [turn.kind for turn in turns] == ["message", "failed_delivery", "taken", "message", "released", "message"]
    assert [turn.replayed for turn in turns] == [["Offer.", "?"], ["Lost?"], [], [], [], ["Bye."]]
    assert first_difference(turns) == 0


def test_a_flow_that_is_not_at_hand_is_asked_for() -> None:
    recorder = Recorder(talk())
    recorder.take("hi")

    def find(organization_id: UUID, name: str, version: int) -> CompiledFlow | None:
        raise FlowNeeded(organization_id, name, version)

    with pytest.raises(FlowNeeded):
        replay(recorder.record, find, told, limits=Limits(), ttl=DAY)


def test_a_draft_that_never_rests_is_stopped() -> None:
    recorder = Recorder(talk())
    recorder.take("hi")
    recorder.take("Rui", after=3600)
    restless = flow({"d": ("delay", {"seconds": 1})}, ("d", "d"))
    with pytest.raises(TooManyTimers):
        recorder.against(restless)


def test_a_record_that_begins_with_a_timer_has_no_turn_for_it() -> None:
    recorder = Recorder(talk())
    recorder.take("hi")
    recorder.take("Rui")
    recorder.take("late", after=100)
    recorder.record = recorder.record[2:]
    first = recorder.record[0]
    recorder.record[0] = replace(first, said=("Gone.",))
    turns = recorder.against(talk())
    assert [turn.kind for turn in turns] == ["message"]


def test_an_empty_record_has_no_turns() -> None:
    assert Recorder(talk()).against(talk()) == []


def test_a_replay_that_has_taken_long_enough_is_stopped() -> None:
    recorder = Recorder(talk())
    recorder.take("hi")
    with pytest.raises(TooLong):
        replay(recorder.record, lambda *_: talk(), told, limits=Limits(), ttl=DAY, is_over=lambda: True)
