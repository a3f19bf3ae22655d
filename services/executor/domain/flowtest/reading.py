"""From a test file's values to a suite."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from services.executor.domain.flow_settings import zone_of
from services.executor.domain.flowtest.acting import ACTIONS, read_action
from services.executor.domain.flowtest.steps import Case, SaidWanted, Scene, Step, Suite, Wanted
from services.executor.domain.flowtest.values import Place
from services.executor.domain.json_value import Json
from services.executor.domain.patterns import PatternError, compile_search

_SCENE: Final[tuple[str, ...]] = ("contact", "start", "zone", "session_hours")
_WANTED: Final = (
    "bot", "variables", "node", "flow", "ended", "waiting", "handed_over", "contact", "logged",
)  # fmt: skip
_HOW: Final[dict[str, Literal["is", "contains", "matches"]]] = {
    "text": "is", "contains": "contains", "matches": "matches",
}  # fmt: skip
# A Monday.
_START: Final = "2026-03-02T09:00"


def read_suite(value: object) -> Suite:
    """Read a test file's content. Raises BadTest with the place and what to write there."""
    top = Place("")
    written = top.mapping(value, "the test")
    top.known(written, ("flow", "flows", *_SCENE, "cases"), "the test")
    if "flow" not in written:
        raise top.wrong('the test names no "flow"; write the file it tests')
    others = top.mapping(written.get("flows") or {}, "flows")
    scene = {key: written[key] for key in _SCENE if key in written}
    cases = top.listed(written.get("cases"), "cases")
    if not cases:
        raise top.wrong('the test has no "cases"')
    return Suite(
        flow=top.text(written["flow"], "flow"),
        others={name: top.text(file, f"flows.{name}") for name, file in others.items()},
        cases=tuple(_case(top, case, scene, number) for number, case in enumerate(cases, start=1)),
    )


def _case(top: Place, value: Json, scene: Mapping[str, Json], number: int) -> Case:
    at = top.within(f"case {number}")
    written = at.mapping(value, "the case")
    if "name" not in written:
        raise at.wrong('the case has no "name"')
    name = at.text(written["name"], "name")
    at = top.within(f'case "{name}"')
    at.known(written, ("name", *_SCENE, "steps"), "the case")
    steps = at.listed(written.get("steps"), "steps")
    own = {key: written[key] for key in _SCENE if key in written}
    read = tuple(_step(at.within(f"step {place}"), step) for place, step in enumerate(steps, start=1))
    return Case(name, _scene(at, {**scene, **own}), read)


def _scene(at: Place, written: Mapping[str, Json]) -> Scene:
    contact = at.mapping(written.get("contact") or {}, "contact")
    at.known(contact, ("name", "phone"), "contact")
    zone = at.text(written.get("zone", ""), "zone")
    start = at.text(written.get("start", _START), "start")
    try:
        moment, local = datetime.fromisoformat(start), zone_of(zone)
    except ValueError:
        raise at.wrong(f"start {start!r} or zone {zone!r} is unknown; write {_START} and America/Sao_Paulo") from None
    return Scene(
        name=at.text(contact.get("name", "Ana"), "contact.name"),
        phone=at.text(contact.get("phone", "5511900000001"), "contact.phone"),
        start=moment if moment.tzinfo is not None else moment.replace(tzinfo=local),
        zone=zone,
        session_hours=at.whole(written.get("session_hours", 24), "session_hours"),
    )


def _step(at: Place, value: Json) -> Step:
    written = at.mapping(value, "the step")
    at.known(written, (*ACTIONS, *_WANTED), "the step")
    actions = [key for key in ACTIONS if key in written]
    if len(actions) > 1:
        raise at.wrong(f"{' and '.join(actions)} happen in one step; make it several")
    if not written:
        raise at.wrong("the step is empty")
    action = read_action(at, actions[0], written[actions[0]]) if actions else None
    return Step(action, _wanted(at, written))


def _wanted(at: Place, written: Mapping[str, Json]) -> Wanted:
    bot = written.get("bot")
    ended = written.get("ended")
    return Wanted(
        bot=_said(at, bot) if "bot" in written else None,
        is_all=isinstance(bot, list),
        variables=at.mapping(written.get("variables") or {}, "variables"),
        node=at.text(written["node"] or "", "node") if "node" in written else None,
        flow=at.text(written["flow"], "flow") if "flow" in written else None,
        is_ended=(ended is not False) if "ended" in written else None,
        ended=ended if isinstance(ended, str) else "",
        is_waiting=at.flag(written["waiting"], "waiting") if "waiting" in written else None,
        handed_over=at.mapping(written["handed_over"], "handed_over") if "handed_over" in written else None,
        contact=at.mapping(written["contact"], "contact") if "contact" in written else None,
        logged=at.text(written["logged"], "logged") if "logged" in written else None,
    )


def _said(at: Place, value: Json) -> tuple[SaidWanted, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(_message(at, item) for item in items)


def _message(at: Place, value: Json) -> SaidWanted:
    if not isinstance(value, dict):
        return SaidWanted("is", at.text(value, "bot"))
    hows = [key for key in _HOW if key in value]
    if len(hows) > 1:
        raise at.wrong(f"bot has {' and '.join(hows)}; keep one of them")
    words = at.text(value[hows[0]], f"bot.{hows[0]}") if hows else ""
    if hows == ["matches"]:
        try:
            compile_search(words)
        except PatternError as error:
            raise at.wrong(f"bot.matches: {error}") from None
    parts = {key: item for key, item in value.items() if key not in _HOW and key != "options"}
    options = _options(at, value["options"]) if "options" in value else None
    return SaidWanted(_HOW[hows[0]] if hows else None, words, options, parts)


def _options(at: Place, value: Json) -> tuple[str, ...] | Mapping[str, str]:
    if isinstance(value, dict):
        return {key: at.text(title, f"options.{key}") for key, title in value.items()}
    return tuple(at.text(option, "options") for option in at.listed(value, "options"))
