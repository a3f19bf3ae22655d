"""executor's loops: claims lanes and works them off, fires timers, takes people along to new versions."""

from services.executor.worker.codec import decode, encode_record, encode_said, submission_of, timer_item
from services.executor.worker.loop import InboxWorker, TimerClock
from services.executor.worker.mover import Mover

__all__ = [
    "InboxWorker",
    "Mover",
    "TimerClock",
    "decode",
    "encode_record",
    "encode_said",
    "submission_of",
    "timer_item",
]
