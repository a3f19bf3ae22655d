"""Conversations created and updated by messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.chassis.db import Connection, fetch_all
from services.router.domain.conversation import Conversation, Touch

# Times and windows only grow. A touch makes a conversation a person's (after a merge) but never the bot's: an inbound
# message never switches the bot on.
_TOUCH = """
    INSERT INTO router.conversation AS c
      (organization_id, conversation_id, contact_id, phone_number_id, last_inbound_at, window_expires_at, owner)
    SELECT o, v, c, n, to_timestamp(a), CASE WHEN w > 0 THEN to_timestamp(w) END, r
    FROM unnest(%(organizations)b::uuid[], %(conversations)b::uuid[], %(contacts)b::uuid[], %(numbers)b::text[],
                %(times)b::bigint[], %(windows)b::bigint[], %(owners)b::text[]) t(o, v, c, n, a, w, r)
    ON CONFLICT (organization_id, conversation_id) DO UPDATE SET
      last_inbound_at = greatest(c.last_inbound_at, excluded.last_inbound_at),
      window_expires_at = greatest(c.window_expires_at, excluded.window_expires_at),
      owner = CASE WHEN excluded.owner = 'person' THEN 'person' ELSE c.owner END
    RETURNING organization_id, conversation_id, contact_id, phone_number_id, owner,
              extract(epoch FROM last_inbound_at)::bigint, coalesce(extract(epoch FROM window_expires_at), 0)::bigint"""


async def touch_conversations(connection: Connection, touches: Sequence[Touch]) -> Mapping[UUID, Conversation]:
    """Upsert one touch a conversation; `touches` are sorted by key."""
    values = {
        "organizations": [touch.organization_id for touch in touches],
        "conversations": [touch.conversation_id for touch in touches],
        "contacts": [touch.contact_id for touch in touches],
        "numbers": [touch.phone_number_id for touch in touches],
        "times": [touch.last_inbound_at for touch in touches],
        "windows": [touch.window_expires_at for touch in touches],
        "owners": [touch.owner for touch in touches],
    }
    rows = await fetch_all(connection, _TOUCH, values)
    return {row[1]: Conversation(*row) for row in rows}
