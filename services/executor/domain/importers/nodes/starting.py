"""Where a flow begins: the start, with what starts it by itself."""

from collections.abc import Mapping
from typing import Final

from services.executor.domain.importers.reading import Draft, NodeSource, type_name
from services.executor.domain.importers.values import Object, as_flag, as_list, as_text, folded, present
from services.executor.domain.importers.vocabulary import squash

# Of type names such as trigger_universal, what follows the first word.
_ANY: Final = frozenset({"universal", "any", "all", "catchall"})
_BUTTON: Final = frozenset({"templatebutton"})
_REFERRAL: Final = frozenset({"referral", "ad", "ctwa"})
_PLAIN: Final = frozenset({"", "keyword", "keywords"})
_MATCHES: Final[Mapping[str, str]] = {
    "": "exact",
    "exact": "exact",
    "equals": "exact",
    "equal": "exact",
    "is": "exact",
    "contains": "contains",
    "includes": "contains",
    "startswith": "starts_with",
    "starts": "starts_with",
    "prefix": "starts_with",
    "regex": "regex",
    "matches": "regex",
}


def read_start(node: NodeSource) -> Draft:
    """A start, or a node whose type says by what it starts (trigger_keyword, trigger_universal)."""
    written = node.take("triggers")
    triggers = _triggers(node)
    if as_flag(node.take("case_sensitive")):
        node.note(
            "changed",
            "caseSensitive",
            "Keywords are compared without regard to case; 'caseSensitive' has no effect.",
        )
    greeting = node.text("greeting")
    if greeting:
        node.note("changed", "greeting", "The greeting is a message node after the start now.")
    said = (Draft("message", {"content": greeting}),) if greeting else ()
    return Draft("start", present({"triggers": triggers or written}), after=said)


def _triggers(node: NodeSource) -> list[Object]:
    words = _words(node.take("keywords"))
    match = _MATCHES.get(squash(folded(node.take("match"))))
    if match is None:
        node.note("problem", "match", "How the keywords are compared is not known: they have to be the whole text now.")
    found: list[Object] = [{"kind": "keyword", "keywords": words, "match": match or "exact"}] if words else []
    by = squash(type_name(node.raw)).partition("trigger")[2]
    if by in _ANY:
        found.append({"kind": "any"})
    elif by in _BUTTON:
        texts, payloads = _words(node.take("texts")), _words(node.take("payloads"))
        found.append(present({"kind": "template_button", "payloads": payloads or None, "texts": texts or None}))
    elif by in _REFERRAL:
        ids = _words(node.take("source_ids"))
        found.append(present({"kind": "referral", "sourceIds": ids or None}))
    elif by not in _PLAIN and not found:
        message = f"What '{type_name(node.raw)}' waits for starts no flow here: add a trigger to the start node."
        node.note("problem", "triggers", message)
    return found


def _words(value: object) -> list[str]:
    """The words of a list, or of a text with commas."""
    written = [word.strip() for word in value.split(",")] if isinstance(value, str) else as_list(value)
    return [word for word in map(as_text, written) if word]
