"""The shapes of the REST API (product contract, section 1). Times are ISO 8601 in UTC, to the second."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from services.ingress.domain.audit import AuditPage
from services.ingress.domain.conversation import Conversation, State, StatePage, Turn
from services.ingress.domain.phone import international_form, national_form
from services.ingress.http.rest.rules import SAYS_SOMETHING, Flag

LONGEST_MESSAGE = 4096
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

Time = Annotated[
    datetime,
    PlainSerializer(
        lambda moment: moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), return_type=str, when_used="json"
    ),
]


def _written(value: object) -> object:
    # Pydantic takes a number for seconds since 1970.
    if not isinstance(value, datetime) and not (isinstance(value, str) and _DATE.match(value)):
        raise ValueError("must be a time such as 2026-03-04T13:20:00Z")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("must lie between the years 1 and 9999") from None


Moment = Annotated[datetime, BeforeValidator(_written), AfterValidator(_in_utc)]
"""A moment that is asked for; without a zone it is UTC."""

BareTime = Annotated[
    datetime,
    PlainSerializer(lambda moment: moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$"}),
]
"""UTC without its Z: so the contract writes the times of /whatsapp-analytics (decision 0038)."""


def _with_content(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise ValueError("must hold something to say, and no NUL character")
    return text


PhoneNumber = Annotated[str, Field(description="As people write it, with the country code; empty if unknown.")]
DisplayPhone = Annotated[str, Field(description="As one dials it inside the country; empty if unknown.")]


class ConversationSummary(BaseModel):
    """A conversation in a list."""

    id: str = Field(examples=["9b2f0e0c-54b8-4f7e-8f39-6a52a9d5c001"])
    phone_number: PhoneNumber = Field(examples=["+55 11 98765-4321"])
    display_phone: DisplayPhone = Field(examples=["11 98765-4321"])
    flow_id: str = Field(examples=["4c1d3c6e-1a1e-4a57-9d0b-2f6f5f1e0b11"])
    flow_name: str = Field(examples=["Encomendas"])
    is_active: bool = Field(description="Whether the session goes on.", examples=[True])
    current_node_id: str | None = Field(
        description="Where the contact stands; null when the flow has ended.", examples=["ask_flavour"]
    )
    messages_count: int = Field(description="Messages in and out in this state.", examples=[6])
    last_message_at: Time | None = Field(examples=["2026-03-04T13:20:00Z"])
    created_at: Time | None = Field(examples=["2026-03-04T13:18:30Z"])
    session_expires_at: Time | None = Field(
        description="When the session ends unless something happens.", examples=["2026-03-05T13:20:00Z"]
    )

    @classmethod
    def of(cls, state: State) -> ConversationSummary:
        """From a state."""
        return cls(
            id=state.id,
            phone_number=international_form(state.phone_number),
            display_phone=national_form(state.phone_number),
            flow_id=state.flow_id,
            flow_name=state.flow_name,
            is_active=state.is_active,
            current_node_id=state.current_node_id if state.is_active else None,
            messages_count=state.messages_count,
            last_message_at=state.last_message_at,
            created_at=state.created_at,
            session_expires_at=state.session_expires_at,
        )


class ConversationList(BaseModel):
    """A page of conversations, latest message first."""

    total: int = Field(description="How many fit the filters, on all pages.", examples=[1])
    conversations: list[ConversationSummary]

    @classmethod
    def of(cls, page: StatePage) -> ConversationList:
        """From a page of states."""
        return cls(total=page.total, conversations=[ConversationSummary.of(state) for state in page.states])


class Progress(BaseModel):
    """What a flow has gathered and where it has been."""

    variables: dict[str, object] = Field(examples=[{"nome": "Bia", "sabor": "milho"}])
    execution_path: list[str] = Field(
        description="Visited node ids in order, the last 200.", examples=[["start", "hello", "ask_flavour"]]
    )


class PlacedProgress(Progress):
    """The same, with the place where the contact stands."""

    current_node_id: str | None = Field(examples=["ask_flavour"])


class Message(BaseModel):
    """One message of the conversation."""

    id: str = Field(examples=["message:1"])
    type: Literal["user", "bot"]
    content: str = Field(examples=["Quero um bolo"])
    timestamp: Time = Field(examples=["2026-03-04T13:18:31Z"])
    node_id: str | None = Field(
        description="The node that said it, or at which the contact stood.", examples=["ask_flavour"]
    )


class ConversationDetail(BaseModel):
    """A contact's latest conversation with what was said."""

    phone_number: PhoneNumber = Field(examples=["+55 11 98765-4321"])
    display_phone: DisplayPhone = Field(examples=["11 98765-4321"])
    flow_id: str = Field(examples=["4c1d3c6e-1a1e-4a57-9d0b-2f6f5f1e0b11"])
    flow_name: str = Field(examples=["Encomendas"])
    is_active: bool = Field(examples=[True])
    created_at: Time | None = Field(examples=["2026-03-04T13:18:30Z"])
    current_state: PlacedProgress
    messages: list[Message] = Field(
        description="Oldest first. Eventually consistent: what was said a moment ago may be missing for some seconds."
    )
    total_messages: int = Field(description="All messages, on all pages.", examples=[1])

    @classmethod
    def of(cls, found: Conversation) -> ConversationDetail:
        """From a state and its transcript."""
        state = found.state
        return cls(
            phone_number=international_form(state.phone_number),
            display_phone=national_form(state.phone_number),
            flow_id=state.flow_id,
            flow_name=state.flow_name,
            is_active=state.is_active,
            created_at=state.created_at,
            current_state=PlacedProgress(
                current_node_id=state.current_node_id if state.is_active else None,
                variables=dict(state.variables),
                execution_path=list(state.execution_path),
            ),
            messages=[
                Message(
                    id=line.id, type=line.speaker, content=line.text, timestamp=line.timestamp, node_id=line.node_id
                )
                for line in found.transcript.lines
            ],
            total_messages=found.transcript.total,
        )


