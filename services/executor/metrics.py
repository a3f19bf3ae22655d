"""executor's own figures: calls outside."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

effects_total = Counter("pytake_effects_total", "Calls outside that came to an end", ["kind", "outcome"])
effect_tries_total = Counter("pytake_effect_tries_total", "Tries of calls outside, repeats among them", ["kind"])
effect_seconds = Histogram(
    "pytake_effect_seconds",
    "Time from claiming a call outside to its end, pauses among them",
    ["kind"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0),
)
effects_in_flight = Gauge("pytake_effects_in_flight", "Calls outside under way in this process")
