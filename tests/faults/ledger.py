"""Judge what Meta accepted against what was said to us: nothing lost, nothing twice, everything in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts over all conversations; `examples` names a few conversations that went wrong."""

    expected: int
    accepted: int
    lost: int
    duplicated: int
    disordered: int
    examples: tuple[str, ...] = field(default=())

    @property
    def is_clean(self) -> bool:
        """Whether the promise was kept."""
        return self.lost == self.duplicated == self.disordered == 0


def judge(expected: Mapping[str, Sequence[str]], accepted: Mapping[str, Sequence[str]]) -> Verdict:
    """Compare replies per conversation. A reply's first acceptance counts for order, further ones are duplicates."""
    lost = duplicated = disordered = 0
    examples = []
    for conversation, replies in expected.items():
        seen = list(accepted.get(conversation, ()))
        firsts = list(dict.fromkeys(seen))
        missing = [reply for reply in replies if reply not in firsts]
        twice = len(seen) - len(firsts)
        in_order = [reply for reply in replies if reply in firsts]
        is_disordered = firsts != in_order
        lost += len(missing)
        duplicated += twice
        disordered += is_disordered
        if missing or twice or is_disordered:
            examples.append(f"{conversation}: lost {missing}, {twice} twice, accepted {seen}")
    return Verdict(
        expected=sum(map(len, expected.values())),
        accepted=sum(map(len, accepted.values())),
        lost=lost,
        duplicated=duplicated,
        disordered=disordered,
        examples=tuple(examples[:5]),
    )
