"""Message templates and the accounts they are read from, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query, Step
from services.sender.domain.templates import (
    Account,
    Kept,
    News,
    Shape,
    Template,
    TemplateKey,
    TemplateState,
    shape_of_text,
)

_ACCOUNT = "organization_id = %(organization)b::uuid AND waba_id = %(waba_id)b::text"
_TEMPLATE = f"{_ACCOUNT} AND name = %(name)b::text"
_COLUMNS = "waba_id, name, language, template_id, category, status, quality, reason, components, synced_at"

_TELL = Query("""
    INSERT INTO sender.template AS t
      (organization_id, waba_id, name, language, template_id, category, status, quality, reason, told_at)
    VALUES (%(organization)b::uuid, %(waba_id)b::text, %(name)b::text, %(language)b::text, %(template_id)b::text,
            %(category)b::text, %(status)b::text, %(quality)b::text, %(reason)b::text,
            to_timestamp(%(told_at_ms)b::bigint / 1000.0))
    ON CONFLICT (organization_id, waba_id, name, language) DO UPDATE SET
      template_id = coalesce(NULLIF(excluded.template_id, ''), t.template_id),
      category = coalesce(NULLIF(excluded.category, ''), t.category),
      status = coalesce(NULLIF(excluded.status, ''), t.status),
      quality = coalesce(NULLIF(excluded.quality, ''), t.quality),
      reason = CASE WHEN excluded.status <> '' THEN excluded.reason ELSE t.reason END,
      components = CASE WHEN %(is_edited)b::bool THEN '' ELSE t.components END, told_at = excluded.told_at
    WHERE t.told_at < excluded.told_at
    RETURNING 1""")
# News come in swarms: a moment later one reading serves them all.
_WANT = Query("""
    INSERT INTO sender.template_account AS a (organization_id, waba_id, due_at)
    VALUES (%(organization)b::uuid, %(waba_id)b::text, now() + interval '5 s')
    ON CONFLICT (organization_id, waba_id) DO UPDATE SET due_at = least(a.due_at, excluded.due_at)""")

# LIMIT keeps each look-up one descent of the index. Of two accounts that both have it nobody knows which is meant.
_SHAPES = Query("""
    SELECT t.n, x.components FROM unnest(%(groups)b::uuid[], %(accounts)b::text[], %(names)b::text[],
      %(languages)b::text[]) WITH ORDINALITY t(o, a, name, language, n)
    CROSS JOIN LATERAL (
      SELECT components FROM sender.template
      WHERE organization_id = t.o AND name = t.name AND language = t.language AND (t.a = '' OR waba_id = t.a)
        AND components <> '' LIMIT 2) x""")

_STATE = Query("""
    SELECT status, reason, quality FROM sender.template
    WHERE organization_id = %(organization)b::uuid AND name = %(name)b::text AND language = %(language)b::text
      AND (%(waba_id)b::text = '' OR waba_id = %(waba_id)b::text) LIMIT 2""")

_LIST = Query(f"""
    SELECT {_COLUMNS} FROM sender.template
    WHERE organization_id = %(organization)b::uuid AND (%(waba_id)b::text = '' OR waba_id = %(waba_id)b::text)
    ORDER BY name, language, waba_id""")
_IS_SYNCED = Query("""
    SELECT EXISTS (SELECT 1 FROM sender.template_account
      WHERE organization_id = %(organization)b::uuid AND synced_at IS NOT NULL
        AND (%(waba_id)b::text = '' OR waba_id = %(waba_id)b::text))""")

_LOCK_ACCOUNT = Query("""
    INSERT INTO sender.template_account AS a (organization_id, waba_id, phone_number_id, synced_at, due_at)
    VALUES (%(organization)b::uuid, %(waba_id)b::text, %(number)b::text, now(), now() + interval '1 day')
    ON CONFLICT (organization_id, waba_id) DO UPDATE SET
      phone_number_id = excluded.phone_number_id, synced_at = excluded.synced_at, due_at = excluded.due_at""")
_REMOVE_OTHERS = Query(f"""
    WITH gone AS (
      DELETE FROM sender.template WHERE {_ACCOUNT} AND NOT EXISTS (
        SELECT 1 FROM unnest(%(names)b::text[], %(languages)b::text[]) k(n, l) WHERE k.n = name AND k.l = language)
      RETURNING 1)
    SELECT count(*) FROM gone""")
_PUT = Query("""
    WITH written AS (
      INSERT INTO sender.template AS t
        (organization_id, waba_id, name, language, template_id, category, status, quality, reason, components,
         synced_at)
      SELECT %(organization)b::uuid, %(waba_id)b::text, n, l, i, c, s, q, r, p, now()
      FROM unnest(%(names)b::text[], %(languages)b::text[], %(ids)b::text[], %(categories)b::text[],
                  %(statuses)b::text[], %(qualities)b::text[], %(reasons)b::text[], %(components)b::text[])
           k(n, l, i, c, s, q, r, p) ORDER BY n, l
      ON CONFLICT (organization_id, waba_id, name, language) DO UPDATE SET
        template_id = excluded.template_id, category = excluded.category, status = excluded.status,
        quality = coalesce(NULLIF(excluded.quality, ''), t.quality), reason = excluded.reason,
        components = excluded.components, synced_at = excluded.synced_at
      RETURNING 1)
    SELECT count(*) FROM written""")
_REMOVE = Query(f"""
    WITH gone AS (
      DELETE FROM sender.template WHERE {_TEMPLATE} AND (%(language)b::text = '' OR language = %(language)b::text)
      RETURNING 1)
    SELECT count(*) FROM gone""")

# Whoever takes an account puts the next moment there: another replica takes another one.
_TAKE_DUE = Query("""
    UPDATE sender.template_account a SET due_at = now() + %(rest)b::float8 * interval '1 s'
    FROM (SELECT organization_id, waba_id FROM sender.template_account WHERE due_at <= now()
          ORDER BY due_at LIMIT %(limit)b::bigint FOR UPDATE SKIP LOCKED) d
    WHERE (a.organization_id, a.waba_id) = (d.organization_id, d.waba_id)
    RETURNING a.organization_id, a.waba_id, a.phone_number_id""")
_NUMBERS = Query("""
    SELECT n.organization_id, n.waba_id, n.phone_number_id FROM sender.number n
    WHERE n.organization_id = ANY (%(groups)b::uuid[]) AND n.waba_id = ANY (%(accounts)b::text[])
    ORDER BY 1, 2, 3""")


class PostgresTemplates:
    """See ports.TemplateStore."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def apply_news(self, news: Sequence[tuple[UUID, News]]) -> list[bool]:
        """See ports.TemplateStore."""
        if not news:
            return []
        steps: list[Step] = [step for organization_id, each in news for step in _telling(organization_id, each)]
        rows = await self._database.batch({organization_id for organization_id, _ in news}, steps)
        return [bool(told) for told in rows[::2]]

    async def shapes(self, keys: Sequence[TemplateKey]) -> list[Shape | None]:
        """See ports.TemplateStore."""
        names = [key.template.rpartition("/") for key in keys]
        values = {
            "groups": [key.organization_id for key in keys],
            "accounts": [key.waba_id for key in keys],
            "names": [name for name, _, _ in names],
            "languages": [language for _, _, language in names],
        }
        (rows,) = await self._database.batch({key.organization_id for key in keys}, [(_SHAPES, values)], durable=False)
        found: dict[int, list[str]] = {}
        for place, components in rows:
            found.setdefault(place - 1, []).append(components)
        return [_only(found.get(place, ())) for place in range(len(keys))]

    async def state_of(self, key: TemplateKey) -> TemplateState:
        """See ports.TemplateStore."""
        name, _, language = key.template.rpartition("/")
        values = {"organization": key.organization_id, "waba_id": key.waba_id, "name": name, "language": language}
        (rows,) = await self._database.batch([key.organization_id], [(_STATE, values)], durable=False)
        return TemplateState(*rows[0]) if len(rows) == 1 else TemplateState()

    async def listed(self, *, organization_id: UUID, waba_id: str) -> Kept:
        """See ports.TemplateStore."""
        values = {"organization": organization_id, "waba_id": waba_id}
        rows, ((is_synced,),) = await self._database.batch(
            [organization_id], [(_LIST, values), (_IS_SYNCED, values)], durable=False
        )
        return Kept(templates=[_template(row) for row in rows], is_synced=is_synced)

    async def replace(
        self, *, organization_id: UUID, waba_id: str, phone_number_id: str, templates: Sequence[Template]
    ) -> tuple[int, int]:
        """See ports.TemplateStore."""
        account = {"organization": organization_id, "waba_id": waba_id, "number": phone_number_id}
        values = account | _columns(templates)
        async with self._database.journey([organization_id]) as journey:
            # The account's row keeps two readings apart.
            _, rows = await journey.run([(_LOCK_ACCOUNT, account), (_LIST, account)])
            known = {(row[1], row[2]): _content(_template(row)) for row in rows}
            changed = sum(known.get((each.name, each.language)) != _content(each) for each in templates)
            ((removed,),), _ = await journey.commit([(_REMOVE_OTHERS, values), (_PUT, values)])
        return changed, removed

    async def put(self, *, organization_id: UUID, template: Template) -> None:
        """See ports.TemplateStore."""
        values = {"organization": organization_id, "waba_id": template.waba_id} | _columns([template])
        entry = AuditEntry(
            organization_id,
            "template.create",
            f"template:{template.name}/{template.language}",
            before=None,
            after=digest_of([template.category, template.components]),
        )
        async with self._database.journey([organization_id]) as journey:
            await journey.run(self._audit.locking([organization_id]))
            await journey.commit([(_PUT, values), (_WANT, values), *self._audit.steps([entry])])

    async def remove(self, *, organization_id: UUID, waba_id: str, name: str, language: str) -> int:
        """See ports.TemplateStore."""
        values = {"organization": organization_id, "waba_id": waba_id, "name": name, "language": language}
        place = f"template:{name}/{language or '*'}"
        entry = AuditEntry(organization_id, "template.delete", place, before=digest_of([name, language]), after=None)
        async with self._database.journey([organization_id]) as journey:
            await journey.run(self._audit.locking([organization_id]))
            ((removed,),), *_ = await journey.commit([(_REMOVE, values), *self._audit.steps([entry])])
        return int(removed)

    async def due(self, *, limit: int, rest_seconds: float) -> list[Account]:
        """See ports.TemplateStore."""
        (taken,) = await self._database.batch([], [(_TAKE_DUE, {"limit": limit, "rest": rest_seconds})])
        if not taken:
            return []
        groups = sorted({row[0] for row in taken})
        values = {"groups": groups, "accounts": sorted({row[1] for row in taken})}
        (rows,) = await self._database.batch(groups, [(_NUMBERS, values)], durable=False)
        numbers: dict[tuple[UUID, str], list[str]] = {(row[0], row[1]): [row[2]] if row[2] else [] for row in taken}
        for organization_id, waba_id, phone_number_id in rows:
            known = numbers.get((organization_id, waba_id))
            if known is not None and phone_number_id not in known:
                known.append(phone_number_id)
        return [Account(*key, tuple(found)) for key, found in numbers.items()]


