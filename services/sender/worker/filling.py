"""A campaign's template and a recipient's parameters made into a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from uuid import UUID

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from services.pb.common.v1 import content_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.domain.campaigns import Campaign, Place
from services.sender.ports import NewMessage
from services.sender.ports.teams import Conversation
from services.sender.worker.bodies import problems_of

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]{0,63})\s*\}\}")


def problem_of(content: bytes) -> str:
    """See usecases.campaigns.CheckTemplate."""
    try:
        read = content_pb2.Content.FromString(content)
    except DecodeError:
        return "content cannot be read"
    if read.WhichOneof("kind") != "template":
        return "content is no template; outside the 24 hour window nothing else may leave"
    return "; ".join(problems_of(read))


@lru_cache(maxsize=256)
def template_named(content: bytes) -> str:
    """See usecases.campaigning.TemplateNamed."""
    template = content_pb2.Content.FromString(content).template
    return f"{template.name}/{template.language}"


@lru_cache(maxsize=256)
def names_of(content: bytes) -> frozenset[str]:
    """See usecases.campaigns.NamesOf."""
    template = content_pb2.Content.FromString(content).template
    return frozenset(name for text in _texts(template) for name in _PLACEHOLDER.findall(text))


def write_template(campaign: Campaign, place: Place, message_id: UUID, conversation: Conversation) -> NewMessage:
    """See usecases.campaigning.WriteTemplate. Raises ValueError, one sentence, for what Meta would refuse."""
    content = content_pb2.Content.FromString(campaign.plan.content)
    _fill(content.template, place.recipient.parameters)
    problems = problems_of(content)
    if problems:
        raise ValueError(problems[0])
    message = sender_pb2.OutboundMessage(
        organization_id=str(campaign.organization_id),
        message_id=str(message_id),
        conversation_id=str(conversation.conversation_id),
        phone_number_id=conversation.phone_number_id,
        recipient_wa_id=conversation.wa_id,
        recipient_user_id=conversation.user_id,
        content=content,
        window_expires_at=conversation.window_expires_at,
        is_never_repeated=True,
    )
    return NewMessage(
        organization_id=campaign.organization_id,
        message_id=message_id,
        lane_id=conversation.conversation_id,
        phone_number_id=conversation.phone_number_id,
        recipient_wa_id=conversation.wa_id,
        recipient_user_id=conversation.user_id,
        flow_id="",
        node_id="",
        payload=message.SerializeToString(),
        campaign_id=campaign.campaign_id,
        campaign_try=place.tries + 1,
    )


def _texts(message: Message) -> Iterator[str]:
    for field, value in message.ListFields():
        for each in value if field.is_repeated else [value]:
            if field.type == FieldDescriptor.TYPE_STRING:
                yield each
            elif field.type == FieldDescriptor.TYPE_MESSAGE:
                yield from _texts(each)


def _fill(message: Message, parameters: Mapping[str, str]) -> None:
    def value_of(found: re.Match[str]) -> str:
        value = parameters.get(found[1], "")
        if not value:
            raise ValueError(f"the template's {found[1]} has no value")
        return value

    _replace(message, lambda text: _PLACEHOLDER.sub(value_of, text))


def _replace(message: Message, change: Callable[[str], str]) -> None:
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING:
            if field.is_repeated:
                value[:] = [change(each) for each in value]
            else:
                setattr(message, field.name, change(value))
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            for each in value if field.is_repeated else [value]:
                _replace(each, change)
