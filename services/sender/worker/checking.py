"""Drafts of teams held against Meta's limits before anything is stored; calls of webhooks as they are stored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from google.protobuf.message import DecodeError

from services.pb.common.v1 import content_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.domain.webhooks import Call
from services.sender.usecases.sending import Draft, FieldProblem
from services.sender.worker.bodies import problems_of

_LONGEST_WAMID = 512
# Complaints begin with the field they are about, as `interactive.body.text has …`.
_COMPLAINT = re.compile(r"([a-z_]+(?:\[\d+\]|\.[a-z_]+)*) (.+)", re.DOTALL)


def broken_fields(draft: Draft) -> Sequence[FieldProblem]:
    """See usecases.sending.Check."""
    assert isinstance(draft.content, content_pb2.Content)
    broken = [_field(complaint) for complaint in problems_of(draft.content)]
    if len(draft.reply_to_wamid) > _LONGEST_WAMID or "\x00" in draft.reply_to_wamid:
        broken.append(FieldProblem("reply_to_wamid", f"has more than {_LONGEST_WAMID} characters, or a NUL among them"))
    return broken


def _field(complaint: str) -> FieldProblem:
    found = _COMPLAINT.fullmatch(complaint)
    return FieldProblem(found[1], found[2]) if found else FieldProblem("content", complaint)


def call_bytes(call: Call) -> bytes:
    """A call as its lane holds it."""
    return sender_pb2.WebhookCall(
        webhook_id=str(call.webhook_id), event=call.event, event_id=call.event_id, body=call.body
    ).SerializeToString()


def call_of(payload: bytes) -> Call | None:
    """A call as `call_bytes` wrote it; None for what is none."""
    try:
        told = sender_pb2.WebhookCall.FromString(payload)
        return Call(webhook_id=UUID(told.webhook_id), event=told.event, event_id=told.event_id, body=told.body)
    except (DecodeError, ValueError):
        return None
