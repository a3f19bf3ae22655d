"""Organizations and what they set up. Audited changes of an organization go one at a time, so puts of one do."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Connection, Database, fetch_all, fetch_one, run, run_counted, run_steps
from services.chassis.errors import AlreadyExists, InvalidArgument, NotFound
from services.pb.common.v1 import errors_pb2
from services.router.domain.flow_triggers import FlowTriggers, excess_of, triggers_as_text
from services.router.domain.organization import Chatbot, Number, Organization, Trigger
from services.router.store.setup import (
    ORGANIZATION,
    read_chatbots,
    read_flows,
    read_numbers,
    read_organization,
    read_triggers,
    unknown_organization,
)

_CREATE_ORGANIZATION = """
    INSERT INTO router.organization (organization_id, name, fallback_flow_id, time_zone)
    VALUES (%(id)s, %(name)s, %(fallback)s, %(zone)s) ON CONFLICT (name) DO NOTHING"""
_REPLACE_ORGANIZATION = """
    UPDATE router.organization
    SET fallback_flow_id = %(fallback)s, time_zone = %(zone)s, config_version = config_version + 1
    WHERE name = %(name)s AND (fallback_flow_id, time_zone) IS DISTINCT FROM (%(fallback)s::uuid, %(zone)s::text)"""
_ORGANIZATION_ID = "SELECT organization_id FROM router.organization WHERE name = %(name)s"
_LIST = f"SELECT {ORGANIZATION} FROM router.organization WHERE %(name)s::text = '' OR name = %(name)s ORDER BY name"
_LOCK = "SELECT 1 FROM router.organization WHERE organization_id = %s FOR NO KEY UPDATE"
_BUMP = "UPDATE router.organization SET config_version = config_version + 1 WHERE organization_id = %s"

# The condition leaves an equal row alone: no row touched means nothing changed.
_PUT_CHATBOT = """
    INSERT INTO router.chatbot AS b (organization_id, chatbot_id, name, main_flow_id, is_active)
    VALUES (%(organization)s, %(id)s, %(name)s, %(flow)s, %(active)s)
    ON CONFLICT (organization_id, chatbot_id) DO UPDATE
    SET main_flow_id = excluded.main_flow_id, is_active = excluded.is_active
    WHERE (b.main_flow_id, b.is_active) IS DISTINCT FROM (excluded.main_flow_id, excluded.is_active)"""
_CLAIM_NUMBER = """
    INSERT INTO router.number_directory (phone_number_id, organization_id) VALUES (%(number)s, %(organization)s)
    ON CONFLICT (phone_number_id) DO NOTHING"""
_NUMBER_OWNER = "SELECT organization_id FROM router.number_directory WHERE phone_number_id = %(number)s"
_PUT_NUMBER = """
    INSERT INTO router.number AS n
      (organization_id, phone_number_id, display_phone_number, chatbot_id, default_flow_id, app, is_active, waba_id)
    VALUES (%(organization)s, %(number)s, %(display)s, %(chatbot)s, %(flow)s, %(app)s, %(active)s, %(waba)s)
    ON CONFLICT (organization_id, phone_number_id) DO UPDATE
    SET display_phone_number = excluded.display_phone_number, chatbot_id = excluded.chatbot_id,
        default_flow_id = excluded.default_flow_id, app = excluded.app, is_active = excluded.is_active,
        waba_id = excluded.waba_id
    WHERE (n.display_phone_number, n.chatbot_id, n.default_flow_id, n.app, n.is_active, n.waba_id) IS DISTINCT FROM
          (excluded.display_phone_number, excluded.chatbot_id, excluded.default_flow_id, excluded.app,
           excluded.is_active, excluded.waba_id)"""
_CLAIM_ACCOUNT = """
    INSERT INTO router.account_directory (organization_id, waba_id) VALUES (%(organization)s, %(waba)s)
    ON CONFLICT (organization_id, waba_id) DO NOTHING"""
_PUT_OPT_OUT = """
    UPDATE router.organization SET opt_out = %(words)s::jsonb
    WHERE organization_id = %(organization)s AND opt_out IS DISTINCT FROM %(words)s::jsonb"""
_HAS_CHATBOT = "SELECT 1 FROM router.chatbot WHERE organization_id = %(organization)s AND chatbot_id = %(chatbot)s"
_CLEAR_TRIGGERS = "DELETE FROM router.keyword_trigger WHERE organization_id = %s"
_PUT_TRIGGERS = """
    INSERT INTO router.keyword_trigger (organization_id, position, keyword, match, flow_id, phone_number_id)
    SELECT %(organization)s, p, k, m, f, nullif(n, '')
    FROM unnest(%(keywords)b::text[], %(matches)b::text[], %(flows)b::uuid[], %(numbers)b::text[])
         WITH ORDINALITY t(k, m, f, n, p)"""
_PUT_FLOW = """
    INSERT INTO router.flow_trigger AS f (organization_id, flow_id, sequence, published_at_us, triggers)
    VALUES (%(organization)s, %(flow)s, %(sequence)s, %(published)s, %(triggers)s::jsonb)
    ON CONFLICT (organization_id, flow_id) DO UPDATE
    SET sequence = excluded.sequence, published_at_us = excluded.published_at_us, triggers = excluded.triggers
    WHERE f.sequence < excluded.sequence"""


class PostgresDirectory:
    """See DirectoryStore."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def put_organization(
        self, *, organization_id: UUID, name: str, fallback_flow_id: UUID | None, time_zone: str, replace: bool
    ) -> tuple[UUID, bool]:
        """See DirectoryStore."""
        values = {"id": organization_id, "name": name, "fallback": fallback_flow_id, "zone": time_zone}
        # Names are unique in the house: who has this one is not known yet.
        async with self._database.transaction([]) as connection:
            if await run_counted(connection, _CREATE_ORGANIZATION, values):
                await self._note_organization(connection, await read_organization(connection, organization_id), None)
                return organization_id, True
            ((found_id,),) = await fetch_all(connection, _ORGANIZATION_ID, values)
            if not replace:
                return found_id, False
            await run_steps(connection, self._audit.locking([found_id]))
            before = await read_organization(connection, found_id)
            if not await run_counted(connection, _REPLACE_ORGANIZATION, values):
                return found_id, False
            await self._note_organization(connection, await read_organization(connection, found_id), before)
            return found_id, True

    async def list_organizations(self, *, name: str) -> Sequence[Organization]:
        """See DirectoryStore."""
        async with self._database.transaction([]) as connection:
            return [Organization(*row) for row in await fetch_all(connection, _LIST, {"name": name})]

    async def put_chatbot(self, *, organization_id: UUID, chatbot: Chatbot) -> bool:
        """See DirectoryStore."""
        values = {
            "organization": organization_id,
            "id": chatbot.chatbot_id,
            "name": chatbot.name,
            "flow": chatbot.main_flow_id,
            "active": chatbot.is_active,
        }
        async with self._database.transaction([organization_id]) as connection:
            await self._begin(connection, organization_id)
            known = {each.chatbot_id: each for each in await read_chatbots(connection, organization_id)}
            if not await run_counted(connection, _PUT_CHATBOT, values):
                return False
            place = f"chatbot:{chatbot.chatbot_id}"
            await self._end(connection, _entry(organization_id, place, known.get(chatbot.chatbot_id), chatbot))
        return True

    async def put_number(self, *, organization_id: UUID, number: Number) -> bool:
        """See DirectoryStore."""
        values = {
            "organization": organization_id,
            "number": number.phone_number_id,
            "display": number.display_phone_number,
            "chatbot": number.chatbot_id,
            "flow": number.default_flow_id,
            "app": number.app,
            "active": number.is_active,
            "waba": number.waba_id,
        }
        async with self._database.transaction([organization_id]) as connection:
            await self._begin(connection, organization_id)
            await _need_chatbot(connection, organization_id, number)
            await _claim(connection, organization_id, number.phone_number_id)
            if number.waba_id:
                await run(connection, _CLAIM_ACCOUNT, values)
            known = {each.phone_number_id: each for each in await read_numbers(connection, organization_id)}
            if not await run_counted(connection, _PUT_NUMBER, values):
                return False
            place = f"number:{number.phone_number_id}"
            await self._end(connection, _entry(organization_id, place, known.get(number.phone_number_id), number))
        return True

    async def list_numbers(self, *, organization_id: UUID) -> Sequence[Number]:
        """See DirectoryStore."""
        async with self._database.transaction([organization_id]) as connection:
            await read_organization(connection, organization_id)
            return await read_numbers(connection, organization_id)

    async def put_triggers(self, *, organization_id: UUID, triggers: Sequence[Trigger]) -> bool:
        """See DirectoryStore."""
        async with self._database.transaction([organization_id]) as connection:
            await self._begin(connection, organization_id)
            await _need_numbers(connection, organization_id, triggers)
            before = await read_triggers(connection, organization_id)
            if before == list(triggers):
                return False
            await run(connection, _CLEAR_TRIGGERS, (organization_id,))
            await run(connection, _PUT_TRIGGERS, _trigger_columns(organization_id, triggers))
            await self._end(connection, _entry(organization_id, "triggers", before or None, list(triggers) or None))
        return True

    async def put_flow_triggers(self, *, organization_id: UUID, flow: FlowTriggers) -> bool:
        """See DirectoryStore."""
        values = {
            "organization": organization_id,
            "flow": flow.flow_id,
            "sequence": flow.sequence,
            "published": flow.published_at_us,
            "triggers": triggers_as_text(flow.triggers),
        }
        async with self._database.transaction([organization_id]) as connection:
            await self._begin(connection, organization_id)
            known = {each.flow_id: each for each in await read_flows(connection, organization_id)}
            if not await run_counted(connection, _PUT_FLOW, values):
                return False
            before = known.pop(flow.flow_id, None)
            excess = excess_of([*known.values(), flow])
            if excess is not None and flow.triggers:
                raise InvalidArgument(f"{excess}; take some out of flows, and put the dead letter back")
            if before is not None or flow.triggers:
                after = flow if flow.triggers else None
                await self._end(connection, _entry(organization_id, f"flow_triggers:{flow.flow_id}", before, after))
        return True

    async def put_opt_out_words(self, *, organization_id: UUID, words: str | None) -> bool:
        """See DirectoryStore."""
        async with self._database.transaction([organization_id]) as connection:
            await self._begin(connection, organization_id)
            before = (await read_organization(connection, organization_id)).opt_out
            if not await run_counted(connection, _PUT_OPT_OUT, {"organization": organization_id, "words": words}):
                return False
            await self._end(connection, _entry(organization_id, "opt_out_words", before, words))
        return True

    async def _begin(self, connection: Connection, organization_id: UUID) -> None:
        await run_steps(connection, self._audit.locking([organization_id]))
        if await fetch_one(connection, _LOCK, (organization_id,)) is None:
            raise unknown_organization()

    async def _end(self, connection: Connection, entry: AuditEntry) -> None:
        await run(connection, _BUMP, (entry.organization_id,))
        await run_steps(connection, self._audit.steps([entry]))

    async def _note_organization(
        self, connection: Connection, organization: Organization, before: Organization | None
    ) -> None:
        place = f"organization:{organization.organization_id}"
        entry = _entry(organization.organization_id, place, before and _settings_of(before), _settings_of(organization))
        await run_steps(connection, self._audit.steps([entry]))


