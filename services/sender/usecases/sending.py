"""Messages of internal teams: taken once under their key, or refused at once with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID, uuid5

from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument, Reason
from services.pb.common.v1 import errors_pb2
from services.sender.ports import NewMessage
from services.sender.ports.teams import Conversation, Conversations, Listed, MessageBook, NoConversation, Recipient
from services.sender.usecases import Deliver

MOST_MESSAGES = 100
_LONGEST_KEY = 255
_KNOWN = errors_pb2.ERROR_REASON_UNSPECIFIED
_INVALID = errors_pb2.ERROR_REASON_INVALID_FIELD


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field, and the mend."""

    field: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message to be sent. `content` is what the edges of the room know; a template may leave outside the window."""

    key: str
    recipient: Recipient
    content: object
    is_template: bool
    reply_to_wamid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What became of a draft; `conversation_id` is None when it was refused."""

    outcome: Literal["ok", "duplicate", "invalid"]
    message_id: UUID
    conversation_id: UUID | None = None
    reason: Reason = _KNOWN
    problem: str = ""
    fields: Sequence[FieldProblem] = field(default_factory=tuple)


Write = Callable[[UUID, UUID, Draft, Conversation], NewMessage]
"""Makes a message to be stored of an organization, the message's id, a draft and where it goes."""
Check = Callable[[Draft], Sequence[FieldProblem]]
"""Says which of Meta's limits a draft breaks."""


def message_id_of(organization_id: UUID, key: str) -> UUID:
    """The id of the message that is sent under a key: the same whenever and wherever it is asked for."""
    return uuid5(organization_id, f"send:{key}")


class Send:
    """Takes messages of teams. Safe to repeat under the same keys."""

    def __init__(
        self,
        book: MessageBook,
        conversations: Conversations,
        deliver: Deliver,
        *,
        check: Check,
        write: Write,
        now: Now,
    ) -> None:
        self._book = book
        self._conversations = conversations
        self._deliver = deliver
        self._check = check
        self._write = write
        self._now = now

    async def __call__(self, *, organization_id: UUID, drafts: Sequence[Draft]) -> list[SendResult]:
        """One result a draft, in order. Raises InvalidArgument, NotFound (organization), Unavailable."""
        if not 0 < len(drafts) <= MOST_MESSAGES:
            raise InvalidArgument(f"messages has {len(drafts)} entries; send 1 to {MOST_MESSAGES} at a time")
        ids = [message_id_of(organization_id, draft.key) for draft in drafts]
        # A repeat is a repeat, whatever has become of the window since, and of router.
        known = await self._book.find(organization_id=organization_id, message_ids=sorted(set(ids)))
        results = [_first_look(ids, n, draft, known) or self._limits(ids[n], draft) for n, draft in enumerate(drafts)]
        open_places = [n for n, result in enumerate(results) if result is None]
        addressed = await self._address(organization_id, [drafts[n] for n in open_places])
        leaving: dict[int, NewMessage] = {}
        for n, conversation in zip(open_places, addressed, strict=True):
            if isinstance(conversation, NoConversation):
                results[n] = _refused(ids[n], conversation.reason, conversation.problem)
            elif self._is_late(drafts[n], conversation):
                results[n] = _refused(ids[n], errors_pb2.ERROR_REASON_WINDOW_EXPIRED, _late(conversation))
            else:
                leaving[n] = self._write(organization_id, ids[n], drafts[n], conversation)
        is_new = await self._deliver.enqueue(list(leaving.values()))
        for (n, message), new in zip(leaving.items(), is_new, strict=True):
            outcome: Literal["ok", "duplicate"] = "ok" if new else "duplicate"
            results[n] = SendResult(outcome=outcome, message_id=ids[n], conversation_id=message.lane_id)
        return [result for result in results if result is not None]

    def _limits(self, message_id: UUID, draft: Draft) -> SendResult | None:
        broken = self._check(draft)
        if not broken:
            return None
        problem = f"{broken[0].field} {broken[0].problem}".strip()
        return SendResult(outcome="invalid", message_id=message_id, reason=_INVALID, problem=problem, fields=broken)

    async def _address(self, organization_id: UUID, drafts: Sequence[Draft]) -> Sequence[Conversation | NoConversation]:
        if not drafts:
            return []
        recipients = [draft.recipient for draft in drafts]
        return await self._conversations.open(organization_id=organization_id, recipients=recipients)

    def _is_late(self, draft: Draft, conversation: Conversation) -> bool:
        return not draft.is_template and conversation.window_expires_at <= self._now().timestamp()


def _first_look(ids: Sequence[UUID], n: int, draft: Draft, known: Mapping[UUID, Listed]) -> SendResult | None:
    message_id = ids[n]
    key = draft.key
    if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
        return _wrong_key(message_id, f"has {len(key)} characters, or one that cannot be seen; use 1 to {_LONGEST_KEY}")
    if message_id in ids[:n]:
        return _wrong_key(message_id, "is the key of an earlier message of this call; give each its own")
    if message_id in known:
        return SendResult(outcome="duplicate", message_id=message_id, conversation_id=known[message_id].lane_id)
    return None


def _wrong_key(message_id: UUID, problem: str) -> SendResult:
    fields = (FieldProblem("idempotency_key", problem),)
    sentence = f"idempotency_key {problem}"
    return SendResult(outcome="invalid", message_id=message_id, reason=_INVALID, problem=sentence, fields=fields)


def _refused(message_id: UUID, reason: Reason, problem: str) -> SendResult:
    return SendResult(outcome="invalid", message_id=message_id, reason=reason, problem=problem)


def _late(conversation: Conversation) -> str:
    if conversation.window_expires_at:
        return "the contact's 24 hour window is closed; send a template, or wait until they write"
    return "the contact has never written to this number, so no window is open; send a template"