def _telling(organization_id: UUID, news: News) -> list[Step]:
    values = {
        "organization": organization_id,
        "waba_id": news.waba_id,
        "name": news.name,
        "language": news.language,
        "template_id": news.template_id,
        "category": news.category,
        "status": news.status,
        "quality": news.quality,
        "reason": news.reason,
        "is_edited": news.is_edited,
        "told_at_ms": news.told_at_ms,
    }
    return [(_TELL, values), (_WANT, values)]


def _columns(templates: Sequence[Template]) -> dict[str, object]:
    return {
        "names": [each.name for each in templates],
        "languages": [each.language for each in templates],
        "ids": [each.template_id for each in templates],
        "categories": [each.category for each in templates],
        "statuses": [each.status for each in templates],
        "qualities": [each.quality for each in templates],
        "reasons": [each.reason for each in templates],
        "components": [each.components for each in templates],
    }


def _template(row: Sequence[Any]) -> Template:
    return Template(
        waba_id=row[0],
        name=row[1],
        language=row[2],
        template_id=row[3],
        category=row[4],
        status=row[5],
        quality=row[6],
        reason=row[7],
        components=row[8],
        synced_at=row[9],
    )


def _content(template: Template) -> tuple[str, ...]:
    return template.template_id, template.category, template.status, template.reason, template.components


def _only(found: Sequence[str]) -> Shape | None:
    """The shape, if all that have this name agree on it."""
    shapes = {shape_of_text(components) for components in found}
    return shapes.pop() if len(shapes) == 1 else None
