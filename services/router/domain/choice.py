"""Which flow a message starts if no session is active. Executor knows of sessions; router always says what would start.

Order: a person's conversation is silent; keyword of the organization; trigger of a published flow; the number's default
flow; its chatbot's main flow; the organization's fallback; nothing (executor reports it). Neither keyword nor trigger
interrupts an active session.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, assert_never
from uuid import UUID

from services.router.domain.conversation import Owner
from services.router.domain.message import Message
from services.router.domain.organization import Keyword, NumberPlan, OrganizationPlan
from services.router.domain.starts import StartedBy
from services.router.domain.texts import normal

Reason = Literal["none", "number", "chatbot", "fallback", "test"] | StartedBy


class Choice(NamedTuple):
    """The flow to start (None: none would start) and why that one."""

    may_run_flow: bool
    flow_id: UUID | None = None
    reason: Reason = "none"


_SILENT = Choice(may_run_flow=False)


def choose(plan: OrganizationPlan, message: Message, *, owner: Owner) -> Choice:
    """The choice for one message to one of the plan's numbers."""
    if owner == "person" or not message.is_flow_input:
        return _SILENT
    number = plan.numbers[message.phone_number_id]
    keyword = _first_keyword(number, message.text)
    if keyword is not None:
        return Choice(True, keyword.flow_id, "keyword")
    start = number.starts.first(message) if number.starts is not None else None
    if start is not None:
        return Choice(True, start.flow_id, start.by)
    if number.number.default_flow_id is not None:
        return Choice(True, number.number.default_flow_id, "number")
    if number.main_flow_id is not None:
        return Choice(True, number.main_flow_id, "chatbot")
    if plan.organization.fallback_flow_id is not None:
        return Choice(True, plan.organization.fallback_flow_id, "fallback")
    return Choice(True)


def _first_keyword(number: NumberPlan, text: str) -> Keyword | None:
    """The earliest keyword that fits, of whatever kind."""
    if not text or not (number.exact or number.partial):
        return None
    text = normal(text)
    exact = number.exact.get(text)
    for keyword in number.partial:
        if exact is not None and exact.position < keyword.position:
            break
        if _fits(keyword, text):
            return keyword
    return exact


def _fits(keyword: Keyword, text: str) -> bool:
    match keyword.match:
        case "contains":
            return keyword.text in text
        case "starts_with":
            return text.startswith(keyword.text)
        case "exact":
            return keyword.text == text
        case _:
            assert_never(keyword.match)
