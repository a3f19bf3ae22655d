"""What a message has to pass before it may ask for its call.

Token, pauses, its template, calls under way, users a day, pace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.sender.domain.codes import Action, Scope, rule_of_status
from services.sender.domain.pausing import PauseName, names_of
from services.sender.domain.settling import Hold
from services.sender.domain.templates import TemplateKey, faults
from services.sender.ports import Key, NumberFacts, Paced, PausedAs
from services.sender.worker.errand import Errand
from services.sender.worker.surroundings import Surroundings

# A lane keeps its place for a moment of its number this near; for a later one it makes room for others.
_SHORT_WAIT = 0.25
# How often a number without token, or with too many calls under way, is looked at again.
_NO_TOKEN_SECONDS = 60.0
_CROWDED_SECONDS = 0.2
# Users that were reached become free one by one, over a day.
_REACHED_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message may never leave: the code of Meta's that means it, and a sentence."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """What the gates say: what is known of the number, why the message may not leave now, or when.

    `leaves_at` is a moment of the monotonic clock; 0 means at once. `refusal` says why it may never leave.
    """

    facts: NumberFacts = field(default_factory=NumberFacts)
    hold: Hold | None = None
    leaves_at: float = 0.0
    refusal: Refusal | None = None

    @property
    def token(self) -> str:
        """The access token to call with."""
        return self.facts.token or ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One message at the gates."""

    organization_id: UUID
    errand: Errand

    @property
    def key(self) -> Key:
        """Its number."""
        return self.organization_id, self.errand.phone_number_id

    def names(self, facts: NumberFacts) -> dict[Scope, PauseName]:
        """What may be paused and would hold it up."""
        return names_of(
            *self.key,
            token=facts.token or "",
            waba_id=facts.waba_id,
            template=self.errand.template,
            recipient=self.errand.recipient,
        )


async def pass_gates(around: Surroundings, asks: Sequence[Ask]) -> list[Passage]:
    """Ask for these messages, in order. Raises errors.Unavailable: nothing could be read."""
    facts = await around.numbers.get([ask.key for ask in asks])
    refusals = await _template_faults(around, asks, facts)
    holds = [await _stopped(around, ask, each) for ask, each in zip(asks, facts, strict=True)]
    refusals |= await _out_of_bounds(around, asks, facts, holds)
    under_way: dict[Key, int] = {}
    for index, ask in enumerate(asks):
        if holds[index] is not None or index in refusals:
            continue
        calls = under_way.get(ask.key, 0) + around.calls.get(ask.key, 0)
        if calls >= around.calls_per_number:
            holds[index] = Hold(_CROWDED_SECONDS * (1 + around.dice()))
            continue
        under_way[ask.key] = under_way.get(ask.key, 0) + 1
    await _hold_beyond_reach(around, asks, facts, holds, refusals)
    asking = [index for index, hold in enumerate(holds) if hold is None and index not in refusals]
    paced = [paced_of(around, asks[index], facts[index]) for index in asking]
    reserved = await around.gate.reserve(paced, within=_SHORT_WAIT)
    passages = [
        Passage(each, hold, refusal=refusals.get(index))
        for index, (each, hold) in enumerate(zip(facts, holds, strict=True))
    ]
    for index, (is_reserved, wait) in zip(asking, reserved, strict=True):
        leaves_at = around.monotonic() + wait if is_reserved and wait > 0 else 0.0
        passages[index] = Passage(facts[index], None if is_reserved else Hold(wait), leaves_at)
    return passages


def paced_of(around: Surroundings, ask: Ask, facts: NumberFacts) -> Paced:
    """The number with how many messages a second it may send."""
    return Paced(ask.errand.phone_number_id, facts.messages_per_second or around.messages_per_second)


