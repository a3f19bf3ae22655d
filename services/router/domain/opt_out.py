"""Words by which a person stops messages, or wants them again, and what is answered. See docs/decisions/0028.

Only words that say nothing else are there from the start: "cancelar" or "sair" may as well answer a question.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from uuid import UUID

# Nothing longer is a stop word.
MOST_CHARACTERS = 60
_READ_FROM = frozenset({"text", "button", "interactive"})
_AT_THE_ENDS = " .,;:!?¡¿\"'“”()*_~"


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language; an empty text says nothing."""

    stop_words: tuple[str, ...] = ()
    start_words: tuple[str, ...] = ()
    stopped_text: str = ""
    started_text: str = ""


DEFAULTS: Mapping[str, Language] = {
    "pt": Language(
        ("parar", "pare", "parar mensagens", "descadastrar", "descadastre-me", "sair da lista", "não quero mensagens",
         "não quero receber mensagens", "não quero mais receber mensagens", "não enviar mais mensagens"),
        ("voltar a receber", "quero receber mensagens", "recadastrar"),
        "Pronto: você não vai mais receber nossas mensagens. Para voltar, envie: voltar a receber.",
        "Pronto: você vai receber nossas mensagens de novo.",
    ),
    "en": Language(
        ("stop", "stop all", "stopall", "stop messages", "unsubscribe", "opt out", "opt-out", "optout",
         "no more messages"),
        ("start", "unstop", "subscribe", "opt in", "opt-in", "optin"),
        "Done: you will get no more messages from us. To get them again, send: start.",
        "Done: you will get our messages again.",
    ),
    "es": Language(
        ("baja", "darme de baja", "dar de baja", "cancelar suscripción", "no quiero mensajes",
         "no quiero recibir mensajes", "no más mensajes", "parar mensajes"),
        ("alta", "darme de alta", "quiero recibir mensajes"),
        "Listo: no recibirás más mensajes nuestros. Para volver, envía: alta.",
        "Listo: volverás a recibir nuestros mensajes.",
    ),
}  # fmt: skip


class Word(NamedTuple):
    """What a text means: stop (`is_out`) or start, and the text that confirms it (empty: none)."""

    is_out: bool
    answer: str


@dataclass(frozen=True, slots=True)
class Words:
    """The words of an organization, ready to be compared."""

    by_text: Mapping[str, Word] = field(default_factory=dict)

    def meant_by(self, *, kind: str, text: str) -> Word | None:
        """What a message means by its whole text; None for nearly every one."""
        if not 0 < len(text) <= MOST_CHARACTERS or kind not in _READ_FROM:
            return None
        return self.by_text.get(folded(text))


NO_WORDS = Words()


class Confirmation(NamedTuple):
    """The one text that may leave: under its own id, in the person's conversation, while their window is open."""

    message_id: UUID
    conversation_id: UUID
    phone_number_id: str
    window_expires_at: int
    text: str


class Consent(NamedTuple):
    """A person's word about messages, for sender. `said_at_ms` in milliseconds since 1970; of two the later holds."""

    organization_id: UUID
    wa_id: str
    user_id: str
    kind: Literal["marketing", "all"]
    is_out: bool
    said_at_ms: int
    source: str
    confirmation: Confirmation | None = None


def folded(text: str) -> str:
    """A text as words are compared: without accents, case, signs at its ends, and more than one blank in a row."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(plain.casefold().split()).strip(_AT_THE_ENDS)


def compile_words(languages: Mapping[str, Language]) -> Words:
    """The words of all languages together; whoever writes one of them is answered in its language."""
    by_text: dict[str, Word] = {}
    for language in languages.values():
        for words, word in (
            (language.stop_words, Word(True, language.stopped_text)),
            (language.start_words, Word(False, language.started_text)),
        ):
            for text in words:
                by_text.setdefault(folded(text), word)
    by_text.pop("", None)
    return Words(by_text)


def clashes(languages: Mapping[str, Language]) -> Sequence[str]:
    """Words that would mean both stop and start."""
    stops = {folded(word) for language in languages.values() for word in language.stop_words}
    starts = {folded(word) for language in languages.values() for word in language.start_words}
    return sorted((stops & starts) - {""})
