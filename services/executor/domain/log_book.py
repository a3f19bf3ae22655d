"""What one arrival brings into the conversation log: its records, in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from services.executor.domain.arrival import Arrival
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.effects import Record, RecordKind
from services.executor.domain.engine import Trace
from services.executor.domain.events import EffectDone, Event, Released, Taken
from services.executor.domain.json_value import whole_number_at
from services.executor.domain.session import HANDED_OVER_AT, Session
from services.executor.domain.standing import Standing

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class LogBook:
    """The records of one arrival. `arrival` says who talks where."""

    def __init__(self, arrival: Arrival, records: list[Record]) -> None:
        self.arrival = arrival
        self._records = records

    def note(
        self, kind: RecordKind, flow: CompiledFlow | Session | None, node_id: str, text: str, *, after_us: int = 0
    ) -> None:
        """Add a record; without a flow it is about the conversation alone."""
        flow_id, version = _named(flow)
        self._records.append(
            Record(self.arrival, kind, flow_id, node_id, text, len(self._records), version, (), after_us)
        )

    def heard(self, live: Standing | None, opened: CompiledFlow | None, now: datetime) -> None:
        """The contact wrote: to a session, to the flow that this begins, or to nobody."""
        spoken = self.arrival.message.spoken()
        if live is None:
            self.note("contact_message", opened, opened.start_id if opened else "", spoken)
            return
        session = live.session
        asked = 0 if session.is_with_person else max(0, (now - live.last_message_at) // _MICROSECOND)
        self.note("contact_message", session, session.current_node_id or "", spoken, after_us=asked)

    def event(self, session: Session, event: Event, now: datetime) -> None:
        """What came that is no message, and is worth a record by itself."""
        node_id = session.current_node_id or ""
        if isinstance(event, EffectDone) and event.outcome != "ok":
            self.note("effect_failed", session, node_id, event.error or f"status {event.status}")
        elif isinstance(event, Released):
            self.note("released", session, node_id, event.outcome)
        elif isinstance(event, Taken):
            handed_over_at = whole_number_at(session.memo, HANDED_OVER_AT)
            waited = (now - _EPOCH) // _MICROSECOND - handed_over_at if handed_over_at else 0
            self.note("taken", session, node_id, "", after_us=max(0, waited) if session.is_handed_over else 0)

    def trace(self, flow: CompiledFlow, trace: Trace) -> None:
        """Where the turn went, what was answered wrong, and what was too much."""
        self._way(flow, trace.path)
        for failure in trace.failures:
            self.note("invalid_answer", flow, failure.node_id, failure.code)
        for note in trace.notes:
            if note.code in ("variables_full", "backlog_full"):
                self.note("limit_reached", flow, note.node_id, note.code.removesuffix("_full"))

    def _way(self, flow: CompiledFlow, path: tuple[str, ...]) -> None:
        """On the record of what set the turn going; on one of its own when that was no message."""
        if len(path) < 3:
            return
        for place in {0, len(self._records) - 1} if self._records else ():
            record = self._records[place]
            is_cause = record.kind in ("contact_message", "flow_started") and not record.path
            if is_cause and (record.flow_id, record.flow_version) == (flow.flow_id, flow.version):
                self._records[place] = replace(record, path=path)
                return
        self.note("moved", flow, path[-1], "")
        self._records[-1] = replace(self._records[-1], path=path)


def _named(flow: CompiledFlow | Session | None) -> tuple[str, int]:
    if flow is None:
        return "", 0
    return (flow.flow_id, flow.flow_version) if isinstance(flow, Session) else (flow.flow_id, flow.version)
