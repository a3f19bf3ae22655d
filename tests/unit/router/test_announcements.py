"""What router itself says to contacts, as sender is told: once, whatever is repeated."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from services.pb.common.v1 import results_pb2
from services.pb.sender.v1 import sender_pb2
from services.router.peers import GrpcSender
from services.router.ports.queues import OfflineNotice

OUTCOMES = {
    "Voltamos às 8h.": results_pb2.ITEM_OUTCOME_OK,
    "Até já.": results_pb2.ITEM_OUTCOME_RETRY,
}


@dataclass
class Listener:
    """sender behind a peer, as far as it is told messages."""

    heard: list[sender_pb2.OutboundMessage] = field(default_factory=list)

    def stub(self, factory: object) -> Any:
        return SimpleNamespace(Enqueue="Enqueue")

    async def call(self, method: str, request: sender_pb2.EnqueueRequest, *, seconds: float) -> Any:
        assert method == "Enqueue"
        self.heard.extend(request.messages)
        outcomes = [OUTCOMES[each.content.text.body] for each in request.messages]
        return sender_pb2.EnqueueResponse(results=[results_pb2.ItemResult(outcome=each) for each in outcomes])


def notice(number: int, text: str) -> OfflineNotice:
    return OfflineNotice(
        organization_id=UUID(int=1), entry_id=UUID(int=number), conversation_id=UUID(int=2), phone_number_id="100200",
        wa_id="5581900000001", user_id="", text=text, window_expires_at=1_790_000_000,
    )  # fmt: skip


async def test_a_word_that_it_is_closed_is_a_text_that_counts_once_and_leaves_in_the_window_only() -> None:
    listener = Listener()
    sender = GrpcSender(cast(Any, listener), seconds=5)
    notices = [notice(7, "Voltamos às 8h."), notice(8, "Até já.")]

    outcomes = [outcome.kind for outcome in await sender.announce(notices)]
    await sender.announce(notices[:1])

    assert outcomes == ["ok", "retry"]
    first, second, again = listener.heard
    assert first == again
    assert first.message_id != second.message_id
    assert (first.conversation_id, first.phone_number_id) == (str(UUID(int=2)), "100200")
    assert (first.recipient_wa_id, first.window_expires_at) == ("5581900000001", 1_790_000_000)
