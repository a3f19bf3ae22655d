"""Where Liquid's paths lead: Studio keeps values under flow, trigger, widgets and contact, a flow here in variables."""

from dataclasses import dataclass, field
from typing import Final

from services.executor.domain.importers.names import Names

DATA: Final = "flow_data"
"""What a caller of the flow hands over: Studio's flow.data and parameters."""
OPENING: Final = "trigger_message"
"""The message that started the flow: Studio's trigger.message.Body."""

_BODY = frozenset({"Body", "body", "ButtonText"})
_SPOKEN = frozenset({"Digits", "SpeechResult"})


@dataclass(slots=True)
class Variables:
    """Names for what a flow sets and its widgets answer; remembers which of them are read."""

    names: Names
    of_widget: dict[str, str]
    opening_is_read: bool = False
    statuses_read: set[str] = field(default_factory=set)

    def resolve(self, path: str) -> str | None:
        """The native path of a Liquid one; None when nothing here holds that value."""
        match path.split("."):
            case ["flow", "variables", key, *rest]:
                return _join(self.names.native(key), rest)
            case ["flow", "data", *rest] | ["trigger", "request" | "parent", "parameters", *rest]:
                return _join(DATA, rest)
            case ["flow", "sid"]:
                return "conversation.id"
            case ["trigger", "message", "Body"]:
                self.opening_is_read = True
                return OPENING
            case ["trigger", "message" | "call", "From"] | ["contact", "channel", "address"]:
                return "contact.phone"
            case ["widgets", widget, *rest] if widget in self.of_widget:
                return self._of_widget(widget, rest)
            case _:
                return None

    def status_of(self, widget: str) -> str:
        return f"{self.of_widget[widget]}_status"

    def _of_widget(self, widget: str, rest: list[str]) -> str | None:
        name = self.of_widget[widget]
        match rest:
            case ["inbound" | "incoming", part] if part in _BODY:
                return name
            case ["inbound" | "incoming", "From"]:
                return "contact.phone"
            case ["parsed", *inner]:
                return _join(name, inner)
            case ["body"]:
                return name
            case [part] if part in _SPOKEN:
                return name
            case ["status_code"]:
                self.statuses_read.add(widget)
                return self.status_of(widget)
            case _:
                return None


def name_variables(keys: list[str], widgets: list[str]) -> Variables:
    """Name the variables a flow sets, then its widgets' answers; no two share a name."""
    names = Names()
    for key in (DATA, OPENING, *keys):
        names.native(key)
    of_widget = {name: names.native(f"{name}_reply" if names.knows(name) else name) for name in widgets}
    return Variables(names, of_widget)


def _join(name: str, rest: list[str]) -> str:
    return ".".join([name, *rest])
