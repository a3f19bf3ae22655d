"""Variable names of other products as names that a flow here may set."""

import re
from dataclasses import dataclass, field
from typing import Final

from services.executor.domain.importers.edges import claim_id
from services.executor.domain.variables import is_system_name

MAX_NAME: Final = 50
_FOREIGN = re.compile(r"[^\w.\- ]+")
_ENDS = " .-_"


@dataclass(slots=True)
class Names:
    """Gives each foreign name one native name; two foreign names never share one.

    Native names begin with a letter, hold letters, digits, `_`, `.`, `-` and blanks, have at most 50 characters and
    do not belong to the system.
    """

    _given: dict[str, str] = field(default_factory=dict)
    _taken: dict[str, int] = field(default_factory=dict)

    def native(self, written: str) -> str:
        """The native name; the same every time."""
        known = self._given.get(written)
        if known is None:
            known = self._given[written] = claim_id(_fitting(written), self._taken)
        return known

    def knows(self, written: str) -> bool:
        return written in self._given

    def renamed(self) -> list[tuple[str, str]]:
        """(foreign name, native name) of those that differ."""
        return [(written, native) for written, native in self._given.items() if written != native]


def _fitting(written: str) -> str:
    # Room is left for what is added here and for the number that tells two names apart.
    name = _FOREIGN.sub("_", written.strip()).strip(_ENDS)[: MAX_NAME - 7].strip(_ENDS)
    if not name:
        return "value"
    if not name[0].isalpha():
        name = f"v_{name}"
    return name.replace(".", "_") + "_" if is_system_name(name) else name
