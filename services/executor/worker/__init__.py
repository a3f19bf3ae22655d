"""executor's loops: claims lanes and works them off, fires timers, takes people along to new versions."""

from services.executor.worker.codec import decode, encode_record, encode_said, submission_of, timer_item
from services.executor.worker.loop import InboxWorker, TimerClock
from services.executor.worker.mover import Mover
from services.executor.worker.recorded import recorded_arrival, told_message, told_said

__all__ = [
    "InboxWorker",
    "Mover",
    "TimerClock",
    "decode",
    "encode_record",
    "encode_said",
    "recorded_arrival",
    "submission_of",
    "timer_item",
    "told_message",
    "told_said",
]
