"""What the bot says, in plain words: the same few for every kind of message."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Final

from services.executor.domain.commands import Say
from services.executor.domain.json_value import Json
from services.executor.domain.says import SendMedia, SendTemplate
from services.executor.domain.secret_marks import marked_names, put_in

_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Kinds that are named in a report only by their words.
_USUAL: Final = frozenset({"text", "buttons", "list"})


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message of the bot.

    `kind` is text, buttons, list, image and so on; `words` its text, body or caption, as the log tells it; `options`
    what can be tapped, title by id; `fields` are all its parts, as JSON.
    """

    flow_id: str
    node_id: str
    kind: str
    words: str
    options: Mapping[str, str]
    fields: Mapping[str, Json]

    def __str__(self) -> str:
        """As it is shown in a report."""
        told = json.dumps(self.words, ensure_ascii=False)
        if self.options:
            told += f" with {', '.join(f'[{title}]' for title in self.options.values())}"
        return told if self.kind in _USUAL else f"{self.kind} {told}"


def plain(flow_id: str, command: Say) -> Spoken:
    """Tell a command in plain words."""
    fields: dict[str, Json] = {name: _json(value) for name, value in asdict(command).items() if name != "node_id"}
    options = dict(_options(fields))
    kind = _CAPITAL.sub("_", type(command).__name__.removeprefix("Send")).casefold()
    if isinstance(command, SendMedia):
        kind = command.media.kind
    elif isinstance(command, SendTemplate):
        options = {button.value: button.value for button in command.buttons if button.kind == "quick_reply"}
    return Spoken(flow_id, command.node_id, kind, command.words, options, fields)


def as_written(request: Mapping[str, Json]) -> dict[str, Json]:
    """A request outside with its secrets by name, as `{{secret.NAME}}`."""
    whole = dict(request)
    written = put_in(whole, {name: f"{{{{secret.{name}}}}}" for name in marked_names(whole)})
    return written if isinstance(written, dict) else {}


def _json(value: object) -> Json:
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _options(value: Json) -> Iterator[tuple[str, str]]:
    """Everything inside that has an id and a title."""
    if isinstance(value, list):
        for item in value:
            yield from _options(item)
    elif isinstance(value, dict):
        option, title = value.get("id"), value.get("title")
        if isinstance(option, str) and isinstance(title, str):
            yield option, title
        else:
            for item in value.values():
                yield from _options(item)
