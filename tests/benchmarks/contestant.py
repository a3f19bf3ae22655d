"""Who is measured: a variant, its own Meta, and its own people."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice

from tests.benchmarks.errors import Void
from tests.benchmarks.meta.people import Cast, Person, person_of
from tests.benchmarks.meta.world import World
from tests.benchmarks.variant import Variant

FIRST_STRANGER = 5_000_000
"""People with an index from here on have never written; below are those of the casts."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """`casts` has the people of each flow the variant serves, in the order in which they speak next."""

    variant: Variant
    world: World
    casts: Mapping[Cast, deque[Person]]
    _unused: Iterator[int] = field(default_factory=lambda: count(FIRST_STRANGER))

    def people(self, cast: Cast) -> deque[Person]:
        """Who walks through this flow. Raises Void when this variant does not serve it."""
        try:
            return self.casts[cast]
        except KeyError:
            raise Void(f"{self.variant.name} does not serve the flow of {cast!r}") from None

    def strangers(self, number: int) -> list[Person]:
        """People who never wrote, at the numbers of the workshop."""
        numbers = sorted({person.phone_number_id for person in self.people("workshop")})
        return [person_of(index, numbers) for index in islice(self._unused, number)]
