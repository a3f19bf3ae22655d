"""The table of a room's audit log, as migrations create it."""

from __future__ import annotations


def create_audit(room: str) -> list[str]:
    """Statements that create a room's log. roles.sql lets the room's role read and add, and nobody change or remove."""
    return [
        f"""
        CREATE TABLE {room}.audit_event (
          organization_id uuid NOT NULL, seq bigint NOT NULL,
          at timestamptz NOT NULL,
          actor text NOT NULL, action text NOT NULL, object text NOT NULL,
          before_digest bytea, after_digest bytea,
          entry text NOT NULL, prev_hash bytea NOT NULL, hash bytea NOT NULL,
          PRIMARY KEY (organization_id, seq)
        )
        """
    ]
