"""router's own figures: conversations among people."""

from __future__ import annotations

from prometheus_client import Counter

queue_sla_alerts_total = Counter(
    "pytake_queue_sla_alerts_total", "Conversations that waited four fifths of their queue's promised time"
)
queue_sla_breaches_total = Counter(
    "pytake_queue_sla_breaches_total", "Conversations that waited their queue's promised time and longer"
)
queue_routed_total = Counter("pytake_queue_routed_total", "Waiting conversations that were given to an agent by itself")
