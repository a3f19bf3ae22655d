"""The people who write: each goes through a dialogue again and again, and knows which replies are right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tests.benchmarks.flows import BUBBLES, LONG_QUESTIONS, long_question

NAMES = ("Ana", "Bento", "Clara", "Davi", "Elisa", "Fausto", "Graça", "Heitor", "Iara", "Joaquim")
FLEET = 3
"""More bicycles than this take the flow's other branch."""

Cast = Literal["workshop", "long", "bubbles"]
"""Who walks through which flow."""


@dataclass(frozen=True, slots=True)
class Line:
    """One text of a person and the replies that must come back, in order."""

    text: str
    replies: tuple[str, ...]


@dataclass(slots=True)
class Person:
    """A contact of one business number; `lines_said` is how far the dialogue has come."""

    wa_id: str
    phone_number_id: str
    name: str
    dialogue: tuple[Line, ...]
    lines_said: int = 0

    def next_line(self) -> Line:
        """Return what comes next, and move on; after the last line the dialogue starts again."""
        line = self.dialogue[self.lines_said % len(self.dialogue)]
        self.lines_said += 1
        return line


@cache  # a million people share sixty dialogues
def workshop_dialogue(name: str, bicycles: int) -> tuple[Line, ...]:
    """Return the three lines of one walk through flow.json, each with its reply."""
    last = (
        f"Certo, {name}: {bicycles} bicicletas. A nossa van busca todas."
        if bicycles > FLEET
        else f"Certo, {name}: pode trazer, são {bicycles} na bancada."
    )
    return (
        Line("Olá, tudo bem?", ("Oi! Aqui é a oficina. Como você se chama?",)),
        Line(name, (f"Prazer, {name}. Quantas bicicletas quer revisar?",)),
        Line(str(bicycles), (last,)),
    )


@cache
def long_dialogue(name: str) -> tuple[Line, ...]:
    """Return the lines of the survey: an opening, then an answer to every question."""
    texts = ["Olá, tudo bem?", *(f"{name} diz {number}" for number in range(LONG_QUESTIONS))]
    return tuple(
        Line(text, (long_question(number).replace(f"{{{{r{number - 1}}}}}", text),))
        for number, text in enumerate(texts)
    )


def bubbles_dialogue() -> tuple[Line, ...]:
    """Return the one line that three texts answer."""
    return (Line("Olá, tudo bem?", BUBBLES),)


DIALOGUES: dict[Cast, Callable[[str, int], tuple[Line, ...]]] = {
    "workshop": workshop_dialogue,
    "long": lambda name, _: long_dialogue(name),
    "bubbles": lambda name, _: bubbles_dialogue(),
}


def phone_number_ids(count: int, *, first: int = 0) -> tuple[str, ...]:
    """Return the ids of business numbers, 15 digits as Meta's."""
    return tuple(str(108_000_000_000_000 + first + index) for index in range(count))


def make_people(count: int, numbers: Sequence[str], *, cast: Cast = "workshop", first: int = 0) -> list[Person]:
    """Spread people evenly over the business numbers, so that no limit of one number is ever met."""
    return [person_of(index, numbers, cast=cast) for index in range(first, first + count)]


def person_of(index: int, numbers: Sequence[str], *, cast: Cast = "workshop") -> Person:
    """Return the person with this index; number, name and dialogue follow from it."""
    name = NAMES[index % len(NAMES)]
    return Person(wa_id_of(index), numbers[index % len(numbers)], name, DIALOGUES[cast](name, 1 + index % (2 * FLEET)))


def wa_id_of(index: int) -> str:
    """Return the phone number of the person with this index; up to ten million people."""
    return f"55119{70_000_000 + index}"
