"""Texts for paper: nothing that was said is lost, and every line fits."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingress.domain.legible import legible, lines_of

EVEN = [1.0] * 256


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Olá, você quer pão de açúcar?", "Olá, você quer pão de açúcar?"),
        ("“preço” – 5 €…", "“preço” – 5 €…"),
        ("feito 😀", "feito [GRINNING FACE]"),
        ("a\u0301gua", "água"),
        ("да", "[CYRILLIC SMALL LETTER DE][CYRILLIC SMALL LETTER A]"),
        ("\x07", "[U+0007]"),
        ("\ud800", "[U+D800]"),
        ("um\r\ndois\u2028três\tquatro", "um\ndois\ntrês    quatro"),
        ("10\xa0kg", "10\xa0kg"),
        ("\u202eabc", "[RIGHT-TO-LEFT OVERRIDE]abc"),
    ],
)
def test_what_the_font_lacks_is_told_by_name(said: str, shown: str) -> None:
    assert legible(said) == shown


@given(st.text())
def test_every_text_can_be_shown_and_read_back(said: str) -> None:
    shown = legible(said)

    shown.encode("cp1252")
    assert all(character == "\n" or character == "\xa0" or character.isprintable() for character in shown)
    for character in unicodedata.normalize("NFC", said):
        name = unicodedata.name(character, f"U+{ord(character):04X}")
        assert character in shown or f"[{name}]" in shown or character in "\t\r\v\f\x85\u2028\u2029"


@given(st.text(st.sampled_from("ab é\n "), max_size=80), st.integers(1, 12))
def test_lines_fit_and_hold_every_word(said: str, most: int) -> None:
    lines = list(lines_of(said, EVEN, most))

    assert all(len(line) <= most for line in lines)
    assert "".join("".join(lines).split()) == "".join(said.split())


def test_lines_break_between_words_and_within_those_that_are_too_long() -> None:
    assert list(lines_of("aa bb cc dd", EVEN, 5)) == ["aa bb", "cc dd"]
    assert list(lines_of("aa " + "b" * 12, EVEN, 5)) == ["aa", "bbbbb", "bbbbb", "bb"]
    assert list(lines_of("um\n\ndois", EVEN, 9)) == ["um", "", "dois"]


def test_wide_letters_fill_a_line_sooner() -> None:
    widths = [1.0] * 256
    widths[ord("W")] = 3.0

    assert list(lines_of("WWW iii", widths, 9)) == ["WWW", "iii"]
