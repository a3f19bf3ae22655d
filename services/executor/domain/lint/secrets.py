"""Findings about secrets: in clear text, or by name where none can be put in. No finding repeats what it found."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from services.executor.domain.document import FlowDocument, Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json
from services.executor.domain.lint.texts import texts_in
from services.executor.domain.nodes import NODE_TYPES
from services.executor.domain.secret_marks import with_marks
from services.executor.domain.templates import TemplateError, compile_template

_ROOT: Final = "secret"
# A token after one of the words that announce one; what a placeholder puts in is none.
_BEARER = re.compile(r"\bbearer\s+[\w.~+/=-]{12,}", re.IGNORECASE)
_BASIC = re.compile(r"^\s*basic\s+[A-Za-z0-9+/=]{12,}\s*$", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@{}]{1,200}:[^\s/@{}]{1,200}@", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(?:api[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret|password|passwd|senha|secret|token)"
    r"[\"']?\s*[=:]\s*[\"']?(?P<value>[A-Za-z0-9_.~+/-]{12,})",
    re.IGNORECASE,
)
# What well-known services begin their keys with.
_KEY = re.compile(
    r"\b(?:sk-[\w-]{20,}|sk_(?:live|test)_\w{16,}|EAA[A-Za-z0-9]{30,}|gh[pousr]_\w{30,}|xox[abprs]-[\w-]{16,}"
    r"|AKIA[0-9A-Z]{16}|AIza[\w-]{35}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})"
)
_WORD = re.compile(r"[A-Za-z0-9_+/=-]{32,}")
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
# Bits a character: written words have some 3.5, what dice make of letters and digits has more than 4.
_RANDOM_BITS: Final = 4.0
_FIELD = re.compile(
    r"(?:x-)?(?:api|access|auth|private)[_-]?(?:key|token)|token|authorization|(?:client[_-]?)?secret|password|passwd|senha"
    r"|connection[_-]?string",
    re.IGNORECASE,
)
_SHORTEST: Final = 8


def secret_findings(document: FlowDocument) -> Iterator[Finding]:
    """Check every node, and the flow's first values."""
    for name, value in document.variables.items():
        if any(_is_secret(text) for text in texts_in(value)):
            yield _in_clear(None, f'The variable "{name[:60]}"')
    for node in document.nodes:
        for field, value in node.data.items():
            if _holds_secret({field: value}):
                yield _in_clear(node.id, f'The field "{field[:60]}" of node {node.id}')
        yield from _misplaced(node)


def _in_clear(node_id: str | None, where: str) -> Finding:
    message = f"{where} holds what looks like a secret in clear text."
    return error("secret_in_clear", node_id, message, "Store it as a secret, and write {{secret.NAME}} in its place.")


def _holds_secret(value: Json) -> bool:
    if isinstance(value, str):
        return _is_secret(value)
    if isinstance(value, list):
        return any(_holds_secret(item) for item in value)
    if isinstance(value, dict):
        return any(_is_named_secret(name, item) or _holds_secret(item) for name, item in value.items())
    return False


def _is_named_secret(name: str, value: Json) -> bool:
    """Whether a field that is called like a secret holds one: not a name in braces, and no sentence."""
    if not isinstance(value, str) or not _FIELD.fullmatch(name) or "{{" in value:
        return False
    return len(value) >= _SHORTEST and (bool(_BASIC.match(value)) or not any(map(str.isspace, value)))


def _is_secret(text: str) -> bool:
    if _PASSWORD_IN_URL.search(text) or _KEY.search(text) or _BASIC.match(text):
        return True
    if any(_has_digit(match[0]) for match in _BEARER.finditer(text)):
        return True
    if any(_has_digit(match["value"]) and _has_letter(match["value"]) for match in _NAMED.finditer(text)):
        return True
    return any(_is_random(word) for word in _WORD.findall(_ADDRESS.sub(" ", text)))


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))


def _is_random(word: str) -> bool:
    """Whether a long word looks thrown: large and small letters and digits, and hardly any of them often."""
    if not (_has_digit(word) and word.lower() != word and word.upper() != word):
        return False
    counts = Counter(word).values()
    return -sum([count / len(word) * math.log2(count / len(word)) for count in counts]) >= _RANDOM_BITS


def _misplaced(node: Node) -> Iterator[Finding]:
    """`{{secret.NAME}}` stands where it is put in at the moment of a call, and nowhere else."""
    node_type = NODE_TYPES.get(node.type)
    allowed = node_type.secrets if node_type is not None else ()
    for field, value in node.data.items():
        texts = (with_marks(text) if field in allowed else text for text in texts_in(value))
        if any(_names_secret(text) for text in texts):
            message = f'The field "{field[:60]}" of node {node.id} names a secret, which is not put in there.'
            mend = "Write {{secret.NAME}} without filters, in url, headers, query or body of an http_request."
            yield error("secret_misplaced", node.id, message, mend)


def _names_secret(text: str) -> bool:
    if "{{" not in text or _ROOT not in text:
        return False
    try:
        names = compile_template(text).names
    except TemplateError:
        return False
    return any(name.partition(".")[0].strip() == _ROOT for name in names)
