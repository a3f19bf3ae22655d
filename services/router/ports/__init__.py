"""What router needs from outside: a store, executor and sender."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from services.router.domain.choice import Choice
from services.router.domain.contacts import Acquaintance, Contact, ContactChanges, Known
from services.router.domain.conversation import Conversation, Owner, Touch
from services.router.domain.flow_triggers import FlowTriggers
from services.router.domain.identity import Identity, Naming
from services.router.domain.message import Message, Status
from services.router.domain.opt_out import Consent, Word
from services.router.domain.order import Fate, Order
from services.router.domain.organization import Chatbot, Number, Organization, OrganizationPlan, Setup, Trigger
from services.router.domain.outcome import Outcome
from services.router.domain.person import Erased, Expired, Person, Retention, Row


class Raced(Exception):
    """The same contact was written or erased elsewhere first; nothing was changed, load and decide again."""


class BadValue(Exception):
    """The database refused a value of the batch; nothing was changed."""


class NumberOwner(NamedTuple):
    """Whose a number is, and the version of that organization's setup."""

    organization_id: UUID
    config_version: int


# By phone_number_id.
Owners = Mapping[str, NumberOwner]


class Guess(NamedTuple):
    """A touch that counts only while its number's owner, that owner's setup and the contact are as remembered."""

    touch: Touch
    contact: Contact
    config_version: int


@dataclass(frozen=True, slots=True)
class OwnerChange:
    """What a change of owner did: conversations named, conversations changed, and when the last of them changed."""

    found: int
    changed: int
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Addressed:
    """A conversation as a message to the contact needs it; `window_expires_at` is 0 when no window was ever open."""

    conversation_id: UUID
    phone_number_id: str
    wa_id: str
    user_id: str
    window_expires_at: int
    opted_in: bool | None = None
    """Whether the contact agreed to messages; None when nothing is known."""


@dataclass(frozen=True, slots=True)
class AudienceContact:
    """A contact as an audience has it; `attributes` is a JSON object."""

    contact_id: UUID
    wa_id: str
    user_id: str
    name: str
    attributes: Mapping[str, object]


class RoutedMessage(NamedTuple):
    """A message with everything executor needs; `contact` and `conversation` are as after the whole batch.

    `word` is what it says of messages as such, if it is a stop or start word; `said_at` when, in seconds since 1970.
    """

    message: Message
    contact: Contact
    conversation: Conversation
    choice: Choice
    time_zone: str
    word: Word | None = None
    said_at: int = 0


class RoutedStatus(NamedTuple):
    """A status and the organization its number belongs to; `about` is the number that news name as it is dialled."""

    organization_id: UUID
    status: Status
    about: str = ""


class Files(Protocol):
    """Who fetches the files of messages from Meta."""

    async def fetch(self, messages: Sequence[RoutedMessage]) -> Sequence[Outcome]:
        """One outcome a message. Raises PytakeError. Safe to repeat."""


class RoutingWork(Protocol):
    """One transaction of routing; every method is one set-based round trip unless it says otherwise."""

    async def look_up(
        self, phone_number_ids: Collection[str], identities: Collection[Identity]
    ) -> tuple[Owners, Known]:
        """Who owns these numbers and who has, or had, these identities; unknown ones are left out."""
        ...

    def work_for(self, organization_ids: Iterable[UUID]) -> None:
        """Name the organizations this transaction works for from now on (no round trip)."""
        ...

    async def setup_of(self, organization_id: UUID) -> Setup:
        """All an organization has set up. Raises NotFound."""
        ...

    async def contacts_of(self, identities: Collection[Identity]) -> Known:
        """The contacts of those identities that are known, and when those of others were erased."""
        ...

    async def save_contacts(self, changes: ContactChanges) -> None:
        """Write what changed, nothing when nothing did (three round trips at most, for a merge).

        Raises Raced when another transaction was faster.
        """
        ...

    async def latest_conversation(self, *, organization_id: UUID, contact_id: UUID) -> Conversation | None:
        """The contact's conversation with the last message."""
        ...

    async def touch(self, touches: Sequence[Touch]) -> Mapping[UUID, Conversation]:
        """Create or update conversations, by conversation_id, and commit: the last call of a transaction.

        At most one touch a conversation, sorted as `combine` sorts them.
        """
        ...


