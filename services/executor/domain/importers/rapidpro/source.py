"""A RapidPro definition as its readers see it: nodes, exits, texts with native names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from services.executor.domain.importers.canvas import Canvas, Place
from services.executor.domain.importers.rapidpro.expressions import translate
from services.executor.domain.importers.rapidpro.paths import Paths
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.report import Level
from services.executor.domain.importers.values import Object, as_id, as_list, as_number, as_object, as_text


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of a node: its id and the node it leads to, if that is in the flow."""

    id: str
    target: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a definition. `id` is its own, the first native node it becomes has the same."""

    id: str
    raw: Object
    place: Place
    actions: tuple[Object, ...]
    router: Object
    exits: tuple[Exit, ...]
    ways: Mapping[str, Exit]

    @property
    def wait(self) -> Object:
        return as_object(self.router.get("wait"))

    @property
    def waits(self) -> bool:
        """Whether it waits for a message."""
        return bool(self.router) and bool(self.wait)

    def exit_to(self, written: object) -> Exit | None:
        """The exit with this id."""
        return self.ways.get(as_id(written) or "")


@dataclass(slots=True)
class Story:
    """The definition while it is read: what readers of actions and routers need to know of the whole.

    `read_categories` are the keys of results whose category some text or router reads.
    """

    canvas: Canvas
    paths: Paths
    steps: dict[str, Step]
    dialect: str
    language: str = ""
    read_categories: frozenset[str] = frozenset()
    interactives: dict[str, Object] = field(default_factory=dict)
    results: dict[str, None] = field(default_factory=dict)

    def add_result(self, name: str) -> None:
        """Remember a result that the flow sets; `results` are their variables."""
        self.results[self.paths.result(name)] = None

    def text(self, node_id: str, name: str, value: object) -> str:
        """A text with its expressions as placeholders; reports those that stay as they are."""
        written = as_text(value) or ""
        done = translate(written, self.paths.find)
        for expression in done.unknown:
            message = f"'{_short(expression)}' has no counterpart and stays in the text: write what it should say."
            self.canvas.note("problem", node_id, name, message)
        if "{{" in written:
            message = "Double braces in the text are placeholders here: write single ones if they are meant as signs."
            self.canvas.note("changed", node_id, name, message)
        return done.text


@dataclass(frozen=True, slots=True)
class Action:
    """One action with the id of the first native node it becomes."""

    id: str
    type: str
    raw: Object
    story: Story

    def note(self, level: Level, name: str, message: str) -> None:
        self.story.canvas.note(level, self.id, name, message)

    def text(self, name: str) -> str:
        return self.story.text(self.id, name, self.raw.get(name))

    def named(self, name: str) -> str:
        """The name of what a reference means: a flow, a group, a topic."""
        reference = as_object(self.raw.get(name))
        return as_text(reference.get("name")) or as_text(reference.get("uuid")) or ""

    def all_named(self, name: str) -> list[str]:
        """The names of what a list of references means; a name may be an expression."""
        listed = [as_object(item) for item in as_list(self.raw.get(name))]
        written = [as_text(item.get("name")) or as_text(item.get("name_match")) for item in listed]
        return [self.story.text(self.id, name, text) for text in written if text]


@dataclass(frozen=True, slots=True)
class Done:
    """What an action becomes: nodes one after another.

    `asks` says that the last of them is a text that may be the question of a wait right behind it, `takes_answer` that
    it waits for an answer by itself.
    """

    drafts: tuple[Draft, ...]
    asks: bool = False
    takes_answer: bool = False


def steps_of(definition: Object, canvas: Canvas) -> dict[str, Step]:
    """The nodes by id, in order; ids are claimed, so that nothing else takes them."""
    places = as_object(as_object(definition.get("_ui")).get("nodes"))
    found: dict[str, Step] = {}
    for number, raw in enumerate(as_list(definition.get("nodes")), start=1):
        if not isinstance(raw, dict):
            canvas.note("dropped", "", f"nodes[{number - 1}]", "A node that is no object was dropped.")
            continue
        written = as_id(raw.get("uuid"))
        node_id = canvas.claim(written, f"node-{number}")
        if written is not None and written != node_id:
            canvas.note("problem", node_id, "uuid", f"Two nodes have the id '{written}': exits mean the first.")
        found[node_id] = _step(node_id, raw, as_object(places.get(node_id)), canvas)
    return found


def texts_in(value: object, level: int = 0) -> Iterator[str]:
    """Every text inside a JSON value, not too deep."""
    if isinstance(value, str):
        yield value
    elif level < 30:
        inner = value.values() if isinstance(value, dict) else as_list(value)
        for item in inner:
            yield from texts_in(item, level + 1)


def _step(node_id: str, raw: Object, ui: Object, canvas: Canvas) -> Step:
    at = as_object(ui.get("position"))
    actions = tuple(action for action in as_list(raw.get("actions")) if isinstance(action, dict))
    exits = tuple(
        Exit(as_id(way.get("uuid")) or f"{node_id}-exit-{number}", as_id(way.get("destination_uuid")))
        for number, way in enumerate(map(as_object, as_list(raw.get("exits"))), start=1)
    )
    if len(actions) < len(as_list(raw.get("actions"))):
        canvas.note("dropped", node_id, "actions", "An action that is no object was dropped.")
    place = Place(as_number(at.get("left")), as_number(at.get("top")))
    ways = {way.id: way for way in reversed(exits)}
    return Step(node_id, raw, place, actions, as_object(raw.get("router")), exits, ways)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
