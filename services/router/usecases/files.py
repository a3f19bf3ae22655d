"""Messages with files go to who runs flows, and then to who fetches files."""

from __future__ import annotations

from collections.abc import Sequence

from services.chassis.errors import PytakeError
from services.chassis.logs import get_logger
from services.router.domain.outcome import RETRY, Outcome
from services.router.ports import Executor, Files, RoutedMessage

KINDS = frozenset({"image", "video", "audio", "voice", "document", "sticker"})
_TAKEN = frozenset({"ok", "duplicate"})

_log = get_logger(__name__)


class ExecutorThenFiles:
    """An Executor (ports) that has files fetched as well.

    The flow comes first: it does not wait for a fetch. A message whose file could not be handed on is brought again;
    executor drops the repeat.
    """

    def __init__(self, executor: Executor, files: Files) -> None:
        self._executor = executor
        self._files = files

    async def submit(self, messages: Sequence[RoutedMessage], *, is_repeat: bool) -> Sequence[Outcome]:
        """See ports.Executor."""
        outcomes = list(await self._executor.submit(messages, is_repeat=is_repeat))
        with_files = [
            place
            for place, (routed, outcome) in enumerate(zip(messages, outcomes, strict=False))
            if routed.message.kind in KINDS and outcome.kind in _TAKEN and routed.message.source is not None
        ]
        if with_files and not await self._are_taken([messages[place] for place in with_files]):
            for place in with_files:
                outcomes[place] = RETRY
        return outcomes

    async def _are_taken(self, messages: Sequence[RoutedMessage]) -> bool:
        """A file that cannot be read out of its message is nobody's loss: the message itself is delivered."""
        try:
            await self._files.fetch(messages)
        except PytakeError as error:
            _log.warning("files_not_handed_on", reason=error.code, items=len(messages))
            return False
        return True
