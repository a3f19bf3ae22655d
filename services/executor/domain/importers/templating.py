"""Texts of other template languages (Liquid, Jinja) as texts of ours.

Both write `{{ name | filter: x }}` and `{% tags %}`. Names go through a resolver of the source; what has no meaning
here stays as it was written and is reported, so that nothing disappears from a text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from services.executor.domain.templates import TemplateError, compile_template

Resolve = Callable[[str], str | None]
Note = Callable[[str], None]

# Neither part may hold a brace, so that a text of many opening ones is read once.
_TAG = re.compile(r"\{\{([^{}]*)\}\}|\{%([^{}]*)%\}")
_PIPE = re.compile(r"""\|(?=(?:[^"']|"[^"]*"|'[^']*')*$)""")
_FILTER = re.compile(r"(\w+)\s*(?::\s*(.*)|\(\s*(.*?)\s*\))?", re.DOTALL)
_QUOTED = re.compile(r"""'([^'{}]*)'|"([^"{}]*)\"""")
_INDEX = re.compile(r"""\[\s*(?:'([^'\]]*)'|"([^"\]]*)"|(\d+))\s*\]""")
_PATH = re.compile(r"[^\W\d][\w-]*(\.[\w-]+)*")
_FOR = re.compile(r"for\s+(\w+)\s+in\s+(\S+)")
_FILTERS = {
    "upcase": "upper", "upper": "upper", "downcase": "lower", "lower": "lower", "capitalize": "title",
    "title": "title", "strip": "trim", "trim": "trim", "default": "default",
}  # fmt: skip
_SILENT = frozenset({"string", "safe", "escape", "to_s"})
_LOOP_NAMES = {"forloop.index": "index", "loop.index": "index"}
_MOMENTS = ("current_time", "current_date")
_LONGEST = 64 * 1024
_LONGEST_TAG = 400


@dataclass(slots=True)
class _Translation:
    """One text on its way; `loops` are the names of the loops around the place that is read."""

    resolve: Resolve
    note: Note
    loops: list[str] = field(default_factory=list)

    def tag(self, match: re.Match[str]) -> str:
        if len(match[0]) > _LONGEST_TAG:
            self.note(f"The placeholder '{match[0][:40]}…' is too long and stays as it is.")
            return match[0]
        if match[1] is not None:
            return self._output(_inner(match[1]), match[0])
        return self._block(_inner(match[2]), match[0])

    def _output(self, inner: str, written: str) -> str:
        expression, *filters = (piece.strip() for piece in _PIPE.split(inner))
        quoted = _QUOTED.fullmatch(expression)
        if quoted is not None and not filters:
            return quoted[1] if quoted[1] is not None else quoted[2]
        name = self._moment(expression, filters) or self._name(expression)
        if name is None:
            self.note(f"'{written[:80]}' has no counterpart here: put what it should show.")
            return written
        kept = [] if name in _MOMENTS else list(filter(None, map(self._filter, filters)))
        return "{{" + " | ".join([name, *kept]) + "}}"

    def _moment(self, expression: str, filters: list[str]) -> str | None:
        """The present moment, which Liquid writes `'now' | date: …`."""
        if expression.strip("'\"").casefold() != "now" or len(filters) != 1 or not filters[0].startswith("date"):
            return None
        self.note(f"The present moment is shown in the flow's own form, not as '{filters[0][:40]}'.")
        return _MOMENTS[0] if "%H" in filters[0] or "%I" in filters[0] else _MOMENTS[1]

    def _name(self, expression: str) -> str | None:
        path = dotted(expression)
        if path is None:
            return None
        if path in _LOOP_NAMES and self.loops:
            return _LOOP_NAMES[path]
        first, dot, rest = path.partition(".")
        return f"this{dot}{rest}" if first in self.loops else self.resolve(path)

    def _filter(self, written: str) -> str | None:
        found = _FILTER.fullmatch(written)
        name = found[1] if found else ""
        known = _FILTERS.get(name)
        if found is None or known is None:
            if name not in _SILENT:
                self.note(f"The filter '{written[:40]}' is not known here: the value is shown as it is.")
            return None
        argument = (found[2] or found[3] or "").strip().strip("'\"")
        return f'{known}:"{argument}"' if known == "default" else known

    def _block(self, inner: str, written: str) -> str:
        each = _FOR.fullmatch(inner)
        if each is not None:
            name = self._name(each[2])
            self.loops.append(each[1])
            if name is not None:
                return f"{{{{#each {name}}}}}"
        elif inner.startswith("end") and inner[3:] == "for" and self.loops:
            self.loops.pop()
            return "{{/each}}"
        self.note(f"The tag '{written[:60]}' is not run: write the text with conditions between nodes.")
        return written


def translate(text: str, resolve: Resolve, note: Note) -> str:
    """The text with our placeholders; `resolve` gives the native path of a foreign one, None when there is none."""
    if ("{{" not in text and "{%" not in text) or len(text) > _LONGEST:
        return text
    written = _TAG.sub(_Translation(resolve, note).tag, text)
    try:
        compile_template(written)
    except TemplateError as error:
        note(f"The text is no template here: {error}")
    return written


def single_path(text: str) -> tuple[str, tuple[str, ...]] | None:
    """(path, filters) of a text that is one placeholder and nothing else."""
    found = _TAG.fullmatch(text.strip())
    if found is None or found[1] is None or len(found[0]) > _LONGEST_TAG:
        return None
    expression, *filters = (piece.strip() for piece in _PIPE.split(_inner(found[1])))
    path = dotted(expression)
    return None if path is None else (path, tuple(filters))


def _inner(written: str) -> str:
    """What stands between the braces, without the dashes that trim blanks around them."""
    return written.removeprefix("-").removesuffix("-").strip()


def dotted(expression: str) -> str | None:
    """`a['b'][0].c` as `a.b.0.c`; None for what is no path."""
    path = _INDEX.sub(lambda match: f".{match[1] or match[2] or match[3] or ''}", expression.strip())
    return path if _PATH.fullmatch(path) else None
