"""Contacts and their identities. Nobody waits for a lock on a contact that is not being created or merged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any
from uuid import UUID

from services.chassis.db import Query, Rows, Step
from services.chassis.sealing import NameHasher
from services.router.domain.contacts import NO_PROFILE, Contact, ContactChanges, Known, Merge, Profile
from services.router.domain.conversation import Touch, combine
from services.router.domain.identity import Identity, conversation_id_of
from services.router.ports import Raced
from services.router.store.queues.merging import following
from services.router.store.touches import touching

# Runs steps of the present transaction in one journey.
Run = Callable[[Sequence[Step]], Awaitable[list[Rows]]]

# LIMIT keeps every look-up one descent of a primary key: the planner may not turn it into a scan of the tenant, which
# row-level security's own condition on organization_id invites it to while tables are small.
# Who was erased is asked after only where nobody has the name.
FIND_CONTACTS = """
    SELECT t.o, t.k, t.v, e.erased_at, c.contact_id, extract(epoch FROM c.created_at)::float8, c.name, c.wa_id,
           c.user_id, c.parent_user_id, c.not_before, c.profile_version, c.attributes, c.tags, c.language, c.opted_in
    FROM unnest(%(organizations)b::uuid[], %(kinds)b::text[], %(values)b::text[], %(hashes)b::bytea[]) t(o, k, v, h)
    LEFT JOIN LATERAL (
      SELECT x.* FROM (
        SELECT contact_id FROM router.contact_identity
        WHERE organization_id = t.o AND kind = t.k AND value = t.v LIMIT 1) i
      CROSS JOIN LATERAL (
        SELECT contact_id, created_at, name, wa_id, user_id, parent_user_id, not_before, profile_version,
               CASE WHEN profile_version > 0 THEN attributes::text END AS attributes, tags, language, opted_in
        FROM router.contact
        WHERE organization_id = t.o AND contact_id = i.contact_id LIMIT 1) x) c ON true
    LEFT JOIN LATERAL (
      SELECT floor(extract(epoch FROM erased_at))::bigint AS erased_at FROM router.erased_identity
      WHERE c.contact_id IS NULL AND organization_id = t.o AND identity_hash = t.h LIMIT 1) e ON true
    WHERE c.contact_id IS NOT NULL OR e.erased_at IS NOT NULL"""
_FIND = Query(FIND_CONTACTS)

_CREATE = Query("""
    INSERT INTO router.contact (organization_id, contact_id, name, wa_id, user_id, parent_user_id, not_before)
    SELECT * FROM unnest(%(organizations)b::uuid[], %(contacts)b::uuid[], %(names)b::text[], %(wa_ids)b::text[],
                         %(user_ids)b::text[], %(parents)b::text[], %(not_before)b::bigint[])
    ON CONFLICT DO NOTHING RETURNING 1""")

# A contact that is being merged holds this back; merged, it no longer fits, so no identity ever names a loser.
_LINK = Query("""
    INSERT INTO router.contact_identity (organization_id, kind, value, contact_id)
    SELECT t.o, t.k, t.v, t.c
    FROM unnest(%(organizations)b::uuid[], %(kinds)b::text[], %(values)b::text[], %(contacts)b::uuid[])
         WITH ORDINALITY t(o, k, v, c, n)
    JOIN router.contact c ON (c.organization_id, c.contact_id) = (t.o, t.c)
    WHERE c.merged_into IS NULL ORDER BY t.n FOR KEY SHARE OF c
    ON CONFLICT DO NOTHING RETURNING 1""")

_UPDATE = Query("""
    WITH wanted AS MATERIALIZED (
      SELECT c.organization_id, c.contact_id, t.n, t.w, t.u, t.p, t.b
      FROM unnest(%(organizations)b::uuid[], %(contacts)b::uuid[], %(names)b::text[], %(wa_ids)b::text[],
                  %(user_ids)b::text[], %(parents)b::text[], %(not_before)b::bigint[]) t(o, c, n, w, u, p, b)
      JOIN router.contact c ON (c.organization_id, c.contact_id) = (t.o, t.c)
      ORDER BY 1, 2 FOR NO KEY UPDATE OF c)
    UPDATE router.contact c SET name = t.n, wa_id = t.w, user_id = t.u, parent_user_id = t.p,
      not_before = greatest(c.not_before, t.b)
    FROM wanted t WHERE (c.organization_id, c.contact_id) = (t.organization_id, t.contact_id)""")

# FOR UPDATE also holds back whoever links an identity to one of them.
_LOCK = Query("""
    SELECT c.contact_id
    FROM unnest(%(organizations)b::uuid[], %(contacts)b::uuid[]) t(o, c)
    JOIN router.contact c ON (c.organization_id, c.contact_id) = (t.o, t.c)
    WHERE c.merged_into IS NULL ORDER BY c.organization_id, c.contact_id FOR UPDATE OF c""")

_MERGED = "unnest(%(organizations)b::uuid[], %(losers)b::uuid[], %(winners)b::uuid[]) t(o, l, w)"

_MERGE = Query(
    f"UPDATE router.contact c SET merged_into = t.w FROM {_MERGED} "
    "WHERE c.organization_id = t.o AND (c.contact_id = t.l OR c.merged_into = t.l)"
)
_MOVE_IDENTITIES = Query(
    f"UPDATE router.contact_identity i SET contact_id = t.w FROM {_MERGED} "
    "WHERE i.organization_id = t.o AND i.contact_id = t.l"
)
# What was known of the loser is known of the winner, who knows better.
_MERGE_PROFILES = Query(f"""
    UPDATE router.contact c SET
      attributes = l.attributes || c.attributes,
      tags = ARRAY(SELECT tag FROM unnest(c.tags || l.tags) WITH ORDINALITY x(tag, n) GROUP BY tag ORDER BY min(n)),
      language = coalesce(NULLIF(c.language, ''), l.language), opted_in = coalesce(c.opted_in, l.opted_in),
      given_name = coalesce(NULLIF(c.given_name, ''), l.given_name),
      profile_version = c.profile_version + l.profile_version
    FROM {_MERGED} JOIN router.contact l ON (l.organization_id, l.contact_id) = (t.o, t.l)
    WHERE c.organization_id = t.o AND c.contact_id = t.w AND l.profile_version > 0""")
_LOST_CONVERSATIONS = Query(
    "SELECT t.o, t.w, v.phone_number_id, extract(epoch FROM v.last_inbound_at)::bigint, "
    "coalesce(extract(epoch FROM v.window_expires_at), 0)::bigint, v.owner "
    f"FROM {_MERGED} JOIN router.conversation v ON (v.organization_id, v.contact_id) = (t.o, t.l)"
)

# What people noted of the loser's conversation goes to the winner's with the same number.
_BOTH = f"""{_MERGED}
    JOIN router.conversation l ON (l.organization_id, l.contact_id) = (t.o, t.l)"""
_MERGE_HANDLING = Query(f"""
    UPDATE router.conversation v SET
      tags = ARRAY(SELECT tag FROM unnest(v.tags || l.tags) WITH ORDINALITY x(tag, n) GROUP BY tag ORDER BY min(n))
    FROM {_BOTH} WHERE v.organization_id = t.o AND v.contact_id = t.w AND v.phone_number_id = l.phone_number_id
      AND l.tags <> '{{}}'""")
_MOVE_NOTES = Query(f"""
    UPDATE router.conversation_note n SET conversation_id = v.conversation_id, contact_id = t.w
    FROM {_BOTH}
    JOIN router.conversation v ON v.organization_id = t.o AND v.contact_id = t.w
      AND v.phone_number_id = l.phone_number_id
    WHERE n.organization_id = t.o AND n.conversation_id = l.conversation_id""")


def finding(identities: Collection[Identity], names: NameHasher) -> Step:
    """The step that reads what is known of identities."""
    listed = list(identities)
    hashes = [names.hash_of(identity.organization_id, identity.kind, identity.value) for identity in listed]
    return _FIND, {**_identity_columns(listed), "hashes": hashes}


def known_in(rows: Rows) -> Known:
    """What that step read."""
    contacts: dict[Identity, Contact] = {}
    erased: dict[Identity, int] = {}
    for organization_id, kind, value, erased_at, *row in rows:
        identity = Identity(organization_id, kind, value)
        if erased_at is None:
            # Names and the rest as Contact has them, the profile's columns last.
            contacts[identity] = Contact(organization_id, *[*row[:7], _profile(*row[7:])])
        else:
            erased[identity] = erased_at
    return Known(contacts, erased)


def _profile(
    version: int, attributes: str | None, tags: Sequence[str], language: str, opted_in: bool | None
) -> Profile:
    """Nearly nobody has one."""
    return Profile(version, (attributes or "").encode(), tuple(tags), language, opted_in) if version else NO_PROFILE


async def save_contacts(run: Run, changes: ContactChanges) -> None:
    """Write what changed. Raises Raced when a row that should be new is there already, or a merge came first."""
    written = list(_inserting(changes))
    if changes.merged:
        keys = {(m.organization_id, contact_id) for m in changes.merged for contact_id in (m.loser_id, m.winner_id)}
        columns = {"organizations": [key[0] for key in keys], "contacts": [key[1] for key in keys]}
        written.append(((_LOCK, columns), len(keys)))
    rest = [(_UPDATE, _contact_columns(changes.updated))] if changes.updated else []
    if changes.merged:
        await _run_counted(run, written, [])
        await _merge(run, changes.merged, rest)
    elif written or rest:
        await _run_counted(run, written, rest)


def _inserting(changes: ContactChanges) -> Sequence[tuple[Step, int]]:
    """The steps that insert, and how many rows each must bring."""
    steps: list[tuple[Step, int]] = []
    if changes.created:
        steps.append(((_CREATE, _contact_columns(changes.created)), len(changes.created)))
    if changes.linked:
        pairs = sorted(changes.linked)
        columns = _identity_columns([identity for identity, _ in pairs])
        columns["contacts"] = [contact_id for _, contact_id in pairs]
        steps.append(((_LINK, columns), len(pairs)))
    return steps


async def _run_counted(run: Run, counted: Sequence[tuple[Step, int]], rest: Sequence[Step]) -> None:
    """Run all in one journey. Raises Raced when one of `counted` brought other than its rows."""
    answers = await run([*(step for step, _ in counted), *rest])
    # A conflicting row is committed by now (the insert waited for it), so the next try sees it.
    if any(len(rows) != count for rows, (_, count) in zip(answers, counted, strict=False)):
        raise Raced


async def _merge(run: Run, merges: Sequence[Merge], rest: Sequence[Step]) -> None:
    """Merge contacts that are locked, then run `rest`."""
    columns: dict[str, list[Any]] = {
        "organizations": [merge.organization_id for merge in merges],
        "losers": [merge.loser_id for merge in merges],
        "winners": [merge.winner_id for merge in merges],
    }
    *_, lost = await run([
        (_MERGE, columns), (_MERGE_PROFILES, columns), (_MOVE_IDENTITIES, columns), (_LOST_CONVERSATIONS, columns),
    ])  # fmt: skip
    inherited = combine([_inherited(*row) for row in lost])
    handling = (
        [touching(inherited), (_MERGE_HANDLING, columns), (_MOVE_NOTES, columns), *following(columns)]
        if inherited
        else []
    )
    steps = [*handling, *rest]
    if steps:
        await run(steps)


def _inherited(
    organization_id: UUID, winner_id: UUID, number: str, last_inbound_at: int, window_expires_at: int, owner: Any
) -> Touch:
    """The loser's conversation as a touch of the winner's: its window and a person's ownership live on."""
    conversation_id = conversation_id_of(winner_id, number)
    return Touch(organization_id, conversation_id, winner_id, number, last_inbound_at, window_expires_at, owner)


def _identity_columns(identities: Sequence[Identity]) -> dict[str, list[Any]]:
    return {
        "organizations": [identity.organization_id for identity in identities],
        "kinds": [identity.kind for identity in identities],
        "values": [identity.value for identity in identities],
    }


def _contact_columns(contacts: Sequence[Contact]) -> dict[str, list[Any]]:
    ordered = sorted(contacts, key=lambda contact: (contact.organization_id, contact.contact_id))
    return {
        "organizations": [contact.organization_id for contact in ordered],
        "contacts": [contact.contact_id for contact in ordered],
        "names": [contact.name for contact in ordered],
        "wa_ids": [contact.wa_id for contact in ordered],
        "user_ids": [contact.user_id for contact in ordered],
        "parents": [contact.parent_user_id for contact in ordered],
        "not_before": [contact.not_before for contact in ordered],
    }
