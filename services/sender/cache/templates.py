"""What templates take, read for many at once and kept for a short while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from services.chassis.clock import Monotonic
from services.chassis.queue import Batcher
from services.sender.domain.templates import Shape, TemplateKey
from services.sender.ports import TemplateStore

_SECONDS = 10.0
_MOST = 4096


class Templates:
    """Shapes of templates in memory (worker.surroundings.TemplateBook)."""

    def __init__(self, store: TemplateStore, monotonic: Monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._known: OrderedDict[TemplateKey, tuple[Shape | None, float]] = OrderedDict()
        self._batcher: Batcher[TemplateKey, Shape | None] = Batcher(self._read)

    async def get(self, keys: Sequence[TemplateKey]) -> list[Shape | None]:
        """The shapes in order, None of a template that is not known. Raises errors.Unavailable."""
        now = self._monotonic()
        found = {key: known[0] for key in keys if (known := self._known.get(key)) is not None and now < known[1]}
        unknown = sorted({key for key in keys if key not in found})
        if unknown:
            found.update(zip(unknown, await self._batcher.submit(unknown), strict=True))
        return [found[key] for key in keys]

    def forget(self) -> None:
        """Read all anew: something was told of templates."""
        self._known.clear()

    async def _read(self, keys: Sequence[TemplateKey]) -> Sequence[Shape | None]:
        shapes = await self._store.shapes(keys)
        until = self._monotonic() + _SECONDS
        for key, shape in zip(keys, shapes, strict=True):
            self._known[key] = (shape, until)
            self._known.move_to_end(key)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return shapes
