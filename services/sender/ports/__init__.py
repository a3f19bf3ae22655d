"""What sender's use cases and worker need from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, Protocol
from uuid import UUID

from services.chassis.queue import Claim, Cleared, Page
from services.sender.domain import message
from services.sender.domain.answers import Answer
from services.sender.domain.number_news import NumberNews
from services.sender.domain.pausing import PauseName
from services.sender.domain.settling import Turn, Verdict, Wish
from services.sender.domain.templates import Account, Kept, News, Shape, Template, TemplateKey, TemplateState

Key = tuple[UUID, str]
"""An organization and one of its numbers (phone_number_id)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message to be stored; `payload` is the serialized OutboundMessage, `campaign_try` as domain.message has it."""

    organization_id: UUID
    message_id: UUID
    lane_id: UUID
    phone_number_id: str
    recipient_wa_id: str
    recipient_user_id: str
    flow_id: str
    node_id: str
    payload: bytes
    campaign_id: UUID | None = None
    campaign_try: int = 0

    @property
    def key(self) -> message.Key:
        """What names the message."""
        return message.key_of(self.organization_id, self.message_id)

    @property
    def lane(self) -> message.Key:
        """What names its lane."""
        return message.key_of(self.organization_id, self.lane_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEvent:
    """A status webhook. `callback` is our message id if Meta handed one back; `occurred_at` in seconds, 0 unknown."""

    organization_id: UUID
    event_id: str
    wamid: str
    status: str
    callback: UUID | None
    error_code: int
    occurred_at: int
    recipient_wa_id: str = ""
    recipient_user_id: str = ""
    phone_number_id: str = ""
    waba_id: str = ""
    price: message.Price = message.NO_PRICE


StatusFate = Literal["applied", "nothing", "erased"]
"""What a status came to: it changed something, nothing (or waits for its message), or is of somebody erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Who is erased: conversations, all names, and the texts by which an id of Meta's gives one of them away.

    What somebody of these names wants to be sent is forgotten as far as it was said up to `erased_at`.
    """

    conversation_ids: Sequence[UUID]
    wa_ids: Sequence[str]
    user_ids: Sequence[str]
    wamid_parts: Sequence[str]
    erased_at: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """The verdict of a turn; `has_more` tells that a released lane is ready to be claimed again."""

    verdict: Verdict
    has_more: bool


@dataclass(frozen=True, slots=True)
class Departure:
    """A lane that was held as its messages were stored.

    `settlement` is what the wish for its first message came to; None when there was no wish for it.
    """

    claim: Claim
    settlement: Settlement | None


class Store(Protocol):
    """Messages and lanes. Everything is set-based: one transaction per call. Raises errors.Unavailable."""

    async def enqueue(self, messages: Sequence[NewMessage]) -> list[bool]:
        """Store messages and put them at the ends of their lanes; tells which are new."""

    async def enqueue_and_depart(
        self, messages: Sequence[NewMessage], wishes: Mapping[message.Key, Wish]
    ) -> tuple[list[bool], list[Departure]]:
        """The same; lanes that were idle are held, and the wishes for their first messages decided on.

        `wishes` by the messages' keys; their positions are found out here. A lane without anything new is let go.
        """

    async def claim(self, *, limit: int) -> list[Claim]:
        """Take ready lanes for the time of a lease."""

    async def renew(self, claims: Sequence[Claim]) -> set[tuple[UUID, UUID]]:
        """Lengthen leases; gives the keys (organization, lane) that are still held."""

    async def settle(self, turns: Sequence[tuple[Claim, Turn]]) -> list[Settlement]:
        """Write what lanes bring and decide what each may do next (domain.settling)."""

    async def apply_statuses(self, statuses: Sequence[StatusEvent]) -> list[StatusFate]:
        """Move messages forward, park what no message is known for; what is of somebody erased leaves no trace."""

    async def outbound_of(self, *, organization_id: UUID, message_id: UUID) -> bytes | None:
        """A message as it was stored, None when it is kept no longer."""


class Privacy(Protocol):
    """What sender keeps of people. Every method raises errors.Unavailable."""

    async def erase(self, *, organization_id: UUID, job_id: UUID, erasure: Erasure) -> Cleared:
        """Empty messages of what they say and to whom, once each is settled; repeats change nothing.

        Counts are the job's.
        """

    async def page(
        self, *, organization_id: UUID, conversation_ids: Sequence[UUID], names: Sequence[str], cursor: str
    ) -> Page:
        """What is kept of conversations, and of phone numbers and user ids. Raises errors.InvalidArgument."""

    async def expire(self, *, organization_id: UUID, job_id: UUID, before: datetime) -> Cleared:
        """Remove a batch of what was settled before. Counts are the job's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFacts:
    """What is known of a number; 0 messages a second leave it to the settings, 0 users a day to Meta.

    `quality` is Meta's word (GREEN, YELLOW, RED), empty while no webhook told it.
    """

    token: str | None = None
    waba_id: str = ""
    portfolio_id: str = ""
    messages_per_second: int = 0
    users_per_day: int = 0
    quality: str = ""


