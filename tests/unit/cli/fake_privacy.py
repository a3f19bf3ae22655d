"""Erasures, exports and retention of the fake house: ingress' own servers on jobs and rooms in memory."""

# ruff: noqa: N802  (gRPC methods are named as in the proto)

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from services.chassis.errors import InvalidArgument
from services.chassis.rpc import Servicer
from services.ingress.domain.privacy import EXPORT_ROOMS
from services.ingress.privacy import Exports, Requests, Work
from services.ingress.server import PrivacyServer
from services.pb.ingress.v1 import ingress_pb2_grpc
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from tests.fakes.ingress_privacy import NOON, MemoryJobs, Register, ScriptedRoom


@dataclass
class FakeRights:
    """Who is known, what is asked for, and what rooms answer."""

    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    register: Register = field(default_factory=Register)
    rooms: dict[str, ScriptedRoom] = field(
        default_factory=lambda: {name: ScriptedRoom(name, []) for name in EXPORT_ROOMS}
    )
    retention_days: dict[str, int] = field(default_factory=dict)

    async def work(self) -> None:
        """Do all jobs there are."""
        work = Work(jobs=self.jobs, rooms=self.rooms, now=lambda: NOON, settle_seconds=0.0)
        while await work.turn():
            pass


class FakeRetention(router_pb2_grpc.PrivacyServicer):
    def __init__(self, rights: FakeRights) -> None:
        self.rights = rights

    async def PutRetention(self, request: Any, context: Any) -> router_pb2.PutRetentionResponse:
        if 0 < request.days < 9:
            raise InvalidArgument("days is too few; use 9 or more, or 0")
        is_changed = self.rights.retention_days.get(request.organization_id, 0) != request.days
        self.rights.retention_days[request.organization_id] = request.days
        return router_pb2.PutRetentionResponse(is_changed=is_changed)


def privacy_servicers(rights: FakeRights, room: str) -> list[Servicer]:
    """What the fake rooms serve for people's rights."""
    if room == "router":
        adder: Any = router_pb2_grpc.add_PrivacyServicer_to_server
        return [Servicer("pytake.router.v1.Privacy", adder, FakeRetention(rights))]
    if room != "ingress":
        return []
    requests = Requests(jobs=rights.jobs, people=rights.register, new_id=uuid4, now=lambda: NOON, on_begun=lambda: None)
    exports = Exports(jobs=rights.jobs, people=rights.register, rooms=rights.rooms, new_id=uuid4, now=lambda: NOON)
    server = PrivacyServer(requests, exports)
    return [Servicer("pytake.ingress.v1.Privacy", ingress_pb2_grpc.add_PrivacyServicer_to_server, server)]
