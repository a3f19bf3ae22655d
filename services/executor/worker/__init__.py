"""executor's loops: claims lanes and works them off, fires timers, makes calls outside, takes people along."""

from services.executor.worker.codec import decode, encode_record, encode_said, submission_of, timer_item
from services.executor.worker.effects import EffectWorker
from services.executor.worker.loop import InboxWorker, TimerClock
from services.executor.worker.mover import Mover
from services.executor.worker.orders import encode_effect, encode_notice, hand_items, read_effect
from services.executor.worker.recorded import recorded_arrival, told_message, told_said
from services.executor.worker.starts import encode_starts

__all__ = [
    "EffectWorker",
    "InboxWorker",
    "Mover",
    "TimerClock",
    "decode",
    "encode_effect",
    "encode_notice",
    "encode_record",
    "encode_said",
    "encode_starts",
    "hand_items",
    "read_effect",
    "recorded_arrival",
    "submission_of",
    "timer_item",
    "told_message",
    "told_said",
]
