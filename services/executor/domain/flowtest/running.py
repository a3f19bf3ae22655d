"""Running a case: each step happens, and what must come of it is looked at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from services.executor.domain.events import EffectDone, InboundMessage, Released, Taken
from services.executor.domain.flow_settings import zone_of
from services.executor.domain.flowtest.expecting import complaint, part_of
from services.executor.domain.flowtest.flows import Flows
from services.executor.domain.flowtest.machine import TooManyTimers
from services.executor.domain.flowtest.plain import Spoken, as_written
from services.executor.domain.flowtest.steps import (
    Action,
    Answers,
    Case,
    Fails,
    Passes,
    Person,
    Says,
    Taps,
    Until,
)
from services.executor.domain.flowtest.world import World


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a case failed, counted from 1, and what was expected against what came."""

    step: int
    sentence: str


class _Impossible(Exception):
    """The step cannot happen as the conversation stands; the sentence says why."""


def run_case(case: Case, flows: Flows) -> Failure | None:
    """Run a case on the flow's engine; the first thing that does not hold, or None."""
    world = World(flows, case.scene)
    unread: list[Spoken] = []
    for number, step in enumerate(case.steps, start=1):
        if step.action is not None:
            world.begin()
            try:
                _act(world, step.action, case.scene.zone)
            except _Impossible as error:
                return Failure(number, str(error))
            unread = list(world.happened.said)
        told = complaint(world, step.wanted, unread)
        if told is not None:
            return Failure(number, told)
    return None


def _act(world: World, action: Action, zone: str) -> None:
    if isinstance(action, Says):
        world.hear(action.message)
    elif isinstance(action, Taps):
        world.hear(_tap(world, action.option))
    elif isinstance(action, Passes):
        _wait(world, world.now + action.time)
    elif isinstance(action, Until):
        _wait(world, _moment(world, action.moment, zone))
    elif isinstance(action, Answers):
        _answer(world, action)
    elif isinstance(action, Fails):
        if not world.fail(action.node_id, action.code):
            raise _Impossible(f"node {action.node_id} has said nothing that could fail to arrive")
    elif isinstance(action, Person):
        _person(world, action)
    else:
        assert_never(action)


def _tap(world: World, option: str) -> InboundMessage:
    shown = [pair for spoken in reversed(world.said) for pair in spoken.options.items()]
    for option_id, title in shown:
        if option in (option_id, title):
            return InboundMessage(kind="interactive", reply_id=option_id, reply_title=title)
    there_is = ", ".join(f"{option_id} [{title}]" for option_id, title in shown) or "nothing"
    raise _Impossible(f"there is no {option!r} to tap; there is {there_is}")


def _wait(world: World, moment: datetime) -> None:
    if moment < world.now:
        raise _Impossible(f"{moment.isoformat()} is over; it is {world.now.isoformat()}")
    try:
        world.wait_until(moment)
    except TooManyTimers:
        raise _Impossible("timers fire without an end; let the flow wait, or let less time pass in a step") from None


def _moment(world: World, text: str, zone_name: str) -> datetime:
    zone = zone_of(zone_name)
    local = world.now.astimezone(zone)
    try:
        if len(text) <= len("09:00:00"):
            clock = datetime.strptime(text, "%H:%M").replace(tzinfo=zone)  # only its time of day is used
            moment = local.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
            return moment if moment > local else moment + timedelta(days=1)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _Impossible(f"at {text!r} is no moment such as 2026-03-02T09:00 or 09:00") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _answer(world: World, action: Answers) -> None:
    call = world.calls.get(action.node_id)
    if call is None or call.kind != action.kind:
        waiting = ", ".join(f"{one.kind} of {node}" for node, one in world.calls.items()) or "none"
        raise _Impossible(f"no {action.kind} call of node {action.node_id} is on its way; there is {waiting}")
    difference = part_of("the request", action.request, as_written(call.request))
    if difference is not None:
        raise _Impossible(difference)
    world.answer(action.node_id, EffectDone(call.effect_id, action.outcome, action.status, action.body, action.error))


def _person(world: World, action: Person) -> None:
    if action.does == "takes":
        world.tell(Taken())
    else:
        world.tell(Released("released" if action.does == "releases" else "no_agent"))