class SendRequest(BaseModel):
    """Something said in the contact's name."""

    message: Annotated[str, AfterValidator(_with_content)] = Field(
        max_length=LONGEST_MESSAGE,
        description="What the contact says.",
        examples=["Quero o de milho"],
        json_schema_extra=SAYS_SOMETHING,
    )
    flow_id: UUID | None = Field(
        default=None,
        description="The flow to start when no session is active; left out, the usual choice is made.",
        examples=["4c1d3c6e-1a1e-4a57-9d0b-2f6f5f1e0b11"],
    )


class SendResponse(BaseModel):
    """What the message brought about."""

    status: Literal["processed"] = "processed"
    user_message: str = Field(examples=["Quero o de milho"])
    bot_responses: list[str] = Field(
        description="Texts of the bot, in order; empty when no flow may answer (a person owns the conversation).",
        examples=[["Anotado: bolo de milho. Obrigado!"]],
    )
    current_node_id: str | None = Field(
        description="Where the contact stands now; when the flow ended with this message, the node at which it did.",
        examples=["goodbye"],
    )
    current_state: Progress
    awaiting_input: bool = Field(description="Whether the flow waits for the contact's next message.", examples=[False])

    @classmethod
    def of(cls, message: str, turn: Turn) -> SendResponse:
        """From a turn, which has a state."""
        assert turn.state is not None
        visited = turn.state.execution_path
        return cls(
            user_message=message,
            bot_responses=list(turn.bot_responses),
            current_node_id=turn.state.current_node_id or next(reversed(visited), None),
            current_state=Progress(variables=dict(turn.state.variables), execution_path=list(visited)),
            awaiting_input=turn.is_awaiting_input,
        )


class CloseRequest(BaseModel):
    """Nothing to say: `{}`."""


class CloseResponse(BaseModel):
    """The conversation is closed."""

    status: Literal["closed"] = "closed"
    phone_number: PhoneNumber = Field(examples=["+55 11 98765-4321"])
    closed_at: Time = Field(examples=["2026-03-04T14:00:00Z"])


class ReleaseRequest(BaseModel):
    """How people are done with a conversation."""

    is_unattended: Flag = Field(
        default=False, description="true when nobody took care of it: the flow goes on by no_agent."
    )


class HandResponse(BaseModel):
    """Who has the conversation now: people, or the bot."""

    status: Literal["taken", "released"]
    phone_number: PhoneNumber = Field(examples=["+55 11 98765-4321"])
    conversation_id: str = Field(examples=["0d0a6f3e-4d2c-5f0e-9a51-7d1f7a1f0c22"])


class AuditChange(BaseModel):
    """One change. Its contents are not told, only digests of them."""

    room: str = Field(description="The service that made it.", examples=["router"])
    seq: int = Field(description="Its number in this service's chain of your organization.", examples=[12])
    at: Time = Field(examples=["2026-03-04T13:20:00Z"])
    actor: str = Field(
        description="operator, service:…, user:…, api_key:…, or team:… for other tokens.",
        examples=["user:0b8e4a4e-7a0c-4a44-9a53-8f3e7f5f1c11"],
    )
    action: str = Field(examples=["number.put"])
    object: str = Field(description="What was changed, by id.", examples=["number:106540352242922"])
    before_digest: str | None = Field(description="sha256 of what was there; null when nothing was.", examples=[None])
    after_digest: str | None = Field(
        description="sha256 of what is there now; null when nothing is.",
        examples=["4e1243bd22c66e76c2ba9eddc1f91394e57f9f83f11a0d6d5e5a1d1a2ec5f8c1"],
    )
    hash: str = Field(
        description="sha256 of the change and the hash before it: the chain.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )


class AuditList(BaseModel):
    """A page of changes, newest first."""

    changes: list[AuditChange]
    next: str | None = Field(
        description="Give it as `before` for the page after this one; null at the end.",
        examples=["executor:5,ingress:1,router:12"],
    )

    @classmethod
    def of(cls, page: AuditPage) -> AuditList:
        """From a page."""
        return cls(
            changes=[
                AuditChange(
                    room=change.room,
                    seq=change.seq,
                    at=change.at,
                    actor=change.actor,
                    action=change.action,
                    object=change.object,
                    before_digest=change.before_digest,
                    after_digest=change.after_digest,
                    hash=change.hash,
                )
                for change in page.changes
            ],
            next=page.following,
        )


class Problem(BaseModel):
    """Every answer that is not a success."""

    detail: str = Field(description="One sentence for people.", examples=["Conversation not found"])
    error_code: str = Field(description="For programs; it stays the same.", examples=["CONVERSATION_NOT_FOUND"])


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str = Field(examples=["limit"])
    message: str = Field(examples=["Input should be less than or equal to 500"])


class ValidationProblem(Problem):
    """A request that can never succeed as it is."""

    detail: str = Field(examples=["limit: Input should be less than or equal to 500"])
    error_code: str = Field(examples=["VALIDATION_ERROR"])
    errors: list[FieldProblem]
