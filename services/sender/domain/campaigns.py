"""Campaigns: what may follow what, how fast they go, and what becomes of a recipient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

State = Literal["draft", "scheduled", "running", "paused", "completed", "failed", "cancelled"]
STATES: tuple[State, ...] = ("draft", "scheduled", "running", "paused", "completed", "failed", "cancelled")
Verb = Literal["start", "schedule", "pause", "resume", "cancel"]
Audience = Literal["custom_list", "uploaded_file", "tags", "all_contacts"]
AUDIENCES: tuple[Audience, ...] = ("custom_list", "uploaded_file", "tags", "all_contacts")
LISTED: frozenset[Audience] = frozenset({"custom_list", "uploaded_file"})
"""Audiences whose recipients the caller brings; router knows the others."""

DEFAULT_PER_HOUR = 100
DEFAULT_TRIES = 3
FIRST_RETRY_SECONDS = 60.0
LONGEST_RETRY_SECONDS = 3600.0

# Never more than this waits in the number's queue: what people write to it comes soon, and a pause is felt at once.
AHEAD_SECONDS = 5.0
MOST_AHEAD = 2000

MOVES: Mapping[Verb, tuple[frozenset[State], State]] = {
    "start": (frozenset({"draft", "scheduled"}), "running"),
    "schedule": (frozenset({"draft", "scheduled"}), "scheduled"),
    "pause": (frozenset({"running"}), "paused"),
    "resume": (frozenset({"paused"}), "running"),
    "cancel": (frozenset({"draft", "scheduled", "running", "paused"}), "cancelled"),
}
"""From which states each verb leads, and where to. In the state it leads to already it changes nothing."""

OPTED_OUT = "opted_out"
OPT_OUT_CODES = frozenset({131050})
# Failures that may pass: Meta's own trouble, and limits that were spent when sender gave up.
RETRYABLE = frozenset({1, 2, 4, 80007, 130429, 131000, 131016, 131056, 131057, 133004})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a campaign is to be. `content` is a serialized template."""

    name: str
    phone_number_id: str
    content: bytes
    audience: Audience
    tags: Sequence[str]
    attributes: Mapping[str, str]
    messages_per_hour: int
    max_tries: int
    respects_opt_out: bool
    skips_active: bool
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign as it is. `revision` grows with every change."""

    organization_id: UUID
    campaign_id: UUID
    plan: Plan
    state: State
    note: str
    starts_at: datetime | None
    audience_cursor: str
    is_audience_whole: bool
    recipients: int
    done_n: int
    swept_n: int
    is_pass_clean: bool
    paced_until: datetime
    revision: int
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody a campaign writes to: a phone number in digits or a user id, and what stands for placeholders."""

    recipient: str
    is_user_id: bool
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A recipient in its place, and what became of it so far."""

    n: int
    recipient: Recipient
    state: str
    reason: str
    tries: int
    message_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A recipient whose message was made, and how that stands."""

    n: int
    tries: int
    state: str
    status: str
    error_code: int
    accepted_age: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What became of recipients; each counts by its last message."""

    recipients: int = 0
    pending: int = 0
    skipped: int = 0
    queued: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    failed: int = 0
    opt_outs: int = 0
    retries: int = 0
    replies: int = 0
    uncertain: int = 0


def campaign_id_of(organization_id: UUID, key: str) -> UUID:
    """The id of the campaign made under a key: the same whenever it is asked for."""
    return uuid5(organization_id, f"campaign:{key}")


def message_id_of(campaign_id: UUID, n: int, tries: int) -> UUID:
    """The id of the message made for a recipient at the `tries`-th try, from 1. A place is its recipient's for good."""
    return uuid5(campaign_id, f"{n}:{tries}")


def starts_at_of(local_time: str, time_zone: str) -> datetime:
    """A moment on the clocks of a time zone. Raises ValueError, with the mend, for none and for one that is skipped."""
    local = datetime.fromisoformat(local_time)
    if local.tzinfo is not None:
        raise ValueError("has an offset; give the time on the clocks of the campaign's time zone, as 2026-12-01T09:00")
    zone = ZoneInfo(time_zone)
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError("is skipped there as clocks are put forward; give a time an hour later")
    return moment


def allowance(paced_until: datetime, now: datetime, *, per_hour: int) -> int:
    """How many messages may be handed on now, evenly spread, at most AHEAD_SECONDS ahead; one when none is ahead."""
    ahead = max((paced_until - now).total_seconds(), 0.0)
    if ahead <= 0:
        return max(int(AHEAD_SECONDS * per_hour / 3600), 1)
    return max(int((AHEAD_SECONDS - ahead) * per_hour / 3600), 0)


def paced(paced_until: datetime, now: datetime, count: int, *, per_hour: int) -> datetime:
    """Up to when the pace is used, once `count` more messages were handed on."""
    return max(paced_until, now) + timedelta(seconds=count * 3600 / per_hour)


def room_of(rate: float, waiting: int) -> int:
    """How many more messages a number's queue takes: some seconds of its rate (a second), less what waits."""
    return max(min(max(int(rate * AHEAD_SECONDS), 1), MOST_AHEAD) - waiting, 0)


def retry_wait(outcome: Outcome, *, max_tries: int) -> float | None:
    """Seconds until a recipient is tried again: 60, 240, 960 … at most 3600; None when it is not."""
    if outcome.state != "failed" or outcome.error_code not in RETRYABLE or outcome.tries >= max_tries:
        return None
    return float(min(FIRST_RETRY_SECONDS * 4 ** (outcome.tries - 1), LONGEST_RETRY_SECONDS))


def is_settled(outcome: Outcome, *, patience_seconds: float) -> bool:
    """Whether nothing more is awaited: a status came, it failed, or Meta has long had it and told nothing."""
    if outcome.state == "failed":
        return True
    return outcome.state == "accepted" and (outcome.status != "none" or outcome.accepted_age > patience_seconds)
