"""Conversations created and updated by messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.chassis.db import Query, Rows, Step
from services.router.domain.conversation import Conversation, Touch
from services.router.ports import Guess

# Times and windows only grow. A touch makes a conversation a person's (after a merge) but never the bot's: an inbound
# message never switches the bot on.
_UPDATE = """
    ON CONFLICT (organization_id, conversation_id) DO UPDATE SET
      last_inbound_at = greatest(v.last_inbound_at, excluded.last_inbound_at),
      window_expires_at = greatest(v.window_expires_at, excluded.window_expires_at),
      owner = CASE WHEN excluded.owner = 'person' THEN 'person' ELSE v.owner END
    RETURNING organization_id, conversation_id, contact_id, phone_number_id, owner,
              extract(epoch FROM last_inbound_at)::bigint, coalesce(extract(epoch FROM window_expires_at), 0)::bigint"""

_TOUCH = Query(f"""
    INSERT INTO router.conversation AS v
      (organization_id, conversation_id, contact_id, phone_number_id, last_inbound_at, window_expires_at, owner)
    SELECT o, v, c, n, to_timestamp(a), CASE WHEN w > 0 THEN to_timestamp(w) END, r
    FROM unnest(%(organizations)b::uuid[], %(conversations)b::uuid[], %(contacts)b::uuid[], %(numbers)b::text[],
                %(times)b::bigint[], %(windows)b::bigint[], %(owners)b::text[]) t(o, v, c, n, a, w, r)
    {_UPDATE}""")

# A guess holds while its number has the same owner with the same setup, its contact is unchanged and not merged, and
# the contact's identities still name it. Every look-up is a subquery of one row, so that guesses keep their order (two
# batches that lock in order cannot deadlock) and the planner cannot turn one into a scan of the tenant.
TOUCH_GUESSED = f"""
    INSERT INTO router.conversation AS v
      (organization_id, conversation_id, contact_id, phone_number_id, last_inbound_at, window_expires_at, owner)
    SELECT o, v, c, n, to_timestamp(a), CASE WHEN e > 0 THEN to_timestamp(e) END, 'bot'
    FROM unnest(%(organizations)b::uuid[], %(conversations)b::uuid[], %(contacts)b::uuid[], %(numbers)b::text[],
                %(times)b::bigint[], %(windows)b::bigint[], %(names)b::text[], %(wa_ids)b::text[], %(user_ids)b::text[],
                %(parents)b::text[], %(profiles)b::int[]) t(o, v, c, n, a, e, m, w, u, p, f)
    WHERE n = ANY (ARRAY(
        SELECT k.n FROM unnest(%(known_numbers)b::text[], %(known_owners)b::uuid[], %(known_versions)b::bigint[])
                        k(n, o, version)
        WHERE (SELECT d.organization_id FROM router.number_directory d WHERE d.phone_number_id = k.n LIMIT 1) = k.o
          AND (SELECT g.config_version FROM router.organization g WHERE g.organization_id = k.o LIMIT 1) = k.version))
      AND (SELECT x.merged_into IS NULL AND x.profile_version = f
             AND (x.name, x.wa_id, x.user_id, x.parent_user_id) = (m, w, u, p)
           FROM router.contact x WHERE x.organization_id = o AND x.contact_id = c LIMIT 1)
      AND (w = '' OR c = (
        SELECT i.contact_id FROM router.contact_identity i
        WHERE i.organization_id = o AND i.kind = 'wa_id' AND i.value = w LIMIT 1))
      AND (u = '' OR c = (
        SELECT i.contact_id FROM router.contact_identity i
        WHERE i.organization_id = o AND i.kind = 'user_id' AND i.value = u LIMIT 1))
    {_UPDATE}"""
_TOUCH_GUESSED = Query(TOUCH_GUESSED)


def touching(touches: Sequence[Touch]) -> Step:
    """The step that upserts one touch a conversation; `touches` are sorted by key."""
    return _TOUCH, {
        "organizations": [touch.organization_id for touch in touches],
        "conversations": [touch.conversation_id for touch in touches],
        "contacts": [touch.contact_id for touch in touches],
        "numbers": [touch.phone_number_id for touch in touches],
        "times": [touch.last_inbound_at for touch in touches],
        "windows": [touch.window_expires_at for touch in touches],
        "owners": [touch.owner for touch in touches],
    }


def touching_guessed(guesses: Sequence[Guess]) -> Step:
    """The step that touches only where the guess holds; `guesses` are sorted by key."""
    touches = [guess.touch for guess in guesses]
    contacts = [guess.contact for guess in guesses]
    # A number is asked after once.
    numbers = {guess.touch.phone_number_id: guess for guess in guesses}
    return _TOUCH_GUESSED, {
        "organizations": [touch.organization_id for touch in touches],
        "conversations": [touch.conversation_id for touch in touches],
        "contacts": [touch.contact_id for touch in touches],
        "numbers": [touch.phone_number_id for touch in touches],
        "times": [touch.last_inbound_at for touch in touches],
        "windows": [touch.window_expires_at for touch in touches],
        "names": [contact.name for contact in contacts],
        "wa_ids": [contact.wa_id for contact in contacts],
        "user_ids": [contact.user_id for contact in contacts],
        "parents": [contact.parent_user_id for contact in contacts],
        "profiles": [contact.profile.version for contact in contacts],
        "known_numbers": list(numbers),
        "known_owners": [guess.touch.organization_id for guess in numbers.values()],
        "known_versions": [guess.config_version for guess in numbers.values()],
    }


def conversations_in(rows: Rows) -> Mapping[UUID, Conversation]:
    """What a touch answered, by conversation_id."""
    return {row[1]: Conversation(*row) for row in rows}
