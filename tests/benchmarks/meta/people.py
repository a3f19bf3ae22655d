"""The people who write: each goes through the workshop's flow again and again, and knows which reply is right."""

from collections.abc import Sequence
from dataclasses import dataclass

NAMES = ("Ana", "Bento", "Clara", "Davi", "Elisa", "Fausto", "Graça", "Heitor", "Iara", "Joaquim")
FLEET = 3
"""More bicycles than this take the flow's other branch."""


@dataclass(frozen=True, slots=True)
class Line:
    """One text of a person and the one reply that must come back."""

    text: str
    reply: str


@dataclass(slots=True)
class Person:
    """A contact of one business number; `lines_said` is how far the dialogue has come."""

    wa_id: str
    phone_number_id: str
    name: str
    bicycles: int
    lines_said: int = 0

    def next_line(self) -> Line:
        """Return what comes next, and move on; after the third line the dialogue starts again."""
        line = dialogue(self.name, self.bicycles)[self.lines_said % 3]
        self.lines_said += 1
        return line


def dialogue(name: str, bicycles: int) -> tuple[Line, Line, Line]:
    """Return the three lines of one walk through flow.json, each with its reply."""
    last = (
        f"Certo, {name}: {bicycles} bicicletas. A nossa van busca todas."
        if bicycles > FLEET
        else f"Certo, {name}: pode trazer, são {bicycles} na bancada."
    )
    return (
        Line("Olá, tudo bem?", "Oi! Aqui é a oficina. Como você se chama?"),
        Line(name, f"Prazer, {name}. Quantas bicicletas quer revisar?"),
        Line(str(bicycles), last),
    )


def phone_number_ids(count: int) -> tuple[str, ...]:
    """Return the ids of the business numbers, 15 digits as Meta's."""
    return tuple(str(108_000_000_000_000 + index) for index in range(count))


def make_people(count: int, numbers: Sequence[str]) -> list[Person]:
    """Spread people evenly over the business numbers, so that no limit of one number is ever met."""
    return [
        Person(
            wa_id=f"55119{70_000_000 + index}",
            phone_number_id=numbers[index % len(numbers)],
            name=NAMES[index % len(NAMES)],
            bicycles=1 + index % (2 * FLEET),
        )
        for index in range(count)
    ]
