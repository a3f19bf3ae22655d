"""Whose word keeps what from leaving: read in the transaction that permits a call, written as it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.chassis.db import Database, Query, Rows, Step, Transaction
from services.chassis.sealing import NameHasher
from services.sender.domain.consent import OptOut, judged
from services.sender.domain.message import Key, key_of
from services.sender.domain.settling import Wish
from services.sender.ports import Wanted, WordFate
from services.sender.store.statements import FIND_ERASED

# Only words that hold come back: nearly none. LIMIT keeps each look-up one descent of the primary key.
_READ = Query("""
    SELECT t.o, t.k, o.kind, extract(epoch FROM o.said_at)::float8, coalesce((
      SELECT category FROM sender.template
      WHERE organization_id = t.o AND name = t.n AND language = t.l AND category <> '' ORDER BY waba_id LIMIT 1), '')
    FROM unnest(%(groups)b::uuid[], %(ids)b::uuid[], %(recipients)b::text[], %(names)b::text[],
                %(languages)b::text[]) t(o, k, r, n, l)
    CROSS JOIN LATERAL (
      SELECT kind, said_at FROM sender.opt_out
      WHERE organization_id = t.o AND is_out AND recipient = ANY (ARRAY (
        SELECT t.r UNION ALL SELECT other FROM sender.alias WHERE organization_id = t.o AND recipient = t.r LIMIT 4))
      LIMIT 8) o""")

# A word holds for the person, whichever of their numbers Meta names.
_NAMES = """
      SELECT unnest(%(recipients)b::text[]) AS r
      UNION SELECT other FROM sender.alias
      WHERE organization_id = %(organization)b::uuid AND recipient = ANY (%(recipients)b::text[])"""
_VALUES = f"organization_id = %(organization)b::uuid AND recipient IN ({_NAMES})"
_SAID = "to_timestamp(%(said_at_ms)b::bigint / 1000.0)"
_STOP = Query(f"""
    INSERT INTO sender.opt_out AS o (organization_id, recipient, kind, source, said_at)
    SELECT %(organization)b::uuid, n.r, %(kind)b::text, %(source)b::text, {_SAID}
    FROM ({_NAMES}) n ORDER BY r
    ON CONFLICT (organization_id, recipient, kind) DO UPDATE
    SET is_out = true, source = excluded.source, said_at = excluded.said_at WHERE o.said_at <= excluded.said_at""")
# Whoever wants everything again wants marketing too.
_RESUME = Query(f"""
    UPDATE sender.opt_out SET is_out = false, source = %(source)b::text, said_at = {_SAID}
    WHERE {_VALUES} AND (kind = %(kind)b::text OR %(kind)b::text = 'all') AND said_at <= {_SAID}""")
_HOLDS = Query(f"""
    SELECT EXISTS (SELECT 1 FROM sender.opt_out WHERE {_VALUES} AND (kind = %(kind)b::text OR %(kind)b::text = 'all')
      AND is_out = %(is_out)b::bool AND said_at = {_SAID})""")


class PostgresConsent:
    """See ports.ConsentStore."""

    def __init__(self, database: Database, names: NameHasher) -> None:
        """`names` knows the names of people who were erased."""
        self._database = database
        self._names = names

    async def apply(self, wanted: Sequence[Wanted]) -> list[WordFate]:
        """See ports.ConsentStore."""
        if not wanted:
            return []
        async with self._database.journey({each.organization_id for each in wanted}) as journey:
            erased = await self._of_erased(journey, wanted)
            steps = [step for n, each in enumerate(wanted) if n not in erased for step in _applying(each)]
            answers = iter((await journey.commit(steps))[1::2])
        return ["erased" if n in erased else "holds" if next(answers)[0][0] else "nothing" for n in range(len(wanted))]

    async def _of_erased(self, journey: Transaction, wanted: Sequence[Wanted]) -> set[int]:
        """Of the words, those said before somebody of their names was erased."""
        hashes = {n: self._hashes(each) for n, each in enumerate(wanted)}
        asked = [(wanted[n].organization_id, each) for n, of_one in hashes.items() for each in of_one]
        values = {"groups": [pair[0] for pair in asked], "hashes": [pair[1] for pair in asked]}
        (rows,) = await journey.run([(FIND_ERASED, values)])
        erased = {bytes(row[0]): row[1] for row in rows}
        return {
            n
            for n, of_one in hashes.items()
            if any(each in erased and wanted[n].said_at_ms <= erased[each] for each in of_one)
        }

    def _hashes(self, wanted: Wanted) -> list[bytes]:
        """A name may be a phone number or a user id: no text is both."""
        kinds = ("wa_id", "user_id")
        return [self._names.hash_of(wanted.organization_id, kind, name) for name in wanted.recipients for kind in kinds]


def reading_opt_outs(wishes: Sequence[tuple[UUID, Wish]]) -> list[Step]:
    """The step that reads what holds for whom these messages go to; none when they go to nobody by name."""
    asked = [(group_id, wish, name) for group_id, wish in wishes for name in wish.recipients]
    if not asked:
        return []
    templates = [wish.template.rpartition("/") for _, wish, _ in asked]
    return [
        (
            _READ,
            {
                "groups": [group_id for group_id, _, _ in asked],
                "ids": [wish.message_id for _, wish, _ in asked],
                "recipients": [name for _, _, name in asked],
                "names": [name for name, _, _ in templates],
                "languages": [language for _, _, language in templates],
            },
        )
    ]


class Words:
    """The words that hold, by message (the rows of `reading_opt_outs`)."""

    def __init__(self, rows: Rows) -> None:
        self._opt_outs: dict[Key, list[OptOut]] = {}
        self._categories: dict[Key, str] = {}
        for organization_id, message_id, kind, said_at, category in rows:
            key = key_of(organization_id, message_id)
            self._opt_outs.setdefault(key, []).append(OptOut(kind, said_at))
            self._categories[key] = category

    def judge(self, organization_id: UUID, wish: Wish) -> Wish:
        """The wish, refused when its recipient wants no such message."""
        key = key_of(organization_id, wish.message_id)
        opt_outs = self._opt_outs.get(key)
        return wish if opt_outs is None else judged(wish, opt_outs, category=self._categories[key])


def _applying(wanted: Wanted) -> tuple[Step, Step]:
    values: Mapping[str, object] = {
        "organization": wanted.organization_id,
        "recipients": sorted(set(wanted.recipients)),
        "kind": wanted.kind,
        "source": wanted.source,
        "said_at_ms": wanted.said_at_ms,
        "is_out": wanted.is_out,
    }
    return (_STOP if wanted.is_out else _RESUME, values), (_HOLDS, values)
