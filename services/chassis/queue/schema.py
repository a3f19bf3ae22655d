"""The tables of a box, as migrations create them."""

from __future__ import annotations

from services.chassis.queue.box import Box

# Meta repeats a webhook for up to 7 days; items are kept longer than that to know repeats (facts: 7 days + margin).
KEEP_DAYS = 9


def create_box(box: Box) -> list[str]:
    """Statements that create a box. Items are partitioned by week: append-only, dropped whole, never vacuumed.

    autovacuum is set for the narrow, busy lane row; fillfactor leaves room for updates in place.
    """
    group, path = box.group, box.path
    return [
        f"""
        CREATE TABLE {path}_lane (
          {group} uuid NOT NULL, lane_id uuid NOT NULL,
          tail bigint NOT NULL DEFAULT 0,
          head bigint NOT NULL DEFAULT 0,
          wake_at timestamptz,
          lease uuid,
          attempts int NOT NULL DEFAULT 0, solo int NOT NULL DEFAULT 0, last_error text,
          PRIMARY KEY ({group}, lane_id),
          CHECK (head <= tail), CHECK (wake_at IS NOT NULL OR head = tail)
        ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)
        """,
        f"CREATE INDEX ON {path}_lane (wake_at) WHERE wake_at IS NOT NULL",
        f"CREATE INDEX ON {path}_lane ({group}, wake_at) WHERE wake_at IS NOT NULL",
        f"""
        CREATE TABLE {path}_item (
          {group} uuid NOT NULL, lane_id uuid NOT NULL, pos bigint NOT NULL,
          event_id text NOT NULL, received_at timestamptz NOT NULL DEFAULT now(), payload bytea NOT NULL,
          PRIMARY KEY ({group}, lane_id, pos, received_at)
        ) PARTITION BY RANGE (received_at)
        """,
        f"CREATE INDEX ON {path}_item (event_id)",
        f"CREATE INDEX ON {path}_item (received_at)",
        f"""
        CREATE TABLE {path}_dead (
          {group} uuid NOT NULL, dead_id bigint GENERATED ALWAYS AS IDENTITY, lane_id uuid NOT NULL,
          event_id text NOT NULL, received_at timestamptz NOT NULL, payload bytea NOT NULL,
          attempts int NOT NULL, error text NOT NULL, died_at timestamptz NOT NULL DEFAULT now(),
          replays int NOT NULL DEFAULT 0,
          PRIMARY KEY ({group}, dead_id)
        )
        """,
        f"SELECT app.ensure_partitions('{path}_item', 'week', 3)",
    ]


def without_time_index(box: Box) -> list[str]:
    """Statements that take a box's index on received_at away: partitions bound the time, and every item paid for it."""
    return [f"DROP INDEX IF EXISTS {box.path}_item_received_at_idx"]
