"""What ingress needs from outside."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.chassis.queue import Item
from services.ingress.domain.analytics import (
    CampaignResults,
    DayActivity,
    Deliveries,
    Figures,
    Funnel,
    Heatmap,
    LogPage,
    NumberCosts,
    Overview,
    Segments,
    VersionFigures,
)
from services.ingress.domain.audit import Change
from services.ingress.domain.conversation import Flow, State, StatePage, Transcript, Turn
from services.ingress.domain.flows import (
    Difference,
    ExportedFlow,
    FlowPage,
    FlowText,
    Form,
    Impact,
    ImportedFlow,
    Published,
    StoredDraft,
    Taking,
    Verdict,
    Version,
    VersionPage,
    VersionText,
)
from services.ingress.domain.media import MediaView, ReceivedView
from services.ingress.domain.outgoing import (
    MessageFilter,
    MessagePage,
    MessageView,
    OutgoingMessage,
    SendResult,
    Told,
    WantedWebhook,
    WebhookView,
)
from services.ingress.domain.templates import Reading, Template


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event that drives no conversation; `fields` is its normal form as JSON text."""

    key: str
    disposition: str
    type: str
    phone_number_id: str | None
    reason: str
    fields: str
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What one event becomes: a lane item of messages or of statuses, or a kept event; news are the last two."""

    message: Item | None = None
    status: Item | None = None
    kept: KeptEvent | None = None


@dataclass(frozen=True, slots=True)
class MetaApp:
    """A Meta app with its secrets in clear; lives in memory only. The previous secret is believed until its time."""

    organization_id: UUID
    name: str
    app_secret: str
    previous_app_secret: str | None
    verify_token: str
    updated_at: datetime | None = None
    previous_until: datetime | None = None

    @property
    def reference(self) -> str:
        """How other rooms name it: organization_id/name."""
        return f"{self.organization_id}/{self.name}"


class Store(Protocol):
    """ingress' tables."""

    async def accept(self, entries: Sequence[Accepted]) -> Sequence[None]:
        """Make all entries durable in one transaction; repeats change nothing. Raises Unavailable."""

    async def list_apps(self) -> list[MetaApp]:
        """All Meta apps. Raises Unavailable."""

    async def apps_of(self, *, organization_id: UUID) -> list[MetaApp]:
        """The Meta apps of one organization, by name. Raises Unavailable."""

    async def put_app(self, app: MetaApp) -> bool:
        """Create or replace an app; tells whether anything changed. A changed secret becomes the previous one."""

    async def end_rotation(self, *, organization_id: UUID, name: str) -> bool | None:
        """Forget an app's previous secret; tells whether there was one, None when there is no such app."""

    async def list_events(self, *, disposition: str, limit: int) -> list[KeptEvent]:
        """Kept events, newest first; an empty disposition means all."""

    async def oldest_unapplied_status_ms(self) -> int:
        """Age of the oldest status not applied yet, 0 when there is none."""

    async def note_door(self, *, place: str, open_ms: int) -> None:
        """Tell the other doors that this one is there, and how long it has been open."""

    async def forget_door(self, *, place: str) -> None:
        """This door was closed on purpose."""

    async def doors_open_ms(self) -> int | None:
        """How long every known door has been open, 0 when one is missing; None when none was noted."""


class Executor(Protocol):
    """executor, for people: states and flows. Every method raises Unavailable when executor is out of reach."""

    async def list_states(
        self,
        *,
        organization_id: UUID,
        skip: int,
        limit: int,
        flow_id: UUID | None,
        is_active: bool | None,
        cursor: str = "",
    ) -> StatePage:
        """States, latest message first."""

    async def state(self, *, organization_id: UUID, phone_number: str) -> State:
        """The active state of a phone number, or else its latest. Raises NotFound."""

    async def turn(self, *, organization_id: UUID, conversation_id: str, event_id: str) -> Turn:
        """What an event brought about. Raises FailedPrecondition with TURN_PENDING until it has been worked on."""

    async def close(self, *, organization_id: UUID, phone_number: str) -> datetime:
        """Close the active session. Raises NotFound, or FailedPrecondition when none is active."""

    async def take(self, *, organization_id: UUID, phone_number: str) -> UUID:
        """Give a conversation to people; its id. Raises NotFound."""

    async def release(self, *, organization_id: UUID, phone_number: str, is_unattended: bool) -> UUID:
        """Give a conversation back to the bot; its id. Raises NotFound."""

    async def list_flows(self, *, organization_id: UUID) -> list[Flow]:
        """The organization's flows by name."""


