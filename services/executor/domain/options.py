"""Options a contact may choose from, and which one an answer means."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from services.executor.domain.events import InboundMessage


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: `value` is stored and names the handle, `title` is what the contact sees."""

    value: str
    title: str
    description: str = ""


Matcher = Callable[[InboundMessage], Option | None]


def compile_matcher(options: tuple[Option, ...]) -> Matcher:
    """Compile to: message → the option that was tapped or typed: by id, value, title, then place counted from 1.

    Typed answers are trimmed and compared without case; accents and decoration around the words (an
    emoji before a title) are left out of account when exactly one option remains. The place in the
    list counts only when no option's value is itself a number.
    """
    by_id: dict[str, Option] = {}
    by_words: dict[str, Option] = {}
    for option in options:
        by_id.setdefault(option.value, option)
        for words in (option.value, option.title):
            by_words.setdefault(_folded(words), option)
    by_bare_words = _told_apart(options)
    has_numbers = any(option.value.strip().isdigit() for option in options)

    def match(message: InboundMessage) -> Option | None:
        tapped = by_id.get(message.reply_id) if message.reply_id else None
        said = message.spoken()
        if tapped is not None or not said:
            return tapped
        found = by_words.get(_folded(said)) or by_bare_words.get(bare_words(said))
        return found if found is not None or has_numbers else _by_place(options, said)

    return match


def _told_apart(options: tuple[Option, ...]) -> dict[str, Option]:
    """The options by their bare words, but for words that two of them share or that are empty."""
    found: dict[str, list[Option]] = {}
    for option in options:
        for words in {bare_words(option.value), bare_words(option.title)} - {""}:
            found.setdefault(words, []).append(option)
    return {words: alike[0] for words, alike in found.items() if len(alike) == 1}


def _folded(words: str) -> str:
    return words.strip().casefold()


def _by_place(options: tuple[Option, ...], said: str) -> Option | None:
    if not (said.isascii() and said.isdigit() and len(said) < 4):
        return None
    place = int(said)
    return options[place - 1] if 1 <= place <= len(options) else None


def bare_words(text: str) -> str:
    """Fold case and accents, and drop everything at both ends that is neither letter nor digit."""
    plain = text.casefold()
    if not plain.isascii():
        plain = "".join(letter for letter in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(letter))
    begin, end = 0, len(plain)
    while begin < end and not plain[begin].isalnum():
        begin += 1
    while begin < end and not plain[end - 1].isalnum():
        end -= 1
    return plain[begin:end]
