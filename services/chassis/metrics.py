"""Metrics every room has. Labels never hold an id (style 40)."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

rpc_seconds = Histogram("pytake_rpc_seconds", "Time a gRPC call took here", ["method", "code"], buckets=SECONDS)
rpc_denied_total = Counter("pytake_rpc_denied_total", "Calls refused by the method's policy", ["method", "reason"])
lane_items_total = Counter("pytake_lane_items_total", "Lane items by what became of them", ["box", "outcome"])
lane_ready = Gauge("pytake_lane_ready", "Lanes that could be claimed now", ["box"])
lane_oldest_seconds = Gauge("pytake_lane_oldest_seconds", "Age of the longest waiting ready lane", ["box"])
lane_fenced_total = Counter("pytake_lane_fenced_total", "Finishes refused because the lease was lost", ["box"])
lane_batch_items = Histogram(
    "pytake_lane_batch_items", "Items per claimed batch", ["box"], buckets=(1, 4, 16, 64, 256, 1024)
)
sealed_values = Gauge(
    "pytake_sealed_values",
    "Sealed values by place and by the key they are under: active, old or unknown",
    ["place", "key"],
)
