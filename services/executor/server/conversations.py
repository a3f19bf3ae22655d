"""Events of conversations, where they stand, and what is kept of people: protobuf to the domain's words and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Literal

import orjson
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct

from services.chassis.errors import InvalidArgument
from services.chassis.queue import Batcher, export_page_of, plain_form, progress_of
from services.chassis.rpc import current_actor
from services.chassis.rpc.sizes import fitting
from services.executor.ports import Privacy, StateView
from services.executor.server.reading import Context, uuid_of
from services.executor.usecases import HandKeeping, StateKeeping, Submission
from services.pb.common.v1 import content_pb2, results_pb2
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc
from services.pb.router.v1 import router_pb2
from services.pb.sender.v1 import sender_pb2

_OK = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)
_DUPLICATE = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_DUPLICATE)
# How people who log in are called in audit logs; who takes a conversation is this agent.
_USER = "user:"


class ExecutionServer(executor_pb2_grpc.ExecutionServicer):
    """Where events go in: `take` works them off at once, `keep` only makes them durable. Both batch callers."""

    def __init__(
        self,
        read: Callable[[executor_pb2.ConversationEvent], Submission],
        *,
        take: Batcher[Submission, bool],
        keep: Batcher[Submission, bool],
    ) -> None:
        self._read = read
        self._take = take
        self._keep = keep

    async def Submit(self, request: executor_pb2.SubmitRequest, context: Context) -> executor_pb2.SubmitResponse:
        """Take events durably; a bad one is INVALID and costs its neighbours nothing."""
        results: list[results_pb2.ItemResult | None] = []
        submissions: list[Submission] = []
        for event in request.events:
            try:
                submissions.append(self._read(event))
                results.append(None)
            except ValueError as error:
                results.append(results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_INVALID, reason=str(error)))
        batcher = self._keep if request.is_repeat or _was_repeated(context) else self._take
        fresh = iter(await batcher.submit(submissions) if submissions else ())
        answers = [result or (_OK if next(fresh) else _DUPLICATE) for result in results]
        return executor_pb2.SubmitResponse(results=answers)


class StatesServer(executor_pb2_grpc.StatesServicer):
    """Where conversations stand."""

    def __init__(self, states: StateKeeping, hands: HandKeeping) -> None:
        self._states = states
        self._hands = hands

    async def ListStates(
        self, request: executor_pb2.ListStatesRequest, context: Context
    ) -> executor_pb2.ListStatesResponse:
        """A page of states."""
        page = await self._states.list(
            organization_id=uuid_of(request.organization_id, "organization_id"),
            skip=request.skip,
            limit=request.limit,
            flow_id=request.flow_id,
            is_active=request.is_active if request.HasField("is_active") else None,
            cursor=request.cursor,
        )
        states = fitting(map(_state, page.views))
        return executor_pb2.ListStatesResponse(total=page.total, states=states, cursor=page.cursor_after(len(states)))

    async def GetState(self, request: executor_pb2.GetStateRequest, context: Context) -> executor_pb2.GetStateResponse:
        """The state of a phone number."""
        view = await self._states.get(
            organization_id=uuid_of(request.organization_id, "organization_id"), phone_number=request.phone_number
        )
        return executor_pb2.GetStateResponse(state=_state(view))

    async def GetTurn(self, request: executor_pb2.GetTurnRequest, context: Context) -> executor_pb2.GetTurnResponse:
        """What an event brought about."""
        turn = await self._states.turn(
            organization_id=uuid_of(request.organization_id, "organization_id"),
            conversation_id=uuid_of(request.conversation_id, "conversation_id"),
            event_id=request.event_id,
        )
        return executor_pb2.GetTurnResponse(
            bot_responses=words_of(turn.payloads),
            state=_state(turn.state) if turn.state else None,
            is_awaiting_input=turn.state is not None and turn.state.standing.session.awaiting_input,
        )

    async def TakeConversation(
        self, request: executor_pb2.TakeConversationRequest, context: Context
    ) -> executor_pb2.TakeConversationResponse:
        """Give a conversation to people."""
        conversation_id, is_new = await self._give(request, "taken")
        return executor_pb2.TakeConversationResponse(conversation_id=conversation_id, is_new=is_new)

    async def ReleaseConversation(
        self, request: executor_pb2.ReleaseConversationRequest, context: Context
    ) -> executor_pb2.ReleaseConversationResponse:
        """Give a conversation back to the bot."""
        conversation_id, is_new = await self._give(request, "no_agent" if request.is_unattended else "released")
        return executor_pb2.ReleaseConversationResponse(conversation_id=conversation_id, is_new=is_new)

    async def _give(
        self,
        request: executor_pb2.TakeConversationRequest | executor_pb2.ReleaseConversationRequest,
        outcome: Literal["taken", "released", "no_agent"],
    ) -> tuple[str, bool]:
        conversation_id = uuid_of(request.conversation_id, "conversation_id") if request.conversation_id else None
        found, is_new = await self._hands.give(
            organization_id=uuid_of(request.organization_id, "organization_id"),
            phone_number=request.phone_number,
            conversation_id=conversation_id,
            key=request.key,
            outcome=outcome,
            agent=current_actor().removeprefix(_USER) if current_actor().startswith(_USER) else "",
        )
        return str(found), is_new

    async def CloseState(
        self, request: executor_pb2.CloseStateRequest, context: Context
    ) -> executor_pb2.CloseStateResponse:
        """Close the active session."""
        closed_at = await self._hands.close(
            organization_id=uuid_of(request.organization_id, "organization_id"), phone_number=request.phone_number
        )
        response = executor_pb2.CloseStateResponse()
        response.closed_at.FromDatetime(closed_at)
        return response


class PrivacyServer(executor_pb2_grpc.PrivacyServicer):
    """What executor keeps of people."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy

    async def EraseContact(
        self, request: executor_pb2.EraseContactRequest, context: Context
    ) -> executor_pb2.EraseContactResponse:
        """Remove conversations whole."""
        cleared = await self._privacy.erase(
            organization_id=uuid_of(request.organization_id, "organization_id"),
            job_id=uuid_of(request.job_id, "job_id"),
            conversation_ids=[uuid_of(each, "conversation_ids") for each in request.conversation_ids],
        )
        return executor_pb2.EraseContactResponse(progress=progress_of(cleared))

    async def ExportContact(
        self, request: executor_pb2.ExportContactRequest, context: Context
    ) -> executor_pb2.ExportContactResponse:
        """A page of what is kept."""
        page = await self._privacy.page(
            organization_id=uuid_of(request.organization_id, "organization_id"),
            conversation_ids=[uuid_of(each, "conversation_ids") for each in request.conversation_ids],
            cursor=request.cursor,
        )
        return executor_pb2.ExportContactResponse(page=export_page_of(page, _content))

    async def Expire(self, request: executor_pb2.ExpireRequest, context: Context) -> executor_pb2.ExpireResponse:
        """Remove a batch of what is old."""
        if not request.HasField("before"):
            raise InvalidArgument("before is not set; give the moment before which things are old")
        cleared = await self._privacy.expire(
            organization_id=uuid_of(request.organization_id, "organization_id"),
            job_id=uuid_of(request.job_id, "job_id"),
            before=request.before.ToDatetime(UTC),
        )
        return executor_pb2.ExpireResponse(progress=progress_of(cleared))


