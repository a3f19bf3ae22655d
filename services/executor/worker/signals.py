"""Signals of our own rooms: from their protobuf form to the domain's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import orjson

from services.executor.domain.arrival import SendFailed, Signal, TimerDue
from services.executor.domain.events import DeliveryFailed, EffectDone, Released, Taken
from services.executor.domain.json_value import Json
from services.pb.executor.v1 import executor_pb2

_OUTCOMES: dict[int, Literal["ok", "failed", "timeout"]] = {
    executor_pb2.EFFECT_OUTCOME_OK: "ok",
    executor_pb2.EFFECT_OUTCOME_TIMEOUT: "timeout",
}
_HANDS: dict[int, Released | Taken] = {
    executor_pb2.HAND_TAKEN: Taken(),
    executor_pb2.HAND_RELEASED: Released("released"),
    executor_pb2.HAND_NO_AGENT: Released("no_agent"),
}


def signal_of(event: executor_pb2.ConversationEvent) -> Signal | None:
    """What an event is that is no message; None for a message. Raises ValueError."""
    if event.timer:
        # Timers of earlier releases have no state: only the session's end was timed then, which needs none.
        state_id = UUID(event.timer_state_id) if event.timer_state_id else UUID(int=0)
        return TimerDue(event.timer, state_id, event.timer_due_us)
    if event.HasField("effect"):
        return _effect(event.effect)
    if event.HasField("failed_delivery"):
        failed = event.failed_delivery
        return SendFailed(failed.flow_id, DeliveryFailed(failed.node_id, failed.code))
    return _HANDS.get(event.hand)


def profile_of(event: executor_pb2.ConversationEvent) -> Mapping[str, Json]:
    """What is known of the contact: attributes, tags, language, opted_in, as far as it is known. Raises ValueError."""
    profile: dict[str, Json] = {}
    if event.contact_attributes:
        attributes: Json = orjson.loads(event.contact_attributes)
        profile["attributes"] = attributes if isinstance(attributes, dict) else {}
    if event.contact_tags:
        profile["tags"] = list(event.contact_tags)
    if event.contact_language:
        profile["language"] = event.contact_language
    if event.HasField("contact_opted_in"):
        profile["opted_in"] = event.contact_opted_in
    return profile


def _effect(effect: executor_pb2.EffectResult) -> EffectDone:
    return EffectDone(
        effect_id=effect.effect_id,
        outcome=_OUTCOMES.get(effect.outcome, "failed"),
        status=effect.status,
        body=orjson.loads(effect.body) if effect.body else None,
        error=effect.error,
    )
