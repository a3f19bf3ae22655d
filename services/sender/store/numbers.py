"""What is known of numbers, in Postgres; access tokens are kept sealed beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query
from services.sender.ports import Key, NumberFacts

Open = Callable[[UUID, str, bytes], str | None]
"""An organization, a number and its sealed token: the token, None when it does not open."""

# A number without a token may still have limits, and the other way round.
_READ = Query("""
    SELECT t.o, t.n, c.sealed, n.waba_id, n.portfolio_id, n.messages_per_second, n.users_per_day
    FROM unnest(%(groups)b::uuid[], %(numbers)b::text[]) t(o, n)
    LEFT JOIN sender.credential c ON (c.organization_id, c.phone_number_id) = (t.o, t.n)
    LEFT JOIN sender.number n ON (n.organization_id, n.phone_number_id) = (t.o, t.n)""")
_PUT_ACCOUNTS = Query("""
    INSERT INTO sender.number AS n (organization_id, phone_number_id, waba_id)
    SELECT * FROM unnest(%(groups)b::uuid[], %(numbers)b::text[], %(accounts)b::text[]) ORDER BY 1, 2
    ON CONFLICT (organization_id, phone_number_id) DO UPDATE SET waba_id = excluded.waba_id
    WHERE n.waba_id <> excluded.waba_id""")
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
                messages_per_second=row[5] or 0,
                users_per_day=row[6] or 0,
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
