"""Texts for paper: characters that a font has, in lines that fit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

# What the fonts that every PDF reader has can show (ISO 32000, WinAnsiEncoding).
_CODE_PAGE = "cp1252"
_BREAKS = re.compile(r"\r\n|[\r\n\v\f\x85\u2028\u2029]")


def legible(text: str) -> str:
    """The text in characters of Windows-1252; of any other its Unicode name in brackets, so that none is lost.

    >>> legible("Olá ❤")
    'Olá [HEAVY BLACK HEART]'
    """
    composed = unicodedata.normalize("NFC", _BREAKS.sub("\n", text).replace("\t", "    "))
    return "".join(map(_shown, composed)) if not composed.isascii() or not composed.isprintable() else composed


def lines_of(text: str, widths: Sequence[float], most: float) -> Iterator[str]:
    """A legible text in lines no wider than `most`; `widths` are those of the 256 characters of the code page.

    Lines break between words, and within a word that is wider than a line.
    """
    for paragraph in text.split("\n"):
        line, used = b"", 0.0
        for word in re.findall(rb"[^ ]+ *| +", paragraph.encode(_CODE_PAGE)):
            for piece, width in _pieces(word, widths, most):
                if line and used + width - _blank(piece, widths) > most:
                    yield line.decode(_CODE_PAGE).rstrip()
                    line, used = b"", 0.0
                line, used = line + piece, used + width
        yield line.decode(_CODE_PAGE).rstrip()


def _pieces(word: bytes, widths: Sequence[float], most: float) -> Iterator[tuple[bytes, float]]:
    width = sum(map(widths.__getitem__, word))
    if width - _blank(word, widths) <= most:
        yield word, width
        return
    start, used = 0, 0.0
    for place, character in enumerate(word):
        if place > start and used + widths[character] > most:
            yield word[start:place], used
            start, used = place, 0.0
        used += widths[character]
    yield word[start:], used


def _blank(piece: bytes, widths: Sequence[float]) -> float:
    """How much of a piece is the blanks behind it, which may stand over the edge."""
    return (len(piece) - len(piece.rstrip(b" "))) * widths[0x20]


def _shown(character: str) -> str:
    if character == "\n" or (character.isprintable() and _has(character)) or character == "\xa0":
        return character
    return f"[{unicodedata.name(character, f'U+{ord(character):04X}')}]"


def _has(character: str) -> bool:
    try:
        character.encode(_CODE_PAGE)
    except UnicodeEncodeError:
        return False
    return True
