"""What Meta refuses as a whole, as every replica knows it: kept in Postgres, looked up in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.chassis.clock import Monotonic
from services.chassis.errors import PytakeError
from services.chassis.logs import get_logger
from services.sender import metrics
from services.sender.domain.codes import rule_of_status
from services.sender.domain.patience import pause_of
from services.sender.domain.pausing import PAUSABLE, PauseName
from services.sender.ports import PausedAs, PauseStore

_log = get_logger(__name__)


@dataclass(slots=True)
class _Known:
    probe_at: float
    probes: int
    code: int
    text: str


class Pauses:
    """Pauses (ports.PauseBook). A pause is ended by one message that goes through; probes come ever more rarely."""

    def __init__(self, store: PauseStore, monotonic: Monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._known: dict[PauseName, _Known] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is paused."""
        return not self._known

    def remaining(self, names: Sequence[PauseName]) -> PausedAs | None:
        """The pause that holds these names up the longest; 0 seconds: a probe is due. None when nothing does."""
        now = self._monotonic()
        found = [(self._known[name], name) for name in names if name in self._known]
        if not found:
            return None
        known, name = max(found, key=lambda each: each[0].probe_at)
        return PausedAs(name, max(known.probe_at - now, 0.0), known.code, known.text)

    async def take_probe(self, name: PauseName) -> bool:
        """Whether the one message that tries is the caller's. Raises errors.Unavailable."""
        known = self._known.get(name)
        if known is None:
            return True
        seconds = pause_of(known.probes + 2, rule_of_status(known.code).seconds)
        is_ours = await self._store.take_probe(name, seconds=seconds)
        # Whoever has it, the next is so much later.
        known.probes, known.probe_at = known.probes + 1, self._monotonic() + seconds
        return is_ours

    async def refused(self, name: PauseName, *, phone_number_id: str, code: int, text: str, seconds: float) -> float:
        """Note a refusal; gives how long what it names is left alone. A new pause is an alarm, once."""
        now = self._monotonic()
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = _Known(now + seconds, 0, code, text)
            self._count()
        known.code, known.text = code, text
        try:
            is_new = await self._store.put_pause(
                name, phone_number_id=phone_number_id, code=code, text=text, seconds=seconds
            )
        except PytakeError:
            # The next refusal notes it; until then this process knows.
            is_new = False
        if is_new:
            _log.warning("sending_paused", organization_id=str(name.organization_id), scope=name.scope.value, code=code)
        return max(known.probe_at - now, 0.0)

    async def ended(self, names: Sequence[PauseName]) -> None:
        """What these names stand for works: end their pauses, wake what waited."""
        paused = [name for name in names if name in self._known]
        if not paused:
            return
        self._forget(paused)
        try:
            _tell(await self._store.end_pauses(paused))
        except PytakeError:
            return  # it is read again, and the next message ends it

    async def resume(self, *, organization_id: UUID, names: Sequence[PauseName]) -> int:
        """End pauses because somebody asked, whether this process knows them or not; gives how many there were.

        Raises errors.Unavailable.
        """
        self._forget(names)
        ended = await self._store.resume(organization_id=organization_id, names=names)
        _tell(ended)
        return len(ended)

    def _forget(self, names: Sequence[PauseName]) -> None:
        for name in names:
            self._known.pop(name, None)
        self._count()

    async def refresh(self) -> None:
        """Learn what other replicas noted. Raises errors.Unavailable."""
        now = self._monotonic()
        read = await self._store.read_pauses()
        self._known = {each.name: _Known(now + each.probe_in, each.probes, each.code, each.text) for each in read}
        self._count()

    def _count(self) -> None:
        counted = Counter(name.scope for name in self._known)
        for scope in PAUSABLE:
            metrics.paused.labels(scope.value).set(counted[scope])


def _tell(ended: Sequence[PauseName]) -> None:
    for name in ended:
        _log.info("sending_resumed", organization_id=str(name.organization_id), scope=name.scope.value)
