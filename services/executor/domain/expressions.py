"""Arithmetic in set_variable: numbers, "texts", {{names}}, + - * / and parentheses. No eval, bounded work.

`+` adds when both sides are numbers (also numbers typed as text, "1,5") and joins texts otherwise.
An unknown or empty value counts as 0 beside a number, so a counter needs no first value.
"""

import re
from collections.abc import Callable
from decimal import Context, Decimal, DecimalException
from typing import Final

from services.executor.domain.budget import STEP
from services.executor.domain.json_value import Json, number_of, text_of
from services.executor.domain.variables import Scope, compile_reader

# Of a text so long there are fewer than 1,000 tokens.
MAX_LENGTH: Final = 1_000
MAX_DEPTH: Final = 32
MAX_TEXT: Final = 64 * 1024
MAX_NUMBER: Final = Decimal(10) ** 15

_CONTEXT = Context(prec=28)
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[0-9]+(?:[.,][0-9]+)?)|"(?P<double>[^"]*)"|'(?P<single>[^']*)'"""
    r"""|\{\{\s*(?P<braced>[^{}|]+?)\s*\}\}|(?P<name>[^\W\d][\w.]*)|(?P<sign>[-+*/()]))"""
)
_ARITHMETIC: Final[dict[str, Callable[[Decimal, Decimal], Decimal]]] = {
    "+": _CONTEXT.add,
    "-": _CONTEXT.subtract,
    "*": _CONTEXT.multiply,
    "/": _CONTEXT.divide,
}

Evaluate = Callable[[Scope], Json]


class ExpressionError(ValueError):
    """An expression that cannot be read or worked out; the message is a sentence for the author."""


def compile_expression(text: str) -> tuple[Evaluate, tuple[str, ...]]:
    """Compile an expression to (evaluate, names it reads); evaluate may raise ExpressionError or WorkSpent."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"The expression is longer than {MAX_LENGTH} characters.")
    parser = _Parser(_tokens(text))
    evaluate = parser.expression(0)
    parser.expect_end()

    def guarded(scope: Scope) -> Json:
        try:
            return evaluate(scope)
        except DecimalException as reason:
            raise ExpressionError("The expression divides by zero or has no result.") from reason

    return guarded, tuple(dict.fromkeys(parser.names))


def _tokens(text: str) -> list[re.Match[str]]:
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        token = _TOKEN.match(text, position)
        if token is None:
            raise ExpressionError(f'The expression cannot be read from "{text[position : position + 20].strip()}".')
        tokens.append(token)
        position = token.end()
    return tokens


class _Parser:
    """Recursive descent over the tokens; every method returns a compiled closure."""

    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self.tokens = tokens
        self.position = 0
        self.names: list[str] = []

    def expression(self, depth: int) -> Evaluate:
        return self._chain("+-", lambda: self._chain("*/", lambda: self._operand(depth)))

    def expect_end(self) -> None:
        if self.position < len(self.tokens):
            raise ExpressionError(f'The expression has "{self.tokens[self.position][0].strip()}" too much.')

    def _sign(self) -> str | None:
        return self.tokens[self.position]["sign"] if self.position < len(self.tokens) else None

    def _chain(self, signs: str, operand: Callable[[], Evaluate]) -> Evaluate:
        first = operand()
        rest: list[tuple[str, Evaluate]] = []
        while (sign := self._sign()) is not None and sign in signs:
            self.position += 1
            rest.append((sign, operand()))
        return _in_a_row(first, tuple(rest)) if rest else first

    def _operand(self, depth: int) -> Evaluate:
        if self.position >= len(self.tokens):
            raise ExpressionError("The expression ends where a value is missing.")
        if depth >= MAX_DEPTH:
            raise ExpressionError(f"The expression is nested deeper than {MAX_DEPTH}.")
        token = self.tokens[self.position]
        self.position += 1
        if token["sign"] is not None:
            return self._signed(token["sign"], depth)
        return self._value(token)

    def _signed(self, sign: str, depth: int) -> Evaluate:
        if sign == "(":
            inner = self.expression(depth + 1)
            if self._sign() != ")":
                raise ExpressionError("The expression has an opening parenthesis that is never closed.")
            self.position += 1
            return inner
        if sign in "+-":
            return _in_a_row(lambda scope: 0, ((sign, self._operand(depth + 1)),))
        raise ExpressionError(f'The expression has "{sign}" where a value is missing.')

    def _value(self, token: re.Match[str]) -> Evaluate:
        name = token["braced"] or token["name"]
        if name is not None:
            self.names.append(name)
            return compile_reader(name)
        if token["number"] is not None:
            number = _result(Decimal(token["number"].replace(",", ".")))
            return lambda scope: number
        text = token["double"] if token["double"] is not None else token["single"]
        return lambda scope: text


def _in_a_row(first: Evaluate, rest: tuple[tuple[str, Evaluate], ...]) -> Evaluate:
    """From left to right; a loop, for a long sum is no deep one."""

    def evaluate(scope: Scope) -> Json:
        value = first(scope)
        for sign, operand in rest:
            value = _combined(sign, value, operand(scope))
            scope.budget.spend(STEP + (len(value) if isinstance(value, str) else 0))
        return value

    return evaluate


def _combined(sign: str, one: Json, other: Json) -> Json:
    first, second = _operand_number(one), _operand_number(other)
    if first is not None and second is not None and not (_is_blank(one) and _is_blank(other)):
        return _result(_ARITHMETIC[sign](first, second))
    if sign == "+":
        return (text_of(one) + text_of(other))[:MAX_TEXT]
    raise ExpressionError(f'"{sign}" needs a number on both sides.')


def _is_blank(value: Json) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _operand_number(value: Json) -> Decimal | None:
    return Decimal(0) if _is_blank(value) else number_of(value)


def _result(number: Decimal) -> int | float:
    if not number.is_finite() or abs(number) > MAX_NUMBER:
        raise ExpressionError("The expression's result is larger than 1,000,000,000,000,000.")
    whole = number.to_integral_value()
    return int(whole) if whole == number else float(number)
