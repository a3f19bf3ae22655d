"""Everything an organization has set up, read when its version changed."""

from __future__ import annotations

from uuid import UUID

from services.chassis.db import Connection, fetch_all, fetch_one
from services.chassis.errors import NotFound
from services.pb.common.v1 import errors_pb2
from services.router.domain.organization import Chatbot, Number, Organization, Setup, Trigger

ORGANIZATION = "organization_id, name, fallback_flow_id, time_zone, config_version"
_ORGANIZATION = f"SELECT {ORGANIZATION} FROM router.organization WHERE organization_id = %s"
_CHATBOTS = "SELECT chatbot_id, name, main_flow_id, is_active FROM router.chatbot WHERE organization_id = %s"
_NUMBERS = """
    SELECT phone_number_id, display_phone_number, chatbot_id, default_flow_id, app, is_active
    FROM router.number WHERE organization_id = %s ORDER BY phone_number_id"""
_TRIGGERS = """
    SELECT keyword, match, flow_id, coalesce(phone_number_id, '')
    FROM router.keyword_trigger WHERE organization_id = %s ORDER BY position"""


async def read_setup(connection: Connection, organization_id: UUID) -> Setup:
    """The setup, at least as new as the version it carries. Raises NotFound."""
    # The version first: whatever a commit in between adds comes with a higher version, and is read again.
    organization = await read_organization(connection, organization_id)
    return Setup(
        organization,
        await read_numbers(connection, organization_id),
        [Chatbot(*row) for row in await fetch_all(connection, _CHATBOTS, (organization_id,))],
        await read_triggers(connection, organization_id),
    )


async def read_organization(connection: Connection, organization_id: UUID) -> Organization:
    """The organization. Raises NotFound."""
    row = await fetch_one(connection, _ORGANIZATION, (organization_id,))
    if row is None:
        raise unknown_organization()
    return Organization(*row)


async def read_numbers(connection: Connection, organization_id: UUID) -> list[Number]:
    """Numbers by phone_number_id."""
    return [Number(*row) for row in await fetch_all(connection, _NUMBERS, (organization_id,))]


async def read_triggers(connection: Connection, organization_id: UUID) -> list[Trigger]:
    """Triggers in order."""
    return [Trigger(*row) for row in await fetch_all(connection, _TRIGGERS, (organization_id,))]


def unknown_organization() -> NotFound:
    """What is said of an organization_id nobody has."""
    return NotFound(
        "no organization has this organization_id; list them with ListOrganizations",
        reason=errors_pb2.ERROR_REASON_ORGANIZATION_NOT_FOUND,
    )
