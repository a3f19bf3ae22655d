"""One widget as its reader sees it: properties with Liquid translated, transitions, notes for the report."""

from collections.abc import Callable
from dataclasses import dataclass, field

from services.executor.domain.importers.report import Findings, Level
from services.executor.domain.importers.templating import translate
from services.executor.domain.importers.twilio.variables import Variables
from services.executor.domain.importers.values import Object, as_list, as_number, as_object, as_text

# What says where the widget stands or which of Twilio's channels it uses.
_SILENT = frozenset({"offset", "service", "channel", "from", "message_type", "environment_sid", "function_sid"})
_USUAL = {
    "to": "{{contact.channel.address}}",
    "flow_revision": "LatestPublished",
}
_SECRETS = frozenset({"sip_password", "sip_auth_password"})
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Widget:
    """A state of the flow. `id` is its node's id, `name` what Liquid calls it."""

    id: str
    name: str
    type: str
    properties: Object
    transitions: tuple[Object, ...]
    variables: Variables
    findings: Findings
    taken: set[str] = field(default_factory=set)

    @property
    def variable(self) -> str:
        """The variable that holds the widget's answer."""
        return self.variables.of_widget[self.name]

    def note(self, level: Level, name: str, message: str) -> None:
        self.findings.add(level, self.id, name, message)

    def take(self, name: str) -> object:
        """The property as it is written; empty text is none."""
        self.taken.add(name)
        value = self.properties.get(name)
        return None if value == "" else value

    def text(self, name: str) -> str | None:
        """The property as a text of ours."""
        written = as_text(self.take(name))
        return None if written is None else self.translated(written, name)

    def number(self, name: str) -> int | float | None:
        return as_number(self.take(name))

    def translated(self, written: str, name: str) -> str:
        return translate(written, self.variables.resolve, lambda message: self.note("problem", name, message))

    def pairs(self, name: str) -> Object:
        """A list of {key, value} with the values translated."""
        listed = [as_object(item) for item in as_list(self.take(name))]
        found = [(as_text(item.get("key")), as_text(item.get("value"))) for item in listed]
        return {key: self.translated(value or "", name) for key, value in found if key}

    def leads(self, event: str) -> bool:
        """Whether a transition of this event leads somewhere."""
        return any(item.get("event") == event and as_text(item.get("next")) for item in self.transitions)

    def report_rest(self, say: Callable[[str], str]) -> None:
        """Say of every property that nobody has read why it has no effect."""
        for name, value in self.properties.items():
            if name in self.taken or name in _SILENT or value in (None, "", [], {}, False):
                continue
            if name in _SECRETS:
                self.note("dropped", name, f"'{name}' is a secret and is not taken over.")
            elif value != _USUAL.get(name):
                self.note("kept", name, say(name))


def translated_json(widget: Widget, value: object, name: str, depth: int = 0) -> object:
    """A JSON value with every text in it translated. Raises ValueError when it is nested too deeply."""
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return widget.translated(value, name)
    if isinstance(value, list):
        return [translated_json(widget, item, name, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: translated_json(widget, item, name, depth + 1) for key, item in value.items()}
    return value
