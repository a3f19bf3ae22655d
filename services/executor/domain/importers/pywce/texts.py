"""Texts of pywce: Jinja with `s.` for the session, `p.` for what contacts answered, and WhatsApp's limits."""

from dataclasses import dataclass

from services.executor.domain.importers.menu_limits import MAX_BUTTON_TITLE, MAX_FRAME
from services.executor.domain.importers.names import Names
from services.executor.domain.importers.pywce.source import Stage
from services.executor.domain.importers.report import Findings, Level
from services.executor.domain.importers.templating import translate
from services.executor.domain.importers.values import Object, as_list, as_object, as_text, present

_OF_CONTACT = {"wa_name": "contact.name", "wa_id": "contact.phone", "name": "contact.name"}


@dataclass(slots=True)
class Allowance:
    """How many patterns of a document may still be compiled; far more than a flow that is published may have."""

    patterns: int = 500


@dataclass(frozen=True, slots=True)
class Voice:
    """What a stage says, piece by piece, in our words."""

    stage: Stage
    id: str
    names: Names
    findings: Findings
    allowance: Allowance

    def note(self, level: Level, name: str, message: str) -> None:
        self.findings.add(level, self.id, name, message)

    @property
    def fields(self) -> Object:
        return as_object(self.stage.message)

    def variable(self) -> str | None:
        """Where the answer goes; None when the stage keeps none."""
        prop = as_text(self.stage.settings.get("prop"))
        return self.names.native(prop) if prop else None

    def plain(self) -> str:
        """The message of a stage that is a text alone, also as a list of lines."""
        lines = [text for text in map(as_text, as_list(self.stage.message)) if text is not None]
        return self.translated("\n".join(lines) if lines else as_text(self.stage.message) or "", "message")

    def text(self, name: str) -> str | None:
        written = as_text(self.fields.get(name))
        return self.translated(written, name) if written else None

    def frame(self) -> Object:
        """{content, header, footer} of an interactive message."""
        body, header, footer = self.text("body"), self.text("title"), self.text("footer")
        if not body:
            self.note("problem", "body", "The message has no text: fill 'content'.")
        written = self.fields.get("header")
        if isinstance(written, dict):
            self.note("problem", "header", "A picture over the text is not taken over: send it as a message before.")
        for name, text in (("title", header), ("footer", footer)):
            self.measure(name, text, MAX_FRAME)
        if header is None and isinstance(written, str) and written:
            header = self.translated(written, "header")
        return {"content": body or ""} | present({"header": header, "footer": footer})

    def button(self, usual: str) -> str:
        text = self.text("button") or usual
        self.measure("button", text, MAX_BUTTON_TITLE)
        return text

    def measure(self, name: str, text: str | None, limit: int) -> None:
        if text is not None and len(text) > limit and "{{" not in text:
            message = f"Text '{text}' in '{name}' has {len(text)} characters; WhatsApp takes {limit}: shorten it."
            self.note("problem", name, message)

    def translated(self, written: str, name: str) -> str:
        return translate(written, self._resolve, lambda message: self.note("problem", name, message))

    def _resolve(self, path: str) -> str | None:
        root, _, rest = path.partition(".")
        if root in {"s", "p"} and rest:
            if root == "s" and rest in _OF_CONTACT:
                return _OF_CONTACT[rest]
            name, dot, inner = rest.partition(".")
            return f"{self.names.native(name)}{dot}{inner}"
        self.note("problem", "template", f"'{path[:60]}' was filled in by code: set it before, by an http_request.")
        return path