class RoutingStore(Protocol):
    """Transactions of routing. All raise Unavailable."""

    async def owners_of(self, phone_number_ids: Collection[str]) -> Owners:
        """Who owns these numbers; unknown ones are left out."""
        ...

    async def touch_guessed(self, guesses: Sequence[Guess]) -> Mapping[UUID, Conversation]:
        """Touch where the guess holds, all in one round trip; the conversations of those, by conversation_id.

        At most one guess a conversation, sorted as `combine` sorts their touches; all guesses of a number name the same
        owner and version. Raises BadValue, which leaves nothing behind.
        """
        ...

    async def accounts_of(self, waba_ids: Collection[str]) -> Mapping[str, Sequence[NumberOwner]]:
        """Who has numbers of these accounts; unknown ones are left out."""
        ...

    async def put_accounts(self, accounts: Collection[tuple[UUID, str]]) -> None:
        """Note that organizations have numbers of accounts."""
        ...

    async def note_consents(self, consents: Sequence[tuple[UUID, str, str, bool]]) -> None:
        """Note with contacts whether they want messages: organization, phone number, user id, and the answer, in order.

        Of two names one is enough. Who never said otherwise has not agreed by wanting messages again.
        """
        ...

    def routing(self, organization_ids: Iterable[UUID]) -> AbstractAsyncContextManager[RoutingWork]:
        """A transaction that works for these organizations; `work_for` may change them.

        Raises Unavailable, or BadValue when the database refused a value; both leave nothing behind.
        """
        ...


class DirectoryStore(Protocol):
    """Organizations and what they set up. Every put says whether anything changed and bumps config_version if so."""

    async def put_organization(
        self, *, organization_id: UUID, name: str, fallback_flow_id: UUID | None, time_zone: str, replace: bool
    ) -> tuple[UUID, bool]:
        """Create under `organization_id` or find by name; the id it has, and whether anything changed."""
        ...

    async def list_organizations(self, *, name: str) -> Sequence[Organization]:
        """By name; an empty `name` means all."""
        ...

    async def put_chatbot(self, *, organization_id: UUID, chatbot: Chatbot) -> bool:
        """Create or replace. Raises NotFound for an unknown organization."""
        ...

    async def put_number(self, *, organization_id: UUID, number: Number) -> bool:
        """Create or replace. Raises NotFound for organization or chatbot, AlreadyExists for another's number."""
        ...

    async def list_numbers(self, *, organization_id: UUID) -> Sequence[Number]:
        """By phone_number_id. Raises NotFound for an unknown organization."""
        ...

    async def put_triggers(self, *, organization_id: UUID, triggers: Sequence[Trigger]) -> bool:
        """Replace all. Raises NotFound for organization or number."""
        ...

    async def put_flow_triggers(self, *, organization_id: UUID, flow: FlowTriggers) -> bool:
        """Replace what a flow starts by, unless something newer is known; tells whether it was newer.

        Raises NotFound for an unknown organization, InvalidArgument when all flows together have too much.
        """
        ...

    async def put_opt_out_words(self, *, organization_id: UUID, words: str | None) -> bool:
        """Replace the stop words (JSON; None: the usual ones). Raises NotFound for an unknown organization."""
        ...


class ConversationStore(Protocol):
    """Who owns conversations."""

    async def set_owner(self, *, identity: Identity, phone_number_id: str, owner: Owner) -> OwnerChange:
        """Give the contact's conversations to `owner`; an empty `phone_number_id` means all of them."""
        ...

    async def addressed(self, *, organization_id: UUID, conversation_ids: Collection[UUID]) -> Mapping[UUID, Addressed]:
        """The conversations that exist, by the id asked for: of a merged contact the one that took its place."""
        ...