class Paced(NamedTuple):
    """A number that is to send one message, and how many it may a second."""

    phone_number_id: str
    per_second: float


class Place(NamedTuple):
    """One place in a number's window (NumberGate.enter); `entered_at` by the monotonic clock."""

    phone_number_id: str
    name: str
    entered_at: float


class PausedAs(NamedTuple):
    """A pause that holds a message up: which, for how many seconds more (0: a probe is due), and why."""

    name: PauseName
    seconds: float
    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A pause as it is kept; `probe_in` in seconds, `since` when Meta first refused."""

    name: PauseName
    phone_number_id: str
    code: int
    text: str
    since: datetime
    probes: int
    probe_in: float


class PauseStore(Protocol):
    """What is paused, for all replicas. Every method raises errors.Unavailable."""

    async def put_pause(self, name: PauseName, *, phone_number_id: str, code: int, text: str, seconds: float) -> bool:
        """Note a refusal; the first probe comes in so many seconds. Tells whether the pause is new."""

    async def take_probe(self, name: PauseName, *, seconds: float) -> bool:
        """Whether the due probe is the caller's, or nothing is paused any more; the next comes so much later."""

    async def end_pauses(self, names: Sequence[PauseName]) -> list[PauseName]:
        """End pauses, and wake what waited for them; gives those there were."""

    async def resume(self, *, organization_id: UUID, names: Sequence[PauseName]) -> list[PauseName]:
        """The same because somebody asked for it, who is noted in the audit log."""

    async def read_pauses(self) -> list[Pause]:
        """Every pause of the house."""

    async def list_pauses(self, *, organization_id: UUID) -> list[Pause]:
        """The pauses of one organization, the oldest first."""


class ReachStore(Protocol):
    """Whom portfolios reached outside the window within a day."""

    async def reach(
        self, *, organization_id: UUID, portfolio_id: str, limit: int, recipients: Sequence[str]
    ) -> list[bool]:
        """Per recipient whether it may be reached, and then counts. Raises errors.Unavailable."""

    async def reached(self, *, organization_id: UUID, portfolio_id: str) -> int:
        """How many users were reached within the last day. Raises errors.Unavailable."""


class NumberStore(Protocol):
    """What is known of numbers. Every method raises errors.Unavailable."""

    async def facts(self, keys: Sequence[Key]) -> dict[Key, NumberFacts]:
        """What is known of these numbers; one of which nothing is known is left out.

        Of a limit that was given and the one that Meta told, the lower one.
        """

    async def put_accounts(self, accounts: Mapping[Key, str]) -> None:
        """Note to which accounts (WABA ids) numbers belong."""

    async def tell(self, news: Sequence[tuple[UUID, NumberNews]]) -> None:
        """Note what organizations' webhooks told; what is older than known changes nothing."""

    async def put_limits(self, *, organization_id: UUID, phone_number_id: str, facts: NumberFacts) -> bool:
        """Replace what was given of a number; an empty account leaves what is known. Tells whether it changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to be sent from `said_at_ms` on (milliseconds since 1970); `recipients` are all their names.

    `confirmation` is the text that confirms it to them.
    """

    organization_id: UUID
    recipients: tuple[str, ...]
    kind: Literal["marketing", "all"]
    is_out: bool
    said_at_ms: int
    source: str
    confirmation: NewMessage | None = None


