"""Executor and sender as router meets them: they remember what they took, and can be out of reach."""

from collections.abc import Callable, Sequence

from services.chassis.errors import Unavailable
from services.pb.common.v1 import errors_pb2
from services.router.domain.opt_out import Consent
from services.router.domain.outcome import Outcome
from services.router.ports import RoutedMessage, RoutedStatus


class FakeExecutor:
    """Takes each event id once; `answer` may say otherwise about an item."""

    def __init__(self) -> None:
        self.taken: list[RoutedMessage] = []
        self.calls: list[int] = []
        self.repeats: list[bool] = []
        self.is_away = False
        self.answer: Callable[[RoutedMessage], Outcome | None] = lambda _: None

    async def submit(self, messages: Sequence[RoutedMessage], *, is_repeat: bool) -> Sequence[Outcome]:
        if self.is_away:
            raise Unavailable("executor is out of reach", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)
        self.calls.append(len(messages))
        self.repeats.append(is_repeat)
        return [self._take(routed) for routed in messages]

    def _take(self, routed: RoutedMessage) -> Outcome:
        answer = self.answer(routed)
        if answer is not None:
            return answer
        if any(known.message.event_id == routed.message.event_id for known in self.taken):
            return Outcome("duplicate")
        self.taken.append(routed)
        return Outcome("ok")


class FakeSender:
    """Takes every status and all news."""

    def __init__(self) -> None:
        self.taken: list[RoutedStatus] = []
        self.heard: list[RoutedStatus | Consent] = []
        self.is_away = False

    async def apply_notices(self, notices: Sequence[RoutedStatus | Consent]) -> Sequence[Outcome]:
        if self.is_away:
            raise Unavailable("sender is out of reach", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)
        self.heard.extend(notices)
        return [Outcome("ok") for _ in notices]

    async def apply_statuses(self, statuses: Sequence[RoutedStatus]) -> Sequence[Outcome]:
        if self.is_away:
            raise Unavailable("sender is out of reach", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)
        self.taken.extend(statuses)
        return [Outcome("ok") for _ in statuses]