def _settings_of(organization: Organization) -> object:
    """What somebody chose: not the version, which counts changes of everything."""
    return [organization.name, organization.fallback_flow_id, organization.time_zone]


def _entry(organization_id: UUID, place: str, before: object | None, after: object | None) -> AuditEntry:
    return AuditEntry(
        organization_id,
        f"{place.partition(':')[0]}.put",
        place,
        before=None if before is None else digest_of(before),
        after=None if after is None else digest_of(after),
    )


async def _need_chatbot(connection: Connection, organization_id: UUID, number: Number) -> None:
    if number.chatbot_id is None:
        return
    values = {"organization": organization_id, "chatbot": number.chatbot_id}
    if await fetch_one(connection, _HAS_CHATBOT, values) is None:
        raise NotFound(
            f"chatbot_id {number.chatbot_id} is no chatbot of this organization; put the chatbot first",
            reason=errors_pb2.ERROR_REASON_CHATBOT_NOT_FOUND,
        )


async def _claim(connection: Connection, organization_id: UUID, phone_number_id: str) -> None:
    values = {"number": phone_number_id, "organization": organization_id}
    if await run_counted(connection, _CLAIM_NUMBER, values):
        return
    if await fetch_one(connection, _NUMBER_OWNER, values) != (organization_id,):
        raise AlreadyExists(
            f"phone_number_id {phone_number_id} belongs to another organization; use a number of this one",
            reason=errors_pb2.ERROR_REASON_NUMBER_TAKEN,
        )


async def _need_numbers(connection: Connection, organization_id: UUID, triggers: Sequence[Trigger]) -> None:
    known = {number.phone_number_id for number in await read_numbers(connection, organization_id)}
    for place, trigger in enumerate(triggers):
        if trigger.phone_number_id and trigger.phone_number_id not in known:
            raise NotFound(
                f"triggers[{place}].phone_number_id {trigger.phone_number_id} is no number of this organization; "
                "put the number first",
                reason=errors_pb2.ERROR_REASON_NUMBER_NOT_FOUND,
            )


def _trigger_columns(organization_id: UUID, triggers: Sequence[Trigger]) -> dict[str, object]:
    return {
        "organization": organization_id,
        "keywords": [trigger.keyword for trigger in triggers],
        "matches": [trigger.match for trigger in triggers],
        "flows": [trigger.flow_id for trigger in triggers],
        "numbers": [trigger.phone_number_id for trigger in triggers],
    }
