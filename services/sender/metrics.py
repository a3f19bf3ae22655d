"""What sender counts. Labels never hold an id."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from services.chassis.metrics import SECONDS

messages_total = Counter("pytake_sender_messages_total", "Messages by the state they came to", ["state"])
messages_by_state = {state: messages_total.labels(state) for state in ("queued", "attempting", "accepted", "failed")}
answers_total = Counter("pytake_sender_answers_total", "Answers of the Graph API by what they mean", ["meaning"])
graph_seconds = Histogram("pytake_sender_graph_seconds", "Time a Graph call took", buckets=SECONDS)
resent_total = Counter(
    "pytake_sender_maybe_duplicates_total", "Messages sent again after a doubt that no status settled"
)
duplicates_total = Counter("pytake_sender_duplicates_total", "Second acceptances of one message, found by their ids")
lanes_in_flight = Gauge("pytake_sender_lanes_in_flight", "Conversations this process works for")
paused = Gauge(
    "pytake_sender_paused", "Access tokens, numbers, accounts and templates of the house that Meta refuses", ["scope"]
)
webhook_calls_total = Counter(
    "pytake_sender_webhook_calls_total", "Calls of webhooks by what they came to: taken, failed, given_up", ["outcome"]
)