WordFate = Literal["holds", "nothing", "erased"]
"""What a word came to: it holds now and changed what held before, changed nothing, or is of somebody erased."""


class ConsentStore(Protocol):
    """Who wants no messages. Raises errors.Unavailable."""

    async def apply(self, wanted: Sequence[Wanted]) -> list[WordFate]:
        """Note words in order, the later word wins. A repeat is told the same as the first time.

        What was said before somebody of these names was erased is not kept: Meta repeats webhooks for days.
        """


class TemplateStore(Protocol):
    """What is known of templates. Every method raises errors.Unavailable."""

    async def apply_news(self, news: Sequence[tuple[UUID, News]]) -> list[bool]:
        """Note what organizations' webhooks told; tells what was news: what is older than known changes nothing."""

    async def shapes(self, keys: Sequence[TemplateKey]) -> list[Shape | None]:
        """What templates take, None of those not known."""

    async def state_of(self, key: TemplateKey) -> TemplateState:
        """How it stands; nothing is known of it when several accounts have one of that name."""

    async def listed(self, *, organization_id: UUID, waba_id: str) -> Kept:
        """All by name, language and account; of one account, or (empty) of all."""

    async def replace(
        self, *, organization_id: UUID, waba_id: str, phone_number_id: str, templates: Sequence[Template]
    ) -> tuple[int, int]:
        """Keep what Meta has of an account and nothing else; gives how many changed and how many went."""

    async def put(self, *, organization_id: UUID, template: Template) -> None:
        """Keep one that was just made at Meta."""

    async def remove(self, *, organization_id: UUID, waba_id: str, name: str, language: str) -> int:
        """Forget a template in one language, or (empty) in all; gives how many there were."""

    async def due(self, *, limit: int, rest_seconds: float) -> list[Account]:
        """Take accounts whose templates are to be read; each comes back after so long unless it was read."""


class Managed(NamedTuple):
    """An answer of the Graph API to a call that is no message; `document` is None when it is no JSON object."""

    status: int
    document: Mapping[str, object] | None


class Management(Protocol):
    """The Graph API beside messages."""

    async def manage(
        self,
        method: Literal["GET", "POST", "DELETE"],
        path: Sequence[str],
        *,
        token: str,
        query: Mapping[str, str],
        body: bytes = b"",
    ) -> Managed:
        """Ask for `path`. Raises errors.Unavailable when no answer comes: then nobody knows what was done."""


class CredentialStore(Protocol):
    """Sealed access tokens."""

    async def put_credential(self, *, organization_id: UUID, phone_number_id: str, token: str) -> bool:
        """Store a token; tells whether it changed. Waiting lanes of the organization become ready."""

    async def tokens_of(self, *, organization_id: UUID) -> dict[str, str]:
        """Every token of an organization by phone_number_id."""


class Freshness(Protocol):
    """Says right before a request is written whether it may still be."""

    def __call__(self) -> bool:
        """False when too much time has passed since the permission."""


class Graph(Protocol):
    """The Graph API."""

    async def post(self, *, phone_number_id: str, token: str, body: bytes, is_fresh: Freshness) -> Answer:
        """Post a message; never raises but CancelledError."""

    async def ask(self, path: Sequence[str], query: Mapping[str, str], *, token: str) -> Mapping[str, object] | str:
        """Ask for something below the base; what is told, or why nothing is, one sentence with the mend."""


class NumberGate(Protocol):
    """The throughput limit of each number, shared by all senders."""

    async def reserve(self, asked: Sequence[Paced], *, within: float) -> list[tuple[bool, float]]:
        """Reserve each number's next free moment if it comes within so many seconds: (reserved, seconds until it)."""

    async def penalize(self, phone_number_id: str, *, seconds: float) -> None:
        """Let the number rest (Meta said it is too fast)."""

    async def slow_down(self, phone_number_id: str) -> None:
        """Lower the number's pace; it comes back by itself."""

    async def enter(self, asked: Paced) -> Place:
        """Take a place in the number's window, right before the call is written; waits until one is free."""

    def leave(self, place: Place) -> None:
        """The call has ended."""


class Watermark(Protocol):
    """Whether every status that could settle a doubt has been applied."""

    async def is_clear(self) -> bool:
        """False as well when ingress cannot be asked."""
