"""The filters a placeholder may pass its value through: `{{name | title}}`, `{{total | money:"BRL"}}`."""

import re
from collections.abc import Callable
from typing import Final

from services.executor.domain.json_value import Json, number_of, text_of

Filter = Callable[[Json], Json]

_WORD = re.compile(r"\S+")
_SYMBOLS = {"BRL": "R$", "USD": "US$", "EUR": "€", "GBP": "£"}
# Currencies whose home writes 1.234,50; the others write 1,234.50.
_COMMA_CURRENCIES = frozenset({"BRL", "EUR", "ARS", "CLP", "COP", "UYU", "PYG"})


def _on_text(change: Callable[[str], str]) -> Callable[[str], Filter]:
    def build(argument: str) -> Filter:
        return lambda value: None if value is None else change(text_of(value))

    return build


def _title(text: str) -> str:
    return _WORD.sub(lambda match: match[0][:1].upper() + match[0][1:].lower(), text)


def _default(argument: str) -> Filter:
    return lambda value: argument if value is None or text_of(value).strip() == "" else value


def _money(argument: str) -> Filter:
    currency = argument.strip().upper() or "BRL"

    def write(value: Json) -> Json:
        number = number_of(value)
        if number is None or abs(number) >= 10**18:
            return value
        digits = f"{abs(number):,.2f}"
        if currency in _COMMA_CURRENCIES:
            digits = digits.replace(",", " ").replace(".", ",").replace(" ", ".")
        return f"{'-' if number < 0 else ''}{_SYMBOLS.get(currency, currency)} {digits}"

    return write


FILTERS: Final[dict[str, Callable[[str], Filter]]] = {
    "upper": _on_text(str.upper),
    "lower": _on_text(str.lower),
    "title": _on_text(_title),
    "trim": _on_text(str.strip),
    "default": _default,
    "money": _money,
}
