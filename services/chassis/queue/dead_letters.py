"""The DeadLetters service every room with lanes serves."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.chassis.audit import AuditLog
from services.chassis.errors import InvalidArgument, NotFound
from services.chassis.queue.bell import Bell
from services.chassis.queue.lanes import DeadLetter, Lanes
from services.chassis.rpc.sizes import fitting
from services.pb.common.v1 import errors_pb2, lanes_pb2, lanes_pb2_grpc

MOST = 1000


class DeadLetters(lanes_pb2_grpc.DeadLettersServicer):
    """Lists and replays the dead letters of this room's boxes; each that is put back is noted in `audit`."""

    def __init__(self, boxes: Sequence[tuple[Lanes, Bell]], audit: AuditLog) -> None:
        self._boxes = {lanes.box.path: (lanes, bell) for lanes, bell in boxes}
        self._audit = audit

    async def ListDeadLetters(
        self,
        request: lanes_pb2.ListDeadLettersRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]
    ) -> lanes_pb2.ListDeadLettersResponse:
        """Dead letters, newest first."""
        limit = request.limit or 100
        if not 0 < limit <= MOST:
            raise InvalidArgument(f"limit is {request.limit}; use 1 to {MOST}")
        found: list[lanes_pb2.DeadLetter] = []
        for lanes, _ in self._chosen(request.box):
            letters = await lanes.dead_letters(limit=limit, dead_id=request.dead_id)
            found += [_as_message(lanes.box.path, letter) for letter in letters]
        return lanes_pb2.ListDeadLettersResponse(dead_letters=fitting(found))

    async def ReplayDeadLetters(
        self,
        request: lanes_pb2.ReplayDeadLettersRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]
    ) -> lanes_pb2.ReplayDeadLettersResponse:
        """Puts letters back at the ends of their lanes."""
        if not request.box:
            raise InvalidArgument("box is empty; name the box the letters lie in")
        ((lanes, bell),) = self._chosen(request.box)
        replayed = await lanes.replay(list(request.dead_ids), self._audit)
        bell.ring()
        return lanes_pb2.ReplayDeadLettersResponse(replayed=replayed)

    def _chosen(self, box: str) -> Sequence[tuple[Lanes, Bell]]:
        if not box:
            return list(self._boxes.values())
        if box not in self._boxes:
            raise NotFound(
                f"box {box!r} does not exist here; use one of {', '.join(sorted(self._boxes))}",
                reason=errors_pb2.ERROR_REASON_DEAD_LETTER_NOT_FOUND,
            )
        return [self._boxes[box]]


def _as_message(box: str, letter: DeadLetter) -> lanes_pb2.DeadLetter:
    died_at = Timestamp()
    died_at.FromDatetime(letter.died_at)
    return lanes_pb2.DeadLetter(
        box=box,
        dead_id=letter.dead_id,
        group_id=str(letter.group_id),
        lane_id=str(letter.lane_id),
        event_id=letter.event_id,
        attempts=letter.attempts,
        error=letter.error,
        died_at=died_at,
        payload=letter.payload,
        replays=letter.replays,
    )
