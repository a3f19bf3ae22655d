"""Messages with files: executor first, then who fetches files; what could not be handed on comes again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.chassis.errors import Unavailable
from services.pb.common.v1 import errors_pb2
from services.router.domain.choice import Choice
from services.router.domain.contacts import Contact
from services.router.domain.message import Message
from services.router.domain.outcome import OK, Outcome
from services.router.ports import RoutedMessage
from services.router.usecases import ExecutorThenFiles

ORGANIZATION = UUID(int=7)
CONVERSATION: Any = None  # nothing of it is looked at
DUPLICATE = Outcome("duplicate")


class Rooms:
    """Executor and sender, and the order in which they were told."""

    def __init__(self, outcomes: Sequence[Outcome], *, is_away: bool = False) -> None:
        self._outcomes = outcomes
        self._is_away = is_away
        self.told: list[tuple[str, list[str]]] = []

    async def submit(self, messages: Sequence[RoutedMessage], *, is_repeat: bool) -> Sequence[Outcome]:
        self.told.append(("executor", [routed.message.event_id for routed in messages]))
        return self._outcomes

    async def fetch(self, messages: Sequence[RoutedMessage]) -> Sequence[Outcome]:
        self.told.append(("sender", [routed.message.event_id for routed in messages]))
        if self._is_away:
            raise Unavailable("sender is out of reach", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)
        return [OK] * len(messages)


def routed(event_id: str, kind: str, source: object = "the message as it came") -> RoutedMessage:
    message = Message(event_id=event_id, phone_number_id="41", kind=kind, source=source)
    return RoutedMessage(message, Contact(ORGANIZATION, UUID(int=8)), CONVERSATION, Choice(True), "UTC")


MESSAGES = [routed("a", "text"), routed("b", "image"), routed("c", "voice"), routed("d", "sticker")]


async def test_files_are_told_of_after_executor_has_their_messages() -> None:
    rooms = Rooms([OK, OK, DUPLICATE, OK])
    outcomes = await ExecutorThenFiles(rooms, rooms).submit(MESSAGES, is_repeat=False)
    assert rooms.told == [("executor", ["a", "b", "c", "d"]), ("sender", ["b", "c", "d"])]
    assert outcomes == [OK, OK, DUPLICATE, OK]


async def test_what_executor_has_not_taken_is_not_told_of() -> None:
    rooms = Rooms([OK, Outcome("retry"), Outcome("erased"), OK])
    await ExecutorThenFiles(rooms, rooms).submit(MESSAGES, is_repeat=False)
    assert rooms.told[1:] == [("sender", ["d"])]


async def test_messages_whose_files_could_not_be_handed_on_come_again() -> None:
    rooms = Rooms([OK, OK, DUPLICATE, OK], is_away=True)
    outcomes = await ExecutorThenFiles(rooms, rooms).submit(MESSAGES, is_repeat=False)
    assert [outcome.kind for outcome in outcomes] == ["ok", "retry", "retry", "retry"]


async def test_without_files_sender_is_not_asked() -> None:
    rooms = Rooms([OK])
    await ExecutorThenFiles(rooms, rooms).submit(MESSAGES[:1], is_repeat=False)
    assert [room for room, _ in rooms.told] == ["executor"]


async def test_a_message_that_did_not_come_from_meta_has_no_file_there() -> None:
    rooms = Rooms([OK])
    await ExecutorThenFiles(rooms, rooms).submit([routed("e", "image", source=None)], is_repeat=False)
    assert [room for room, _ in rooms.told] == ["executor"]
