"""analytics' log as the command line meets it: pages that a test puts there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc


class FakeReports(analytics_pb2_grpc.ReportsServicer):
    """Gives the pages in order; what was asked is kept."""

    def __init__(self, pages: Sequence[Sequence[analytics_pb2.Record]], asked: list[Any]) -> None:
        self._pages = pages
        self._asked = asked

    async def ListRecords(
        self, request: analytics_pb2.ListRecordsRequest, context: object
    ) -> analytics_pb2.ListRecordsResponse:
        self._asked.append(request)
        place = int(request.cursor or 0)
        is_last = place + 1 >= len(self._pages)
        records = [record for record in self._pages[place] if _is_chosen(request, record)]
        return analytics_pb2.ListRecordsResponse(records=records, cursor="" if is_last else str(place + 1))


def _is_chosen(request: analytics_pb2.ListRecordsRequest, record: analytics_pb2.Record) -> bool:
    is_said = record.kind in (analytics_pb2.RECORD_KIND_CONTACT_MESSAGE, analytics_pb2.RECORD_KIND_BOT_MESSAGE)
    return (is_said or not request.only_messages) and request.phone_number in ("", record.phone_number)
