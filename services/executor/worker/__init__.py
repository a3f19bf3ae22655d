"""executor's loops: claims lanes and works them off, fires timers, makes calls outside."""

from services.executor.worker.codec import decode, encode_record, encode_said, submission_of, timer_item
from services.executor.worker.effects import EffectWorker
from services.executor.worker.loop import InboxWorker, TimerClock
from services.executor.worker.orders import encode_effect, encode_notice, hand_items, read_effect

__all__ = [
    "EffectWorker",
    "InboxWorker",
    "TimerClock",
    "decode",
    "encode_effect",
    "encode_notice",
    "encode_record",
    "encode_said",
    "hand_items",
    "read_effect",
    "submission_of",
    "timer_item",
]
