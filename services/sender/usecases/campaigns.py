"""Campaigns as people make and steer them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import available_timezones

from services.chassis.errors import FailedPrecondition, InvalidArgument
from services.pb.common.v1 import errors_pb2
from services.sender.domain.campaigns import (
    AUDIENCES,
    DEFAULT_PER_HOUR,
    DEFAULT_TRIES,
    LISTED,
    MOVES,
    STATES,
    Campaign,
    Figures,
    Place,
    Plan,
    Recipient,
    State,
    Verb,
    campaign_id_of,
    starts_at_of,
)
from services.sender.ports.campaigns import Audiences, CampaignStore

MOST_RECIPIENTS = 1000
_MOST_TRIES = 10
_MOST_PER_HOUR = 100_000_000
_LONGEST_KEY, _LONGEST_NAME, _LONGEST_TEXT = 255, 120, 1024
_FEWEST_DIGITS, _MOST_DIGITS, _LONGEST_USER_ID = 5, 20, 256
_MOST_LISTED, _DEFAULT_LISTED = 1000, 100
# As many as router counts in one call.
_PER_COUNT = 5000
_COUNTS_AT_ONCE = 4

CheckTemplate = Callable[[bytes], str]
"""Says what is wrong with a serialized template, nothing when it may be sent."""
NamesOf = Callable[[bytes], frozenset[str]]
"""The names of the placeholders in a serialized template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A campaign as somebody asks for it; numbers are 0 and texts empty for the defaults."""

    key: str
    name: str
    phone_number_id: str
    content: bytes
    audience: str
    tags: Sequence[str]
    attributes: Mapping[str, str]
    messages_per_hour: int
    respects_opt_out: bool
    skips_active: bool
    max_tries: int
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """A recipient as somebody brings it."""

    phone_number: str
    user_id: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Added:
    """What adding did; `refused` are places and what is wrong there."""

    added: int
    repeated: int
    refused: Sequence[tuple[int, str]]


class KeepCampaigns:
    """Makes, fills, steers and tells campaigns. Safe to repeat, all of it."""

    def __init__(self, store: CampaignStore, audiences: Audiences, *, check: CheckTemplate, names_of: NamesOf) -> None:
        self._store = store
        self._audiences = audiences
        self._check = check
        self._names_of = names_of

    async def create(self, *, organization_id: UUID, wish: Wish) -> tuple[Campaign, bool]:
        """A draft; tells whether it is new. Raises InvalidArgument, Unavailable."""
        plan = self._plan(wish)
        campaign_id = campaign_id_of(organization_id, wish.key)
        return await self._store.create(organization_id=organization_id, campaign_id=campaign_id, plan=plan)

    async def add(self, *, organization_id: UUID, campaign_id: UUID, addressees: Sequence[Addressee]) -> Added:
        """Add recipients. Raises InvalidArgument, NotFound, FailedPrecondition, Unavailable."""
        if not 0 < len(addressees) <= MOST_RECIPIENTS:
            raise InvalidArgument(f"recipients has {len(addressees)} entries; add 1 to {MOST_RECIPIENTS} at a time")
        campaign = await self._store.one(organization_id=organization_id, campaign_id=campaign_id)
        if campaign.plan.audience not in LISTED:
            raise _wrong_state(f"the audience is {campaign.plan.audience}, which router lists; nobody is added to it")
        needed = self._names_of(campaign.plan.content)
        read = [_read(addressee, needed) for addressee in addressees]
        good = [each for each in read if isinstance(each, Recipient)]
        added = await self._store.add(organization_id=organization_id, campaign_id=campaign_id, recipients=good)
        if added is None:
            raise _wrong_state("recipients are added to a draft or a scheduled campaign only")
        refused = [(n, each) for n, each in enumerate(read) if isinstance(each, str)]
        return Added(added, len(good) - added, refused)

    async def move(self, *, organization_id: UUID, campaign_id: UUID, verb: Verb) -> Campaign:
        """Start, pause, resume or cancel. Raises NotFound, FailedPrecondition, Unavailable."""
        moved = await self._store.move(organization_id=organization_id, campaign_id=campaign_id, verb=verb)
        return _moved(moved, verb)

    async def schedule(self, *, organization_id: UUID, campaign_id: UUID, local_time: str) -> Campaign:
        """Have it start at a moment on its time zone's clocks. Raises as `move`, and InvalidArgument."""
        campaign = await self._store.one(organization_id=organization_id, campaign_id=campaign_id)
        try:
            starts_at = starts_at_of(local_time, campaign.plan.time_zone)
        except ValueError as error:
            raise InvalidArgument(f"local_time {error}") from None
        moved = await self._store.move(
            organization_id=organization_id, campaign_id=campaign_id, verb="schedule", starts_at=starts_at
        )
        return _moved(moved, "schedule")

    async def one(self, *, organization_id: UUID, campaign_id: UUID) -> tuple[Campaign, Figures]:
        """A campaign with its figures. Raises NotFound, Unavailable."""
        campaign = await self._store.one(organization_id=organization_id, campaign_id=campaign_id)
        figures = await self._store.figures(organization_id=organization_id, campaign_id=campaign_id)
        return campaign, replace(figures, replies=await self._replies(campaign)) if figures.sent else figures

    async def _replies(self, campaign: Campaign) -> int:
        """Who wrote since their message left: router knows when each contact wrote last."""
        turnstile = asyncio.Semaphore(_COUNTS_AT_ONCE)

        async def some(after: int) -> int:
            async with turnstile:
                awaited = await self._store.awaited(
                    organization_id=campaign.organization_id, campaign_id=campaign.campaign_id,
                    after=after, limit=_PER_COUNT,
                )  # fmt: skip
                if not awaited:
                    return 0
                return await self._audiences.replies(organization_id=campaign.organization_id, awaited=awaited)

        return sum(await asyncio.gather(*map(some, range(0, campaign.recipients, _PER_COUNT))))

    async def all(
        self, *, organization_id: UUID, state: str, limit: int, before: tuple[datetime, UUID] | None
    ) -> tuple[list[Campaign], int]:
        """Newest first, those behind a place, one more than the limit if there is one; and that limit.

        Raises InvalidArgument, Unavailable.
        """
        most = _limit(limit)
        found = await self._store.all(
            organization_id=organization_id, state=_state(state), limit=most + 1, before=before
        )
        return found, most

    async def places(
        self, *, organization_id: UUID, campaign_id: UUID, after: int, limit: int
    ) -> tuple[list[Place], int]:
        """Recipients in their order, one more than the limit if there is one; and that limit.

        Raises InvalidArgument, NotFound, Unavailable.
        """
        most = _limit(limit)
        await self._store.one(organization_id=organization_id, campaign_id=campaign_id)
        found = await self._store.places(
            organization_id=organization_id, campaign_id=campaign_id, after=max(after, 0), limit=most + 1
        )
        return found, most

    def _plan(self, wish: Wish) -> Plan:
        if not 0 < len(wish.key) <= _LONGEST_KEY or not wish.key.isprintable():
            raise InvalidArgument(f"idempotency_key has {len(wish.key)} characters; use 1 to {_LONGEST_KEY}")
        if not 0 < len(wish.name) <= _LONGEST_NAME or not wish.name.isprintable():
            raise InvalidArgument(f"name has {len(wish.name)} characters; use 1 to {_LONGEST_NAME}, on one line")
        if not wish.phone_number_id.isascii() or not wish.phone_number_id.isdigit():
            raise InvalidArgument("phone_number_id is not a number's id; it has digits only")
        problem = self._check(wish.content)
        if problem:
            raise InvalidArgument(problem)
        audience = next((each for each in AUDIENCES if each == (wish.audience or "custom_list")), None)
        if audience is None:
            raise InvalidArgument(f"audience is none of {', '.join(AUDIENCES)}")
        if (audience == "tags") != bool(wish.tags):
            raise InvalidArgument("tags go with the audience tags, which needs one at least")
        if wish.attributes and audience in LISTED:
            raise InvalidArgument("attributes go with the audiences tags and all_contacts")
        zone = wish.time_zone or "UTC"
        if zone not in available_timezones():
            raise InvalidArgument("time_zone is no IANA name, such as America/Sao_Paulo")
        return Plan(
            name=wish.name, phone_number_id=wish.phone_number_id, content=wish.content, audience=audience,
            tags=tuple(_clean("tags", each) for each in wish.tags),
            attributes={
                _clean("attributes", name): _clean("attributes", told) for name, told in wish.attributes.items()
            },
            messages_per_hour=_number("messages_per_hour", wish.messages_per_hour, DEFAULT_PER_HOUR, _MOST_PER_HOUR),
            max_tries=_number("max_tries", wish.max_tries, DEFAULT_TRIES, _MOST_TRIES),
            respects_opt_out=wish.respects_opt_out, skips_active=wish.skips_active, time_zone=zone,
        )  # fmt: skip


