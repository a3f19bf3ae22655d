"""The parts of the keeping statement that count by hour and by agent."""

from __future__ import annotations

from services.analytics.domain.counting import EVERY_FLOW


def more(*columns: str) -> str:
    """What is counted grows by what comes."""
    return "DO UPDATE SET " + ", ".join(f"{column} = c.{column} + excluded.{column}" for column in columns)


def number_of(*kinds: str) -> str:
    """How many are of these kinds."""
    return "count(*) FILTER (WHERE kind = '" + "' OR kind = '".join(kinds) + "')"


# A record counts in its flow, and in all flows together.
OF_EACH_AND_ALL = f"CROSS JOIN LATERAL (VALUES (some_flow_id), ('{EVERY_FLOW}'::uuid)) t(whose)"

HOURS = f"""
    hours AS (
      INSERT INTO analytics.message_hour AS c
        (organization_id, flow_id, day, hour, contact_messages, bot_messages, started)
      SELECT organization_id, whose, day, hour, {number_of("contact_message")}, {number_of("bot_message")},
        {number_of("flow_started")}
      FROM new {OF_EACH_AND_ALL} WHERE is_message OR kind = 'flow_started'
      GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
      ON CONFLICT (organization_id, flow_id, day, hour) {more("contact_messages", "bot_messages", "started")}
    )"""

AGENT_FIGURES = (
    "taken", "released", "closed", "transferred", "first_responses", "first_response_us", "responses", "response_us",
    "handled", "held_us",
)  # fmt: skip
# Whoever waited when an agent got him was answered then; it is the first answer where nobody had him before.
_ANSWERED = "kind = 'assigned' AND answered_after_us > 0"
_LEFT = "kind = 'unassigned' AND note"
AGENTS = f"""
    agents AS (
      INSERT INTO analytics.agent_day AS c (organization_id, agent_id, day, {", ".join(AGENT_FIGURES)})
      SELECT organization_id, agent_id, day, {number_of("assigned")},
        count(*) FILTER (WHERE {_LEFT} = 'released'), count(*) FILTER (WHERE {_LEFT} = 'closed'),
        count(*) FILTER (WHERE {_LEFT} = 'transferred'),
        count(*) FILTER (WHERE {_ANSWERED} AND status = 'first'),
        coalesce(sum(answered_after_us) FILTER (WHERE {_ANSWERED} AND status = 'first'), 0)::bigint,
        count(*) FILTER (WHERE {_ANSWERED}),
        coalesce(sum(answered_after_us) FILTER (WHERE {_ANSWERED}), 0)::bigint,
        {number_of("unassigned")}, coalesce(sum(answered_after_us) FILTER (WHERE kind = 'unassigned'), 0)::bigint
      FROM new WHERE agent_id IS NOT NULL AND kind IN ('assigned', 'unassigned')
      GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
      ON CONFLICT (organization_id, agent_id, day) {more(*AGENT_FIGURES)}
    )"""
