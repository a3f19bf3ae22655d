"""What is known of numbers, in Postgres; access tokens are kept sealed beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query, Step
from services.sender.domain.number_news import NumberNews, lesser
from services.sender.ports import Key, NumberFacts

Open = Callable[[UUID, str, bytes], str | None]
"""An organization, a number and its sealed token: the token, None when it does not open."""

# A number without a token may still have limits, and the other way round.
_READ = Query("""
    SELECT t.o, t.n, c.sealed, n.waba_id, n.portfolio_id, n.messages_per_second, n.users_per_day, n.told_per_second,
           p.told_users_per_day, n.told_quality
    FROM unnest(%(groups)b::uuid[], %(numbers)b::text[]) t(o, n)
    LEFT JOIN sender.credential c ON (c.organization_id, c.phone_number_id) = (t.o, t.n)
    LEFT JOIN sender.number n ON (n.organization_id, n.phone_number_id) = (t.o, t.n)
    LEFT JOIN sender.portfolio p ON (p.organization_id, p.portfolio_id) = (t.o, coalesce(n.portfolio_id, ''))""")
_PUT_ACCOUNTS = Query("""
    INSERT INTO sender.number AS n (organization_id, phone_number_id, waba_id)
    SELECT * FROM unnest(%(groups)b::uuid[], %(numbers)b::text[], %(accounts)b::text[]) ORDER BY 1, 2
    ON CONFLICT (organization_id, phone_number_id) DO UPDATE SET waba_id = excluded.waba_id
    WHERE n.waba_id <> excluded.waba_id""")
# What is not told leaves what is known. A webhook that tells the same again writes nothing.
_TELL_NUMBERS = Query("""
    INSERT INTO sender.number AS n (organization_id, phone_number_id, waba_id, told_per_second, told_quality, told_at)
    SELECT * FROM unnest(%(groups)b::uuid[], %(numbers)b::text[], %(accounts)b::text[], %(speeds)b::int[],
                         %(qualities)b::text[], %(times)b::timestamptz[])
    ON CONFLICT (organization_id, phone_number_id) DO UPDATE SET
      told_per_second = CASE WHEN excluded.told_per_second > 0 THEN excluded.told_per_second ELSE n.told_per_second END,
      told_quality = CASE WHEN excluded.told_quality <> '' THEN excluded.told_quality ELSE n.told_quality END,
      told_at = excluded.told_at
    WHERE coalesce(n.told_at, '-infinity') <= excluded.told_at AND (
      excluded.told_per_second NOT IN (0, n.told_per_second) OR excluded.told_quality NOT IN ('', n.told_quality))""")
# The portfolio of the number, or those of the account's numbers; a number that is not known has the organization's one.
_TELL_PORTFOLIOS = Query("""
    INSERT INTO sender.portfolio AS p (organization_id, portfolio_id, told_users_per_day, told_at)
    SELECT DISTINCT t.o, coalesce(n.portfolio_id, ''), t.users, t.told
    FROM unnest(%(groups)b::uuid[], %(numbers)b::text[], %(accounts)b::text[], %(users)b::int[],
                %(times)b::timestamptz[]) t(o, number, account, users, told)
    LEFT JOIN sender.number n ON n.organization_id = t.o AND CASE
      WHEN t.number <> '' THEN n.phone_number_id = t.number ELSE n.waba_id = t.account END
    ORDER BY 1, 2
    ON CONFLICT (organization_id, portfolio_id) DO UPDATE SET
      told_users_per_day = excluded.told_users_per_day, told_at = excluded.told_at
    WHERE p.told_at <= excluded.told_at AND p.told_users_per_day <> excluded.told_users_per_day""")
_LOCK = Query("""
    SELECT waba_id, portfolio_id, messages_per_second, users_per_day FROM sender.number
    WHERE organization_id = %(organization_id)s::uuid AND phone_number_id = %(phone_number_id)s::text FOR UPDATE""")
_PUT = Query("""
    INSERT INTO sender.number AS n
      (organization_id, phone_number_id, waba_id, portfolio_id, messages_per_second, users_per_day)
    VALUES (%(organization_id)s::uuid, %(phone_number_id)s::text, %(waba_id)s::text, %(portfolio_id)s::text,
            %(messages_per_second)s::int, %(users_per_day)s::int)
    ON CONFLICT (organization_id, phone_number_id) DO UPDATE SET
      waba_id = excluded.waba_id, portfolio_id = excluded.portfolio_id,
      messages_per_second = excluded.messages_per_second, users_per_day = excluded.users_per_day""")


class PostgresNumbers:
    """See ports.NumberStore."""

    def __init__(self, database: Database, open_token: Open, audit: AuditLog) -> None:
        self._database = database
        self._open = open_token
        self._audit = audit

    async def facts(self, keys: Sequence[Key]) -> dict[Key, NumberFacts]:
        """See ports.NumberStore; a token that does not open is none."""
        values = {"groups": [key[0] for key in keys], "numbers": [key[1] for key in keys]}
        (rows,) = await self._database.batch({key[0] for key in keys}, [(_READ, values)], durable=False)
        return {
            (row[0], row[1]): NumberFacts(
                token=None if row[2] is None else self._open(row[0], row[1], bytes(row[2])),
                waba_id=row[3] or "",
                portfolio_id=row[4] or "",
                messages_per_second=lesser(row[5] or 0, row[7] or 0),
                users_per_day=lesser(row[6] or 0, row[8] or 0),
                quality=row[9] or "",
            )
            for row in rows
        }

    async def put_accounts(self, accounts: Mapping[Key, str]) -> None:
        """See ports.NumberStore."""
        ordered = sorted(accounts)
        values = {
            "groups": [key[0] for key in ordered],
            "numbers": [key[1] for key in ordered],
            "accounts": [accounts[key] for key in ordered],
        }
        await self._database.batch({key[0] for key in ordered}, [(_PUT_ACCOUNTS, values)])

    async def tell(self, news: Sequence[tuple[UUID, NumberNews]]) -> None:
        """See ports.NumberStore."""
        # One by one: two about the same number hold in their order.
        steps = [step for organization_id, each in news for step in _telling(organization_id, each)]
        if steps:
            await self._database.batch({organization_id for organization_id, _ in news}, steps)

    async def put_limits(self, *, organization_id: UUID, phone_number_id: str, facts: NumberFacts) -> bool:
        """See ports.NumberStore."""
        values: dict[str, object] = {"organization_id": organization_id, "phone_number_id": phone_number_id}
        async with self._database.journey([organization_id]) as journey:
            *_, rows = await journey.run([*self._audit.locking([organization_id]), (_LOCK, values)])
            before = tuple(rows[0]) if rows else ("", "", 0, 0)
            after = (
                facts.waba_id or before[0],
                facts.portfolio_id,
                facts.messages_per_second,
                facts.users_per_day,
            )
            if after == before:
                return False
            entry = AuditEntry(
                organization_id,
                "number_limits.put",
                f"number_limits:{phone_number_id}",
                before=_digest(before) if rows else None,
                after=_digest(after),
            )
            names = ("waba_id", "portfolio_id", "messages_per_second", "users_per_day")
            put = (_PUT, values | dict(zip(names, after, strict=True)))
            await journey.commit([put, *self._audit.steps([entry])])
        return True


def _digest(limits: tuple[object, ...]) -> bytes:
    names = ("waba_id", "portfolio_id", "messages_per_second", "users_per_day")
    return digest_of(dict(zip(names, limits, strict=True)))


def _telling(organization_id: UUID, news: NumberNews) -> list[Step]:
    values = {
        "groups": [organization_id],
        "numbers": [news.phone_number_id],
        "accounts": [news.waba_id],
        "times": [datetime.fromtimestamp(news.told_at_ms / 1000, UTC)],
    }
    steps: list[Step] = []
    if news.phone_number_id and (news.messages_per_second or news.quality):
        told = {"speeds": [news.messages_per_second], "qualities": [news.quality]}
        steps.append((_TELL_NUMBERS, values | told))
    if news.users_per_day is not None:
        steps.append((_TELL_PORTFOLIOS, values | {"users": [news.users_per_day]}))
    return steps
