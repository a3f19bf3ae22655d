"""Contacts as people list, make, change and merge them. Audited changes of an organization go one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query, Rows, Step, Transaction
from services.chassis.errors import AlreadyExists
from services.chassis.sealing import NameHasher
from services.pb.common.v1 import errors_pb2
from services.router.domain.contacts import Contact, ContactChanges, Merge
from services.router.domain.identity import Identity, contact_id_of
from services.router.domain.people import ContactFilter, ContactView, Details, Place, attributes_as_text, attributes_in
from services.router.store.contacts import finding, known_in, save_contacts
from services.router.store.setup import unknown_organization
from services.router.usecases.unknown import unknown_contact

_MINE = "c.organization_id = %(organization)b::uuid"
_COLUMNS = """c.contact_id, c.name, c.wa_id, c.user_id, c.created_at, c.given_name, c.attributes::text, c.tags,
           c.language, c.opted_in"""

# The condition on created_at holds for every contact and names the index of lists.
_PAGE = Query(f"""
    SELECT {_COLUMNS} FROM router.contact c
    WHERE {_MINE} AND c.created_at > '2000-01-01Z' AND c.merged_into IS NULL
      AND (c.created_at, c.contact_id) < (%(moment)b::timestamptz, %(id)b::uuid)
      AND (%(text)b::text = '' OR c.given_name ILIKE %(text)b::text OR c.name ILIKE %(text)b::text
           OR (%(digits)b::text <> '' AND c.wa_id LIKE %(digits)b::text))
      AND (%(tag)b::text = '' OR %(tag)b::text = ANY (c.tags))
    ORDER BY c.created_at DESC, c.contact_id DESC LIMIT %(limit)b::bigint""")
_NAMED = Query(f"""
    SELECT {_COLUMNS} FROM router.contact_identity i
    JOIN router.contact c ON (c.organization_id, c.contact_id) = (i.organization_id, i.contact_id)
    WHERE {_MINE} AND i.organization_id = %(organization)b::uuid AND i.kind = %(kind)b::text
      AND i.value = %(value)b::text""")
_OF = f"""
    SELECT {_COLUMNS} FROM (
      SELECT coalesce(merged_into, contact_id) AS id FROM router.contact
      WHERE organization_id = %(organization)b::uuid AND contact_id = %(contact)b::uuid LIMIT 1) w
    JOIN router.contact c ON {_MINE} AND c.contact_id = w.id"""
_ONE = Query(_OF)
_LOCK_ONE = Query(f"{_OF} FOR NO KEY UPDATE OF c")

# profile_version tells whoever remembers the contact that it is another one.
_WRITE = Query(f"""
    UPDATE router.contact c SET given_name = %(given_name)b::text, attributes = %(attributes)b::text::jsonb,
      tags = %(tags)b::text[], language = %(language)b::text, opted_in = %(opted_in)b::bool,
      profile_version = c.profile_version + 1
    WHERE {_MINE} AND c.contact_id = %(contact)b::uuid""")

_HAS_ORGANIZATION = Query("SELECT 1 FROM router.organization WHERE organization_id = %(organization)b::uuid")
_PAIR = Query(f"""
    SELECT c.contact_id, extract(epoch FROM c.created_at)::float8, c.name, c.wa_id, c.user_id, c.parent_user_id,
           c.not_before
    FROM router.contact c
    WHERE {_MINE} AND c.contact_id = ANY (%(contacts)b::uuid[]) AND c.merged_into IS NULL""")


class PostgresPeople:
    """See ports.people.PeopleStore."""

    def __init__(self, database: Database, names: NameHasher, audit: AuditLog) -> None:
        self._database = database
        self._names = names
        self._audit = audit

    async def page(
        self, *, organization_id: UUID, chosen: ContactFilter, after: Place, limit: int
    ) -> Sequence[ContactView]:
        """See PeopleStore."""
        values = {
            "organization": organization_id,
            "moment": after.moment,
            "id": after.id,
            "text": _within(chosen.text),
            "digits": _within(chosen.digits),
            "tag": chosen.tag,
            "limit": limit,
        }
        return await self._read(organization_id, (_PAGE, values))

    async def named(self, *, identity: Identity) -> ContactView | None:
        """See PeopleStore."""
        organization_id, kind, value = identity
        step = (_NAMED, {"organization": organization_id, "kind": kind, "value": value})
        return next(iter(await self._read(organization_id, step)), None)

    async def one(self, *, organization_id: UUID, contact_id: UUID) -> ContactView | None:
        """See PeopleStore."""
        step = (_ONE, {"organization": organization_id, "contact": contact_id})
        return next(iter(await self._read(organization_id, step)), None)

    async def create(self, *, identity: Identity, details: Details) -> ContactView:
        """See PeopleStore."""
        organization_id = identity.organization_id
        async with self._database.journey([organization_id]) as journey:
            *_, owner, rows = await journey.run(
                [
                    *self._audit.locking([organization_id]),
                    (_HAS_ORGANIZATION, {"organization": organization_id}),
                    finding([identity], self._names),
                ]
            )
            if not owner:
                raise unknown_organization()
            known = known_in(rows)
            if identity in known.contacts:
                raise _taken()
            contact = _fresh(identity, known.erased.get(identity, 0))
            await save_contacts(journey.run, ContactChanges(created=[contact], linked=[(identity, contact.contact_id)]))
            view, _ = await self._write(journey, organization_id, contact.contact_id, None, details)
        return view

    async def edit(
        self, *, organization_id: UUID, contact_id: UUID, edit: Callable[[Details], Details]
    ) -> tuple[ContactView, bool]:
        """See PeopleStore."""
        key = {"organization": organization_id, "contact": contact_id}
        async with self._database.journey([organization_id]) as journey:
            *_, rows = await journey.run([*self._audit.locking([organization_id]), (_LOCK_ONE, key)])
            if not rows:
                raise unknown_contact()
            before = _view(*rows[0])
            after = edit(before.details)
            if after == before.details:
                return before, False
            return await self._write(journey, organization_id, before.contact_id, before.details, after)

    async def merge(self, *, organization_id: UUID, winner_id: UUID, loser_id: UUID) -> ContactView:
        """See PeopleStore."""
        values = {"organization": organization_id, "contacts": sorted((winner_id, loser_id))}
        async with self._database.journey([organization_id]) as journey:
            *_, rows = await journey.run([*self._audit.locking([organization_id]), (_PAIR, values)])
            found = {row[0]: Contact(organization_id, *row) for row in rows}
            if len(found) < 2:
                raise unknown_contact()
            changes = ContactChanges(
                merged=[Merge(organization_id, loser_id, winner_id)],
                updated=[found[winner_id].with_names_of(found[loser_id])],
            )
            await save_contacts(journey.run, changes)
            entry = AuditEntry(
                organization_id,
                "contact.merge",
                f"contact:{winner_id}",
                before=digest_of(None),
                after=digest_of({"merged": loser_id}),
            )
            key = {"organization": organization_id, "contact": winner_id}
            (rows, *_) = await journey.commit([(_ONE, key), *self._audit.steps([entry])])
        return _view(*rows[0])

    async def _write(
        self, journey: Transaction, organization_id: UUID, contact_id: UUID, before: Details | None, after: Details
    ) -> tuple[ContactView, bool]:
        """Write, note and commit."""
        key = {"organization": organization_id, "contact": contact_id}
        values = key | {
            "given_name": after.given_name,
            "attributes": attributes_as_text(after.attributes),
            "tags": list(after.tags),
            "language": after.language,
            "opted_in": after.is_opted_in,
        }
        entry = AuditEntry(
            organization_id,
            "contact.create" if before is None else "contact.update",
            f"contact:{contact_id}",
            before=None if before is None else digest_of(before),
            after=digest_of(after),
        )
        _, rows, *_ = await journey.commit([(_WRITE, values), (_ONE, key), *self._audit.steps([entry])])
        return _view(*rows[0]), True

    async def _read(self, organization_id: UUID, step: Step) -> list[ContactView]:
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return _views(rows)


def _taken() -> AlreadyExists:
    return AlreadyExists(
        "a contact has this phone number or user id already; change that one",
        reason=errors_pb2.ERROR_REASON_CONTACT_EXISTS,
    )


def _fresh(identity: Identity, not_before: int) -> Contact:
    return Contact(
        identity.organization_id,
        contact_id_of(identity, not_before),
        wa_id=identity.value if identity.kind == "wa_id" else "",
        user_id=identity.value if identity.kind == "user_id" else "",
        not_before=not_before,
    )


def _within(text: str) -> str:
    """The pattern of LIKE for texts that have this in them; empty stays empty."""
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%" if plain else ""


def _views(rows: Rows) -> list[ContactView]:
    return [_view(*row) for row in rows]


def _view(
    contact_id: UUID,
    name: str,
    wa_id: str,
    user_id: str,
    created_at: datetime,
    given_name: str,
    attributes: str,
    tags: Sequence[str],
    language: str,
    opted_in: Any,
) -> ContactView:
    return ContactView(
        contact_id=contact_id,
        whatsapp_name=name,
        wa_id=wa_id,
        user_id=user_id,
        created_at=created_at,
        details=Details(
            given_name=given_name,
            attributes=attributes_in(attributes),
            tags=tuple(tags),
            language=language,
            is_opted_in=opted_in,
        ),
    )
