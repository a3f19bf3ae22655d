"""From the text of an expression to its tokens."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from services.executor.domain.cel.values import CelError
from services.executor.domain.json_value import storable

MAX_LENGTH: Final = 2_000

Kind = Literal["int", "double", "string", "name", "sign", "end"]

_BLANK = re.compile(r"(?:\s+|//[^\n]*)*")
_NUMBER = re.compile(
    r"(?P<hex>0[xX][0-9a-fA-F]+)[uU]?|(?P<double>[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.[0-9]+)"
    r"|(?P<int>[0-9]+)[uU]?"
)
_NAME = re.compile(r"[^\W\d]\w*")
_SIGN = re.compile(r"&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]{}]")
_TEXT = re.compile(r"""(?P<raw>[rR]?)(?P<quote>\"\"\"|'''|"|')""")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL)
_SIMPLE: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "?": "?", '"': '"',
    "'": "'", "`": "`",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A token; `value` is a literal's, and otherwise the text again."""

    kind: Kind
    value: int | float | str
    text: str


END: Final = Token("end", "", "")


def tokens_of(text: str) -> list[Token]:
    """Cut an expression into tokens, the last of which is END. Raises CelError."""
    if len(text) > MAX_LENGTH:
        raise CelError(f"The expression is longer than {MAX_LENGTH} characters.")
    tokens: list[Token] = []
    position = _after_blank(text, 0)
    while position < len(text):
        token, position = _token(text, position)
        tokens.append(token)
        position = _after_blank(text, position)
    return [*tokens, END]


def _after_blank(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return match.end() if match else position


def _token(text: str, position: int) -> tuple[Token, int]:
    if match := _TEXT.match(text, position):
        return _literal_text(text, match)
    if match := _NUMBER.match(text, position):
        return _number(match), match.end()
    if match := _NAME.match(text, position):
        return Token("name", match[0], match[0]), match.end()
    if match := _SIGN.match(text, position):
        return Token("sign", match[0], match[0]), match.end()
    raise CelError(f'The expression cannot be read from "{text[position : position + 20]}".')


def _number(match: re.Match[str]) -> Token:
    if match["double"] is not None:
        return Token("double", float(match["double"]), match[0])
    return Token("int", int(match["hex"], 16) if match["hex"] else int(match["int"]), match[0])


def _literal_text(text: str, opening: re.Match[str]) -> tuple[Token, int]:
    quote, is_raw = opening["quote"], bool(opening["raw"])
    position = opening.end()
    while not text.startswith(quote, position):
        if position >= len(text) or (text[position] == "\n" and len(quote) == 1):
            raise CelError("A text of the expression is never closed.")
        # What is escaped closes nothing.
        position += 2 if text[position] == "\\" and not is_raw else 1
    inner = text[opening.end() : position]
    end = position + len(quote)
    return Token("string", inner if is_raw else _unescaped(inner), text[opening.start() : end]), end


def _unescaped(text: str) -> str:
    return storable(_ESCAPE.sub(_escape, text))


def _escape(match: re.Match[str]) -> str:
    code = next((int(digits, 16) for digits in match.groups()[:3] if digits), None)
    if match[4] is not None:
        code = int(match[4], 8)
    if code is not None:
        if code > 0x10FFFF:
            raise CelError("A text of the expression names a character that does not exist.")
        return chr(code)
    simple = _SIMPLE.get(match[5])
    if simple is None:
        raise CelError(f'"\\{match[5]}" is no escape that a text may have.')
    return simple
