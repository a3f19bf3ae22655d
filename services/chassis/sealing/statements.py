"""The SQL of re-sealing, made for one column. A value's key is told by its first 4 bytes."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.db import Query


@dataclass(frozen=True, slots=True)
class ColumnStatements:
    """What is asked of one column with sealed values; names of tables and columns are constants of the rooms."""

    owners: Query | None
    count: Query
    old: Query
    swap: Query


def statements_for(*, table: str, column: str, key: str, owners: str) -> ColumnStatements:
    """Write the statements for `column` of `table`, whose primary key is (organization_id, `key`)."""
    return ColumnStatements(
        owners=Query(f"""
            SELECT organization_id FROM {owners} WHERE organization_id > %(after)b::uuid
            ORDER BY organization_id LIMIT %(limit)b::bigint""")
        if owners
        else None,
        count=Query(f"""
            SELECT substring({column} FROM 1 FOR 4), count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1"""),
        old=Query(f"""
            SELECT organization_id, {key}::text, {column} FROM {table}
            WHERE {column} IS NOT NULL AND substring({column} FROM 1 FOR 4) <> %(active)b::bytea
              AND (organization_id, {key}::text) > (%(organization_id)b::uuid, %(key)b::text)
            ORDER BY organization_id, {key}::text LIMIT %(limit)b::bigint"""),
        # Compare and set: a value that somebody put in meanwhile is another one, and stays.
        swap=Query(f"""
            UPDATE {table} s SET {column} = t.becomes
            FROM unnest(%(organizations)b::uuid[], %(keys)b::text[], %(was)b::bytea[], %(becomes)b::bytea[])
                 t(o, k, was, becomes)
            WHERE s.organization_id = t.o AND s.{key}::text = t.k AND s.{column} = t.was
            RETURNING 1"""),
    )
