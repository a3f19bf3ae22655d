"""What an organization has set up: numbers, chatbots, triggers; and the form in which choosing is quick."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal
from uuid import UUID

from services.router.domain.flow_triggers import FlowTriggers
from services.router.domain.opt_out import DEFAULTS, NO_WORDS, Language, Words, compile_words
from services.router.domain.starts import Starts, compile_starts
from services.router.domain.texts import normal

KeywordMatch = Literal["exact", "contains", "starts_with"]


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization; `config_version` grows with every change of anything it has set up.

    `opt_out` are its stop words as JSON (see `languages_in`); None: those that come with PyTake.
    """

    organization_id: UUID
    name: str
    fallback_flow_id: UUID | None
    time_zone: str
    config_version: int = 1
    opt_out: str | None = None


@dataclass(frozen=True, slots=True)
class Chatbot:
    """A chatbot and its main flow."""

    chatbot_id: UUID
    name: str
    main_flow_id: UUID | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class Number:
    """A business number; `app` is "organization_id/app" or empty for any."""

    phone_number_id: str
    display_phone_number: str
    chatbot_id: UUID | None
    default_flow_id: UUID | None
    app: str
    is_active: bool
    waba_id: str = ""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A keyword that starts a flow, on one number or (empty) on all."""

    keyword: str
    match: KeywordMatch
    flow_id: UUID
    phone_number_id: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything an organization has set up, as stored; triggers in order, what its flows start by in none."""

    organization: Organization
    numbers: Sequence[Number] = ()
    chatbots: Sequence[Chatbot] = ()
    triggers: Sequence[Trigger] = ()
    flows: Sequence[FlowTriggers] = ()


@dataclass(frozen=True, slots=True)
class Keyword:
    """A trigger ready to be compared: `text` is normal, `position` is its place in the organization's order."""

    position: int
    text: str
    match: KeywordMatch
    flow_id: UUID


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """What one number does with a message; `starts` is None when no published flow starts by itself on it."""

    number: Number
    main_flow_id: UUID | None
    exact: dict[str, Keyword]
    partial: tuple[Keyword, ...]
    starts: Starts | None = None


@dataclass(frozen=True, slots=True)
class OrganizationPlan:
    """An organization's setup, compiled for choosing."""

    organization: Organization
    numbers: dict[str, NumberPlan]
    words: Words = NO_WORDS


def compile_setup(setup: Setup) -> OrganizationPlan:
    """Sort the setup by number."""
    main_flows = {bot.chatbot_id: bot.main_flow_id for bot in setup.chatbots if bot.is_active}
    keywords = [
        (trigger.phone_number_id, Keyword(position, normal(trigger.keyword), trigger.match, trigger.flow_id))
        for position, trigger in enumerate(setup.triggers)
    ]
    starts = compile_starts([number.phone_number_id for number in setup.numbers], setup.flows)
    numbers = {
        number.phone_number_id: _plan(number, main_flows, keywords, starts[number.phone_number_id])
        for number in setup.numbers
    }
    return OrganizationPlan(setup.organization, numbers, compile_words(languages_in(setup.organization.opt_out)))


def number_dialled(plan: OrganizationPlan, digits: str, *, waba_id: str) -> str:
    """The number that is dialled so, with its country's code; empty when none is known to be.

    A number whose `display_phone_number` was not given is it when it is the only such one of the account.
    """
    numbers = [each.number for each in plan.numbers.values()]
    for number in numbers:
        if _digits(number.display_phone_number) == digits:
            return number.phone_number_id
    unnamed = [each for each in numbers if not each.display_phone_number and each.waba_id in ("", waba_id)]
    return unnamed[0].phone_number_id if len(unnamed) == 1 else ""


def languages_in(opt_out: str | None) -> Mapping[str, Language]:
    """Stop words as they are stored: by language, the fields of Language."""
    if opt_out is None:
        return DEFAULTS
    return {
        name: Language(
            tuple(parts["stop_words"]), tuple(parts["start_words"]), parts["stopped_text"], parts["started_text"]
        )
        for name, parts in json.loads(opt_out).items()
    }


def languages_as_text(languages: Mapping[str, Language]) -> str:
    """What `languages_in` reads."""
    return json.dumps({name: asdict(language) for name, language in languages.items()}, ensure_ascii=False)


def _plan(
    number: Number,
    main_flows: dict[UUID, UUID | None],
    keywords: Sequence[tuple[str, Keyword]],
    starts: Starts | None,
) -> NumberPlan:
    own = [keyword for phone_number_id, keyword in keywords if phone_number_id in ("", number.phone_number_id)]
    exact: dict[str, Keyword] = {}
    for keyword in own:
        if keyword.match == "exact":
            exact.setdefault(keyword.text, keyword)
    main_flow_id = main_flows.get(number.chatbot_id) if number.chatbot_id else None
    return NumberPlan(number, main_flow_id, exact, tuple(k for k in own if k.match != "exact"), starts)


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isascii() and sign.isdigit())