def _content(kind: str, payload: bytes) -> object:
    """An event, a reply or a call in plain words; as hexadecimal when it is none."""
    try:
        if kind.endswith("order"):
            return plain_form(router_pb2.Order.FromString(payload))
        if kind.endswith("call"):
            order = executor_pb2.EffectOrder.FromString(payload)
            return {"effect_id": order.effect_id, "kind": order.kind, "request": orjson.loads(order.request or b"{}")}
        if kind.endswith("reply"):
            return plain_form(sender_pb2.OutboundMessage.FromString(payload))
        event = executor_pb2.ConversationEvent.FromString(payload)
        fields = event.message.fields
        event.message.fields = b""
        return plain_form(event) | ({"webhook": orjson.loads(fields)} if fields else {})
    except (DecodeError, orjson.JSONDecodeError):
        return {"hex": payload.hex()}


def _was_repeated(context: Context) -> bool:
    """Whether gRPC itself made this call again: the server it was made to first may have died of it."""
    return any(key == "grpc-previous-rpc-attempts" for key, _ in context.invocation_metadata() or ())


def _state(view: StateView) -> executor_pb2.State:
    standing, session = view.standing, view.standing.session
    variables = Struct()
    variables.update(dict(session.variables))
    state = executor_pb2.State(
        state_id=str(standing.state_id),
        conversation_id=str(standing.conversation_id),
        phone_number=standing.contact.wa_id,
        flow_id=session.flow_id,
        flow_name=view.flow_name,
        current_node_id=session.current_node_id or "",
        variables=variables,
        execution_path=session.execution_path,
        is_active=session.is_active,
        is_closed=standing.closed_at is not None,
        messages_count=standing.messages_count,
    )
    state.last_message_at.FromDatetime(standing.last_message_at)
    state.created_at.FromDatetime(standing.created_at)
    state.session_expires_at.FromDatetime(standing.session_expires_at)
    return state


def words_of(payloads: Sequence[bytes]) -> list[str]:
    """What was said, for people; a read receipt says nothing."""
    contents = [sender_pb2.OutboundMessage.FromString(payload).content for payload in payloads]
    return [_text(content) for content in contents if not content.HasField("read_receipt")]


def _text(content: content_pb2.Content) -> str:
    """The words of a message, for people; what has none is named in brackets."""
    kind = content.WhichOneof("kind")
    match kind:
        case "media":
            name = content_pb2.MediaKind.Name(content.media.media.kind).removeprefix("MEDIA_KIND_").lower()
            return content.media.caption or f"[{name}]"
        case "location":
            place = content.location
            return place.name or place.address or f"[{place.latitude}, {place.longitude}]"
        case "contacts":
            return ", ".join(card.name.formatted_name for card in content.contacts.cards)
        case "reaction":
            return content.reaction.emoji or "[reaction taken away]"
        case "template":
            values = (
                each.text or each.currency.fallback_value or each.date_time.fallback_value
                for each in content.template.body
            )
            return " · ".join([f"[{content.template.name}]", *(value for value in values if value)])
        case "read_receipt" | None:
            return ""
        case _:
            words: str = getattr(content, kind).body
            return words or f"[{kind}]"