class Flows(Protocol):
    """executor's flows, for people.

    Every method raises Unavailable when executor is out of reach, InvalidArgument with a sentence that begins with the
    field, NotFound for a flow or version that is not there, and FailedPrecondition or AlreadyExists as it says.
    """

    async def page(self, *, organization_id: UUID, skip: int, limit: int) -> FlowPage:
        """Flows by name."""

    async def get(self, *, organization_id: UUID, flow_id: UUID, version: int) -> FlowText:
        """A flow with the document of its draft (version 0) or of a version."""

    async def create(self, *, organization_id: UUID, name: str, document: bytes) -> StoredDraft:
        """A new flow's draft. Raises AlreadyExists."""

    async def update(
        self, *, organization_id: UUID, flow_id: UUID, document: bytes, expected_digest: str
    ) -> StoredDraft:
        """Another draft. Raises FailedPrecondition when the draft is not the expected one."""

    async def delete(self, *, organization_id: UUID, flow_id: UUID, force: bool) -> int:
        """Take a flow out of service; gives how many people's sessions end. Raises FailedPrecondition while used."""

    async def validate(self, *, organization_id: UUID, document: bytes, strict: bool) -> Verdict:
        """What is wrong with a document."""

    async def publish(self, *, organization_id: UUID, flow_id: UUID, taking: Taking, expected_digest: str) -> Published:
        """Publish the draft. Raises FailedPrecondition: it changed, has errors, or a node that goes has no move."""

    async def progress(self, *, organization_id: UUID, flow_id: UUID, version: int) -> Version:
        """How far people have been taken along to a version (0: the published one)."""

    async def impact(self, *, organization_id: UUID, flow_id: UUID) -> Impact:
        """What publishing the draft would mean."""

    async def versions(self, *, organization_id: UUID, flow_id: UUID, skip: int, limit: int) -> VersionPage:
        """Versions, newest first."""

    async def version(self, *, organization_id: UUID, flow_id: UUID, version: int) -> VersionText:
        """A version with its document."""

    async def diff(self, *, organization_id: UUID, flow_id: UUID, before: int, after: int) -> Difference:
        """How two versions differ; `before` 0 is the published one, `after` 0 the draft."""

    async def rollback(self, *, organization_id: UUID, flow_id: UUID, version: int, taking: Taking) -> Published:
        """Publish an old version again. Raises as `publish`."""

    async def import_(self, *, organization_id: UUID, name: str, document: bytes, dry_run: bool) -> ImportedFlow:
        """A new flow's draft from elsewhere. Raises AlreadyExists for a name that is given."""

    async def export(self, *, organization_id: UUID, flow_id: UUID, version: int, form: Form) -> ExportedFlow:
        """A flow as a file; version 0 is the draft."""


class Templates(Protocol):
    """sender's templates, for people: those of a number's account.

    Every method raises Unavailable when sender or Meta is out of reach, FailedPrecondition when Meta refuses, or the
    number's account or access token is not known.
    """

    async def listed(self, *, organization_id: UUID, phone_number_id: str) -> Sequence[Template]:
        """By name and language."""

    async def sync(self, *, organization_id: UUID, phone_number_id: str) -> Reading:
        """Read all from Meta."""

    async def create(
        self, *, organization_id: UUID, phone_number_id: str, name: str, language: str, category: str, components: bytes
    ) -> Template:
        """Make one at Meta; `components` is a JSON array. Raises InvalidArgument."""

    async def delete(self, *, organization_id: UUID, phone_number_id: str, name: str, language: str) -> int:
        """Delete at Meta, in one language or (empty) in all; gives how many are gone. Raises NotFound."""


class TrialMessages(Protocol):
    """router, for tries of a flow."""

    async def submit(
        self, *, organization_id: UUID, phone_number: str, text: str, flow_id: UUID | None, event_id: str
    ) -> str:
        """Put a text into a conversation in the contact's name; gives the conversation's id. Raises NotFound."""


class Transcripts(Protocol):
    """analytics, for people."""

    async def transcript(
        self, *, organization_id: UUID, phone_number: str, skip: int, limit: int, flow_id: UUID | None
    ) -> Transcript:
        """What was said, oldest first, in every flow or in one. Raises Unavailable."""


