"""executor's loops: claims lanes and works them off, fires timers."""

from services.executor.worker.codec import decode, encode_record, encode_said, submission_of, timer_item
from services.executor.worker.loop import InboxWorker, TimerClock

__all__ = ["InboxWorker", "TimerClock", "decode", "encode_record", "encode_said", "submission_of", "timer_item"]