async def _template_faults(
    around: Surroundings, asks: Sequence[Ask], facts: Sequence[NumberFacts]
) -> dict[int, Refusal]:
    """By place, what Meta would refuse of messages made from templates that are known."""
    chosen = [index for index, ask in enumerate(asks) if ask.errand.template]
    if not chosen:
        return {}
    keys = [
        TemplateKey(asks[index].organization_id, facts[index].waba_id, asks[index].errand.template) for index in chosen
    ]
    shapes = await around.templates.get(keys)
    found: dict[int, Refusal] = {}
    for index, shape in zip(chosen, shapes, strict=True):
        errand = asks[index].errand
        if shape is not None and (wrong := faults(errand.template, shape, errand.components)):
            found[index] = Refusal(wrong[0].code, wrong[0].text)
    return found


async def _stopped(around: Surroundings, ask: Ask, facts: NumberFacts) -> Hold | None:
    if facts.token is None:
        return Hold(_NO_TOKEN_SECONDS, "waits: the number has no access token; put one with `pytake apply`")
    if around.pauses.is_empty:
        return None
    names = [name for scope, name in ask.names(facts).items() if scope is not Scope.COUNTRY]
    paused = around.pauses.remaining(names)
    if paused is None:
        return None
    if paused.seconds <= 0 and await around.pauses.take_probe(paused.name):
        return None
    return _paused(around, ask, paused)


async def _out_of_bounds(
    around: Surroundings, asks: Sequence[Ask], facts: Sequence[NumberFacts], holds: Sequence[Hold | None]
) -> dict[int, Refusal]:
    """By place, what goes to countries that Meta keeps the account from; one message tries now and then."""
    found: dict[int, Refusal] = {}
    if around.pauses.is_empty:
        return found
    for index, (ask, each) in enumerate(zip(asks, facts, strict=True)):
        name = ask.names(each).get(Scope.COUNTRY)
        paused = around.pauses.remaining([name]) if name is not None and holds[index] is None else None
        if paused is None or (paused.seconds <= 0 and await around.pauses.take_probe(paused.name)):
            continue
        found[index] = Refusal(paused.code, f"not sent: Meta keeps the account from this country ({paused.text})")
    return found


def _paused(around: Surroundings, ask: Ask, paused: PausedAs) -> Hold:
    scope = paused.name.scope
    template = ask.errand.template if scope is Scope.TEMPLATE else ""
    rule = rule_of_status(paused.code)
    # 100 with subcode 33 pauses a number, though 100 alone pauses nothing.
    action = rule.action if rule.scope is scope else Action.PAUSE_NUMBER
    text = f"waits, {scope.value} paused: {paused.text}"
    return Hold(paused.seconds + around.dice(), text, paused.code, action.value, template)


async def _hold_beyond_reach(
    around: Surroundings,
    asks: Sequence[Ask],
    facts: Sequence[NumberFacts],
    holds: list[Hold | None],
    refusals: Mapping[int, Refusal],
) -> None:
    """Hold templates that would reach more users from outside the window than the portfolio may within a day."""
    now = around.unix_seconds()
    portfolios: dict[tuple[UUID, str, int], list[int]] = {}
    for index, (ask, each) in enumerate(zip(asks, facts, strict=True)):
        errand = ask.errand
        is_outside = errand.template and errand.recipient and now >= errand.window_closed_at
        if holds[index] is None and index not in refusals and each.users_per_day and is_outside:
            portfolios.setdefault((ask.organization_id, each.portfolio_id, each.users_per_day), []).append(index)
    for (organization_id, portfolio_id, limit), indices in portfolios.items():
        answers = await around.reach.reach(
            organization_id=organization_id,
            portfolio_id=portfolio_id,
            limit=limit,
            recipients=[asks[index].errand.recipient for index in indices],
        )
        for index, is_admitted in zip(indices, answers, strict=True):
            if not is_admitted:
                text = f"waits: the portfolio has reached the {limit:,} users it may within 24 hours"
                holds[index] = Hold(_REACHED_SECONDS * (1 + around.dice()), text, is_in_order=True)
