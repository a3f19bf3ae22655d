"""Sender tells templates page by page; executor knows all of them, and asks again only for what is new."""

from typing import Any
from uuid import uuid4

from services.executor.peers import GrpcTemplates
from services.pb.sender.v1 import sender_pb2


class Sender:
    """A peer that tells two templates a page."""

    def __init__(self) -> None:
        self.names = [f"template_{number}" for number in range(5)]
        self.asked: list[sender_pb2.ListTemplatesRequest] = []

    def stub(self, _: object) -> Any:
        return self

    ListTemplates = None

    async def call(
        self, _: object, request: sender_pb2.ListTemplatesRequest, *, seconds: float
    ) -> sender_pb2.ListTemplatesResponse:
        self.asked.append(request)
        if request.known_digest == "d":
            return sender_pb2.ListTemplatesResponse(digest="d", is_unchanged=True, is_synced=True)
        start = int(request.cursor or 0)
        told = [
            sender_pb2.Template(name=name, language="pt_BR", status="APPROVED")
            for name in self.names[start : start + 2]
        ]
        cursor = str(start + 2) if start + 2 < len(self.names) else ""
        return sender_pb2.ListTemplatesResponse(templates=told, cursor=cursor, digest="d", is_synced=True)


async def test_every_page_is_read_and_what_did_not_change_is_not_read_again() -> None:
    peer: Any = Sender()
    templates, organization_id = GrpcTemplates(peer), uuid4()

    first = await templates.known(organization_id=organization_id)
    again = await templates.known(organization_id=organization_id)

    assert first is not None
    assert first.approved == {f"{name}:pt_BR" for name in peer.names}
    assert again == first
    assert [(request.cursor, request.known_digest) for request in peer.asked] == [
        ("", ""), ("2", ""), ("4", ""), ("", "d"),
    ]  # fmt: skip