class Reports(Protocol):
    """analytics' figures, for people: of so many days back, 0 for all time. Every method raises Unavailable."""

    async def overview(self, *, organization_id: UUID, flow_id: UUID | None, days: int) -> Overview:
        """An organization's figures; its flows are without names."""

    async def flow_report(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Figures:
        """A flow's figures."""

    async def heatmap(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Heatmap:
        """Messages by node."""

    async def days(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Sequence[DayActivity]:
        """Days with messages, ascending."""

    async def segments(self, *, organization_id: UUID, flow_id: UUID) -> Segments:
        """How much contacts write."""

    async def funnel(self, *, organization_id: UUID, flow_id: UUID, days: int, version: int) -> Funnel:
        """Where conversations went; version 0 means all."""

    async def versions(self, *, organization_id: UUID, flow_id: UUID, days: int) -> Sequence[VersionFigures]:
        """A flow's versions, ascending."""

    async def deliveries(self, *, organization_id: UUID, flow_id: UUID | None, days: int) -> Deliveries:
        """What became of messages."""

    async def costs(self, *, organization_id: UUID, days: int) -> Sequence[NumberCosts]:
        """What delivered messages are charged as, by number."""

    async def campaigns(
        self, *, organization_id: UUID, campaign_id: UUID | None, days: int
    ) -> Sequence[CampaignResults]:
        """Results of campaigns, latest first and without names; of one, whenever it was."""

    async def records(
        self,
        *,
        organization_id: UUID,
        flow_id: UUID | None,
        since: datetime | None,
        until: datetime | None,
        cursor: str,
        phone_number: str = "",
        only_messages: bool = False,
    ) -> LogPage:
        """Records of the log by time; an empty cursor begins. Of a phone number (digits) only what was said."""


class Messages(Protocol):
    """Messages that no flow says, and what became of all; sender's."""

    async def send(self, *, organization_id: UUID, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        """Hand over durably; one result each. Raises a PytakeError."""

    async def one(self, *, organization_id: UUID, message_id: UUID) -> MessageView:
        """One message. Raises NotFound."""

    async def page(self, *, organization_id: UUID, chosen: MessageFilter, limit: int, cursor: str) -> MessagePage:
        """Messages, newest first. Raises InvalidArgument."""


class Media(Protocol):
    """Files that messages send, and those of contacts; sender's."""

    async def take(
        self,
        *,
        organization_id: UUID,
        media_id: UUID,
        kind: str,
        mime_type: str,
        size: int,
        pieces: AsyncIterator[bytes],
    ) -> MediaView:
        """Keep a file under an id of the caller's choice; a repeat keeps it once.

        Raises InvalidArgument for what Meta would refuse, AlreadyExists when the id is another file's.
        """

    async def one(self, *, organization_id: UUID, media_id: UUID) -> MediaView:
        """What a file is, the organization's or a contact's. Raises NotFound."""

    def content(self, *, organization_id: UUID, media_id: UUID) -> AsyncGenerator[bytes, None]:
        """Its content in pieces. Raises NotFound, FailedPrecondition when it is lost."""

    async def delete(self, *, organization_id: UUID, media_id: UUID) -> None:
        """Delete one of the organization's own. Raises NotFound."""

    async def received(self, *, organization_id: UUID, conversation_id: UUID, limit: int) -> list[ReceivedView]:
        """The files of a conversation's contact, newest first."""


class Changes(Protocol):
    """What becomes of messages as it happens; sender's."""

    def watch(
        self, *, organization_id: UUID, conversation_id: str, message_id: str, cursor: str
    ) -> AsyncIterator[Told]:
        """Changes after a cursor, or (empty) from now on; it ends after a while, to be asked again.

        Empty news come now and then. Raises InvalidArgument for a cursor that is none, or Unavailable.
        """
        ...


class Webhooks(Protocol):
    """Where an organization's systems are told; sender's."""

    async def put(self, *, organization_id: UUID, wanted: WantedWebhook) -> tuple[WebhookView, str]:
        """Create or replace by name; the secret if one was made now. Raises InvalidArgument."""

    async def all(self, *, organization_id: UUID) -> list[WebhookView]:
        """By name."""

    async def delete(self, *, organization_id: UUID, webhook_id: UUID) -> None:
        """Remove one. Raises NotFound."""


class AuditTrail(Protocol):
    """The audit log of one room, ingress itself or one that it calls."""

    async def changes(self, *, organization_id: UUID, limit: int, before: int) -> Sequence[Change]:
        """Changes of an organization, newest first; only those numbered less than `before` unless it is 0.

        Raises Unavailable.
        """
