"""Everything an organization has set up, read when its version changed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis.db import Connection, Query, Rows, Step, run_steps
from services.chassis.errors import NotFound
from services.pb.common.v1 import errors_pb2
from services.router.domain.flow_triggers import FlowTriggers, triggers_in
from services.router.domain.organization import Chatbot, Number, Organization, Setup, Trigger

ORGANIZATION = "organization_id, name, fallback_flow_id, time_zone, config_version, opt_out::text"
_MINE = "WHERE organization_id = %(organization)b::uuid"
_ORGANIZATION = Query(f"SELECT {ORGANIZATION} FROM router.organization {_MINE}")
_CHATBOTS = Query(f"SELECT chatbot_id, name, main_flow_id, is_active FROM router.chatbot {_MINE}")
_NUMBERS = Query(f"""
    SELECT phone_number_id, display_phone_number, chatbot_id, default_flow_id, app, is_active, waba_id
    FROM router.number {_MINE} ORDER BY phone_number_id""")
_TRIGGERS = Query(f"""
    SELECT keyword, match, flow_id, coalesce(phone_number_id, '')
    FROM router.keyword_trigger {_MINE} ORDER BY position""")
_FLOWS = Query(f"""
    SELECT flow_id, sequence, published_at_us, triggers::text
    FROM router.flow_trigger {_MINE} AND triggers <> '[]'""")


def reading_setup(organization_id: UUID) -> list[Step]:
    """The steps whose rows are a setup, at least as new as the version it carries."""
    # The version first: whatever a commit in between adds comes with a higher version, and is read again.
    mine = {"organization": organization_id}
    return [(query, mine) for query in (_ORGANIZATION, _NUMBERS, _CHATBOTS, _TRIGGERS, _FLOWS)]


def setup_in(rows: Sequence[Rows]) -> Setup:
    """The setup those steps read. Raises NotFound."""
    organization, numbers, chatbots, triggers, flows = rows
    return Setup(
        _organization(organization),
        _numbers(numbers),
        [Chatbot(*row) for row in chatbots],
        _triggers(triggers),
        _flows(flows),
    )


async def read_organization(connection: Connection, organization_id: UUID) -> Organization:
    """The organization. Raises NotFound."""
    return _organization(await _read(connection, _ORGANIZATION, organization_id))


async def read_chatbots(connection: Connection, organization_id: UUID) -> list[Chatbot]:
    """Chatbots in no order."""
    return [Chatbot(*row) for row in await _read(connection, _CHATBOTS, organization_id)]


async def read_numbers(connection: Connection, organization_id: UUID) -> list[Number]:
    """Numbers by phone_number_id."""
    return _numbers(await _read(connection, _NUMBERS, organization_id))


async def read_triggers(connection: Connection, organization_id: UUID) -> list[Trigger]:
    """Triggers in order."""
    return _triggers(await _read(connection, _TRIGGERS, organization_id))


async def read_flows(connection: Connection, organization_id: UUID) -> list[FlowTriggers]:
    """Flows that start by something, in no order."""
    return _flows(await _read(connection, _FLOWS, organization_id))


def unknown_organization() -> NotFound:
    """What is said of an organization_id nobody has."""
    return NotFound(
        "no organization has this organization_id; list them with ListOrganizations",
        reason=errors_pb2.ERROR_REASON_ORGANIZATION_NOT_FOUND,
    )


async def _read(connection: Connection, query: Query, organization_id: UUID) -> Rows:
    (rows,) = await run_steps(connection, [(query, {"organization": organization_id})])
    return rows


def _organization(rows: Rows) -> Organization:
    if not rows:
        raise unknown_organization()
    return Organization(*rows[0])


def _numbers(rows: Rows) -> list[Number]:
    return [Number(*row) for row in rows]


def _triggers(rows: Rows) -> list[Trigger]:
    return [Trigger(*row) for row in rows]


def _flows(rows: Rows) -> list[FlowTriggers]:
    return [FlowTriggers(flow_id, sequence, at, triggers_in(text)) for flow_id, sequence, at, text in rows]
