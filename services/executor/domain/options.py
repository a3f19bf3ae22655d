"""Options a contact may choose from, and which one an answer means."""

import unicodedata
from dataclasses import dataclass

from services.executor.domain.events import InboundMessage


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: `value` is stored and names the handle, `title` is what the contact sees."""

    value: str
    title: str
    description: str = ""


def match_option(options: tuple[Option, ...], message: InboundMessage) -> Option | None:
    """Find the option that was tapped or typed: by id, value, title, then place in the list counted from 1.

    Typed answers are trimmed and compared without case; accents and decoration around the words (an
    emoji before a title) are left out of account when exactly one option remains. The place in the
    list counts only when no option's value is itself a number.
    """
    if message.reply_id:
        tapped = next((option for option in options if option.value == message.reply_id), None)
        if tapped is not None:
            return tapped
    said = message.spoken()
    return _by_words(options, said) or _by_place(options, said)


def _by_words(options: tuple[Option, ...], said: str) -> Option | None:
    folded = said.strip().casefold()
    for option in options:
        if folded and folded in (option.value.strip().casefold(), option.title.strip().casefold()):
            return option
    bare = bare_words(said)
    alike = [option for option in options if bare and bare in (bare_words(option.value), bare_words(option.title))]
    return alike[0] if len(alike) == 1 else None


def _by_place(options: tuple[Option, ...], said: str) -> Option | None:
    if not (said.isascii() and said.isdigit() and len(said) < 4):
        return None
    if any(option.value.strip().isdigit() for option in options):
        return None
    place = int(said)
    return options[place - 1] if 1 <= place <= len(options) else None


def bare_words(text: str) -> str:
    """Fold case and accents, and drop everything at both ends that is neither letter nor digit."""
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(letter)
    )
    kept = [index for index, letter in enumerate(plain) if letter.isalnum()]
    return plain[kept[0] : kept[-1] + 1] if kept else ""