def _moved(moved: tuple[Campaign, bool] | None, verb: Verb) -> Campaign:
    if moved is None:
        raise _wrong_state(f"only a campaign that is {' or '.join(sorted(MOVES[verb][0]))} can {verb}")
    return moved[0]


def _wrong_state(sentence: str) -> FailedPrecondition:
    return FailedPrecondition(sentence, reason=errors_pb2.ERROR_REASON_CAMPAIGN_STATE)


def _read(addressee: Addressee, needed: frozenset[str]) -> Recipient | str:
    digits = addressee.phone_number.strip().removeprefix("+").translate({ord(mark): None for mark in " -().\t"})
    if addressee.phone_number and not (
        digits.isascii() and digits.isdigit() and _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS
    ):
        return "phone_number is no phone number; write it in digits with the country code"
    recipient = digits or addressee.user_id
    if not recipient or len(recipient) > _LONGEST_USER_ID or not recipient.isprintable():
        return f"phone_number and user_id are empty, or user_id has more than {_LONGEST_USER_ID} characters"
    missing = sorted(needed - {name for name, value in addressee.parameters.items() if value})
    if missing:
        return f"the template's {missing[0]} has no value; give every placeholder one"
    parameters = {name: value for name, value in addressee.parameters.items() if name in needed}
    if any(len(value) > _LONGEST_TEXT or "\x00" in value for value in parameters.values()):
        return f"a parameter has more than {_LONGEST_TEXT} characters, or a NUL among them"
    return Recipient(recipient=recipient, is_user_id=not digits, parameters=parameters)


def _clean(field: str, text: str) -> str:
    if not text or len(text) > _LONGEST_TEXT or "\x00" in text:
        raise InvalidArgument(f"{field} has an empty text, or one of more than {_LONGEST_TEXT} characters")
    return text


def _number(field: str, value: int, default: int, most: int) -> int:
    if not 0 <= value <= most:
        raise InvalidArgument(f"{field} is {value}; use 1 to {most}, or 0 for {default}")
    return value or default


def _limit(limit: int) -> int:
    if not 0 <= limit <= _MOST_LISTED:
        raise InvalidArgument(f"limit is {limit}; use 1 to {_MOST_LISTED}, or 0 for {_DEFAULT_LISTED}")
    return limit or _DEFAULT_LISTED


def _state(state: str) -> State | None:
    found = next((each for each in STATES if each == state), None)
    if state and found is None:
        raise InvalidArgument(f"state is none of {', '.join(STATES)}")
    return found