class AudienceStore(Protocol):
    """Contacts as audiences. Raises Unavailable."""

    async def page(
        self, *, organization_id: UUID, tags: Sequence[str], attributes: Mapping[str, str], after: UUID, limit: int
    ) -> tuple[Sequence[AudienceContact], UUID | None]:
        """Of the contacts after `after`, in the order of their ids, those with any of the tags and all the attributes.

        With the id to go on after; None when there are no more. A page may be empty though more follow.
        """
        ...

    async def replies(self, *, organization_id: UUID, awaited: Mapping[UUID, int]) -> int:
        """In how many of these conversations the contact wrote since so many seconds since 1970."""
        ...


class OrderStore(Protocol):
    """What flows order. Raises Unavailable."""

    async def names_of(self, contacts: Collection[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], tuple[str, str]]:
        """Phone number and user id of contacts, by organization and contact; those that are gone are left out."""
        ...

    async def apply(self, orders: Sequence[Order], *, now: datetime) -> Sequence[Fate]:
        """Apply orders, those of a conversation in their order, each once; what became of each.

        What is handed over is brought among people in the same transaction, and what is handed back out of it.
        """
        ...


class PrivacyStore(Protocol):
    """People as a whole. Every method raises Unavailable."""

    async def find(self, *, identity: Identity) -> Person | None:
        """Who has this name."""
        ...

    async def find_again(self, *, organization_id: UUID, contact_ids: Sequence[UUID]) -> Person | None:
        """What has become of contacts that were found before; None when they are gone."""
        ...

    async def erase(self, *, organization_id: UUID, job_id: UUID, person: Person) -> Erased | None:
        """Remove the contact and remember its names as hashes; None when it is no longer the person as told.

        Repeats change nothing: of a contact that is gone already only the moment is told.
        """
        ...

    async def rows(self, *, organization_id: UUID, contact_ids: Sequence[UUID]) -> Sequence[Row]:
        """Everything about these contacts, in a fixed order."""
        ...

    async def put_retention(self, *, organization_id: UUID, days: int | None) -> bool:
        """Keep for so many days, or for good; tells whether it changed. Raises NotFound."""
        ...

    async def retentions(self) -> Sequence[Retention]:
        """The organizations that do not keep things for good."""
        ...

    async def expire(
        self, *, organization_id: UUID, job_id: UUID, before: datetime, after: UUID, limit: int
    ) -> Expired:
        """Of the next `limit` contacts after `after`, remove those that have not written since `before`."""
        ...


class Executor(Protocol):
    """The room that runs flows."""

    async def submit(self, messages: Sequence[RoutedMessage], *, is_repeat: bool) -> Sequence[Outcome]:
        """Hand over durably; one outcome a message. Raises a PytakeError when executor is out of reach.

        `is_repeat` when any of them may have been handed over before.
        """
        ...


class Sender(Protocol):
    """The room that delivers."""

    async def apply_statuses(self, statuses: Sequence[RoutedStatus]) -> Sequence[Outcome]:
        """Hand over durably; one outcome a status. Raises a PytakeError when sender is out of reach."""
        ...

    async def apply_notices(self, notices: Sequence[RoutedStatus | Consent]) -> Sequence[Outcome]:
        """Hand over durably what Meta told (a status that is news) or a person said; the same."""
        ...


class PlanMemory(Protocol):
    """Compiled setups, kept as long as there is room for them."""

    def plan_of(self, organization_id: UUID, config_version: int) -> OrganizationPlan | None:
        """The plan of exactly this version, or None."""
        ...

    def keep(self, setup: Setup) -> OrganizationPlan:
        """Compile a setup and keep it."""
        ...

    def keep_owner(self, phone_number_id: str, organization_id: UUID) -> None:
        """Remember whose a number is."""
        ...

    def likely_owners(self, phone_number_ids: Iterable[str]) -> Mapping[str, UUID]:
        """The organizations these numbers belonged to when last seen: a hint, never the truth."""
        ...

    def likely_plan(self, phone_number_id: str) -> OrganizationPlan | None:
        """The plan of the number's likely owner, of whatever version it was when last seen: a hint as well."""
        ...


class ContactMemory(Protocol):
    """Contacts as they were when they last wrote: a hint, never the truth."""

    def recall(self, naming: Naming) -> Acquaintance | None:
        """Whom these names meant, or None."""
        ...

    def keep(self, naming: Naming, acquaintance: Acquaintance) -> None:
        """Remember whom these names meant."""
        ...
