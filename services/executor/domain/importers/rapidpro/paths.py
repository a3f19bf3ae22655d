"""What a path such as results.age.category or contact.name is called here."""

import re
from dataclasses import dataclass, field

from services.executor.domain.importers.names import Names

TOP_LEVELS = frozenset(
    {
        "calendar", "child", "contact", "fields", "flow", "global", "globals", "input", "interactive", "legacy_extra",
        "locals", "node", "parent", "results", "resume", "run", "step", "ticket", "trigger", "urns", "webhook",
    }
)  # fmt: skip
ATTRIBUTES = "contact.attributes"
TAGS = "contact.tags"
SAID = "user_message"
STATUS = "webhook_status"
# The last parts of a path that say no more than the path before them.
_ITSELF = frozenset({"value", "input", "text", "label"})
_CATEGORY = frozenset({"category", "category_localized"})
_CONTACT = {
    "": "contact.name",
    "name": "contact.name",
    "first_name": "contact.name",
    "phone": "contact.phone",
    "tel": "contact.phone",
    "tel_e164": "contact.phone",
    "urn": "contact.phone",
    "email": "contact.email",
    "language": "contact.language",
    "groups": TAGS,
}
_CALENDAR = {"current_date": "current_date", "today": "current_date"}
_KEY = re.compile(r"[\W_]+")


def key_of(name: str) -> str:
    """The key under which RapidPro keeps a result: `My result!` is my_result."""
    return _KEY.sub("_", name.strip().casefold()).strip("_") or "result"


@dataclass(slots=True)
class Paths:
    """Finds the native name of a path, and remembers which names of other flows and of the house are read.

    `last_call` is the result that holds the answer of the webhook before, as far as one can tell.
    """

    names: Names = field(default_factory=Names)
    calls: list[str] = field(default_factory=list)
    children: set[str] = field(default_factory=set)
    settings: dict[str, str] = field(default_factory=dict)

    def result(self, name: str) -> str:
        """The variable of a result, by its name or key."""
        return self.names.native(key_of(name))

    def category(self, name: str) -> str:
        """The variable that holds a result's category, where the flow reads one."""
        return self.names.native(f"{key_of(name)}_category")

    def local(self, name: str) -> str:
        """The variable of a local value of a run; its names begin with `_` as a rule."""
        return self.names.native(key_of(name))

    def find(self, path: str) -> str | None:
        """The native path, or None when there is nothing like it here."""
        top, *rest = path.split(".")
        match top.casefold():
            case "input":
                return {"": SAID, "text": SAID, "urn": "contact.phone"}.get(".".join(rest))
            case "results":
                return self._result(rest)
            case "fields":
                return _field(rest)
            case "contact":
                return self._contact(rest)
            case "urns":
                return "contact.phone" if rest in (["tel"], ["whatsapp"]) else None
            case "webhook" | "legacy_extra":
                return self._answer(rest)
            case "locals":
                return self.local(rest[0]) if len(rest) == 1 else None
            case "globals" | "global":
                return self._setting(rest)
            case "calendar":
                return _CALENDAR.get(".".join(rest))
            case "child":
                return self._child(rest[1:]) if rest[:1] == ["results"] else None
            case "parent":
                return self._parent(rest)
        return None

    def _result(self, rest: list[str]) -> str | None:
        if len(rest) < 2:
            return self.result(rest[0]) if rest else None
        if rest[0] == "parent":
            return self._parent(["results", *rest[1:]])
        if rest[0] == "child":
            return self._child(rest[1:])
        if rest[1] in _CATEGORY:
            return self.category(rest[0])
        inner = rest[2:] if rest[1] == "extra" or (rest[1] in _ITSELF and len(rest) > 2) else rest[1:]
        if not inner or (len(inner) == 1 and inner[0] in _ITSELF):
            return self.result(rest[0])
        return ".".join([self.result(rest[0]), *inner])

    def _contact(self, rest: list[str]) -> str | None:
        if rest[:1] in (["fields"], ["urns"]):
            return _field(rest[1:]) if rest[0] == "fields" else "contact.phone"
        return _CONTACT.get(".".join(rest))

    def _answer(self, rest: list[str]) -> str | None:
        if rest == ["status"]:
            return STATUS
        if len(set(self.calls)) != 1:
            return None
        inner = rest[1:] if rest[:1] == ["json"] else rest
        return ".".join([self.calls[0], *inner])

    def _setting(self, rest: list[str]) -> str | None:
        if len(rest) != 1:
            return None
        name = self.names.native(f"global_{key_of(rest[0])}")
        self.settings[name] = rest[0]
        return name

    def _child(self, rest: list[str]) -> str | None:
        """A result of the flow that was called last; it comes back under a name of its own."""
        if not rest or (len(rest) > 1 and rest[1] not in _ITSELF):
            return None
        self.children.add(key_of(rest[0]))
        return self.names.native(f"child_{key_of(rest[0])}")

    def _parent(self, rest: list[str]) -> str | None:
        """What the calling flow handed over has its own name here."""
        if rest[:1] == ["results"] and len(rest) > 1:
            return self._result(rest[1:])
        if rest[:1] == ["fields"]:
            return _field(rest[1:])
        return self._contact(rest[1:]) if rest[:1] == ["contact"] else None


def _field(rest: list[str]) -> str | None:
    if len(rest) > 1 and rest[1] not in _ITSELF:
        return None
    return f"{ATTRIBUTES}.{key_of(rest[0])}" if rest else None
