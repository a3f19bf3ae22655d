"""What is said of ids nobody has."""

from __future__ import annotations

from services.chassis.errors import NotFound
from services.pb.common.v1 import errors_pb2


def unknown_contact() -> NotFound:
    """Of a contact."""
    return NotFound(
        "no contact of the organization has this contact_id; list them with ListContacts",
        reason=errors_pb2.ERROR_REASON_CONTACT_NOT_FOUND,
    )


def unknown_conversation() -> NotFound:
    """Of a conversation."""
    return NotFound(
        "no conversation of the organization has this id or contact; list them with ListConversations",
        reason=errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND,
    )


def unknown_number() -> NotFound:
    """Of a number."""
    return NotFound(
        "no number of the organization has this phone_number_id; list them with ListOwnNumbers",
        reason=errors_pb2.ERROR_REASON_NUMBER_NOT_FOUND,
    )


def unknown_chatbot() -> NotFound:
    """Of a chatbot."""
    return NotFound(
        "no chatbot of the organization has this chatbot_id; list them with ListChatbots",
        reason=errors_pb2.ERROR_REASON_CHATBOT_NOT_FOUND,
    )


def unknown_department() -> NotFound:
    """Of a department."""
    return NotFound(
        "department_id is no department of this organization; put the department first",
        reason=errors_pb2.ERROR_REASON_DEPARTMENT_NOT_FOUND,
    )


def unknown_queue(subject: str) -> NotFound:
    """Of a queue; the sentence begins with the subject."""
    return NotFound(
        f"{subject} no queue of this organization; put the queue first", reason=errors_pb2.ERROR_REASON_QUEUE_NOT_FOUND
    )


def unknown_agent() -> NotFound:
    """Of an agent."""
    return NotFound(
        "agent_id is no agent of this organization; put the agent first", reason=errors_pb2.ERROR_REASON_AGENT_NOT_FOUND
    )
