"""Routers: which category an answer belongs to, and where each category leads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.executor.domain.importers.edges import claim_id
from services.executor.domain.importers.rapidpro.cases import Patterns, read_test
from services.executor.domain.importers.rapidpro.expressions import native_path, translate, whole
from services.executor.domain.importers.rapidpro.paths import SAID, key_of
from services.executor.domain.importers.rapidpro.source import Step, Story
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.report import Level
from services.executor.domain.importers.values import Object, as_id, as_list, as_number, as_object, as_text

# Handles that mean something of their own to the engine.
_OWN_HANDLES = (
    "next", "answered", "default", "else", "otherwise", "invalid", "no_reply", "failed", "skip", "window_closed",
    "timeout", "cancelled", "no_agent", "true", "false",
)  # fmt: skip
_PLACEHOLDER = re.compile(r"\{\{\s*([^{}|]+?)\s*(?:\|[^{}]*)?\}\}")
# What a router asks of the action before it: whether it went well. The native node has ways out for that itself.
_OUTCOMES: Mapping[str, tuple[str | None, tuple[str, ...], re.Pattern[str]]] = {
    "call_webhook": ("ok", ("failed", "timeout"), re.compile(r"@(results\.\w+(\.category)?|webhook\.status)")),
    "call_resthook": ("ok", ("failed", "timeout"), re.compile(r"@(results\.\w+(\.category)?|webhook\.status)")),
    "call_llm": ("ok", ("failed", "timeout"), re.compile(r"@(locals\.\w+|results\.\w+(\.category)?)")),
    "open_ticket": ("released", ("no_agent",), re.compile(r"@(locals\.\w+|results\.\w+(\.category)?)")),
    "enter_flow": (None, (), re.compile(r"@child\.(run\.)?status")),
}
_GOOD = ("success", "complete")


@dataclass(frozen=True, slots=True)
class Category:
    """One outcome of a router: where it leads, and by which handle of the deciding node."""

    id: str
    name: str
    handle: str
    exit_id: str | None


@dataclass(frozen=True, slots=True)
class Routing:
    """A router as it is needed here.

    `before` is what must be assigned first; `decision` is None when there is nothing to decide. `default` takes
    what no case takes, `timeout` what comes of no answer, `outcomes` the ways out of the action before, if it has some.
    """

    categories: tuple[Category, ...]
    default: Category | None
    timeout: Category | None
    decision: Draft | None
    before: tuple[Object, ...] = ()
    outcomes: tuple[tuple[str | None, Category], ...] = ()
    untaken: tuple[Category, ...] = ()


@dataclass(slots=True)
class Router:
    """Reads one router; `node_id` is the node that its findings are told at."""

    step: Step
    story: Story
    node_id: str
    patterns: Patterns
    _handles: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_OWN_HANDLES, 1))

    def read(self, last_action: str, *, is_judged: bool = False) -> Routing:
        """`is_judged` says that the question itself decides, so that the cases need no rules."""
        router = self.step.router
        kind = as_text(router.get("type")) or "switch"
        categories = self._categories()
        by_id = {category.id: category for category in categories}
        default = by_id.get(as_id(router.get("default_category_uuid")) or "")
        timeout = by_id.get(as_id(as_object(self.step.wait.get("timeout")).get("category_uuid")) or "")
        if kind in ("random", "random_once"):
            return Routing(categories, None, timeout, self._random(categories))
        outcomes = self._outcomes(last_action, categories)
        if outcomes:
            taken = {category.id for _, category in outcomes}
            untaken = tuple(category for category in categories if category.id not in taken)
            return Routing(categories, default, timeout, None, (), outcomes, untaken)
        cases = [as_object(case) for case in as_list(router.get("cases"))]
        if is_judged or not cases:
            return Routing(categories, default or (categories[0] if categories else None), timeout, None)
        variable, before = self._operand()
        routes = [route for route in (self._route(case, variable, by_id) for case in cases) if route]
        return Routing(categories, default, timeout, Draft("condition", {"routes": routes}), before)

    def _categories(self) -> tuple[Category, ...]:
        default = as_id(self.step.router.get("default_category_uuid"))
        found: list[Category] = []
        for number, raw in enumerate(map(as_object, as_list(self.step.router.get("categories"))), start=1):
            category = as_id(raw.get("uuid")) or f"{self.step.id}-category-{number}"
            name = as_text(raw.get("name")) or f"category {number}"
            wanted = name.strip().casefold()
            handle = "default" if category == default else self._handle(name.strip(), wanted)
            found.append(Category(category, name, handle, as_id(raw.get("exit_uuid"))))
        return tuple(found)

    def _handle(self, name: str, folded: str) -> str:
        """The category's name, with a number where the engine or another category has it."""
        free = claim_id(folded or "category", self._handles)
        return name if free == folded else f"{name}{free[len(folded) :]}"

    def _random(self, categories: tuple[Category, ...]) -> Draft:
        variants = [{"handle": category.handle, "weight": 1, "label": category.name} for category in categories]
        if not variants:
            self._note("problem", "categories", "The random split has no categories: list at least one.")
        data: Object = {"variants": variants, "sticky": False}
        result = as_text(self.step.router.get("result_name"))
        return Draft("random", data | ({"variableName": self.story.paths.result(result)} if result else {}))

    def _outcomes(self, last_action: str, categories: tuple[Category, ...]) -> tuple[tuple[str | None, Category], ...]:
        """(handle of the action's node, category), or nothing when the router asks something else."""
        known = _OUTCOMES.get(last_action)
        operand = (as_text(self.step.router.get("operand")) or "").strip()
        if known is None or self.step.wait or not known[2].fullmatch(operand):
            return ()
        good = next((one for one in categories if one.name.strip().casefold().startswith(_GOOD)), None)
        if good is None:
            return ()
        others = [one for one in categories if one is not good]
        bad = next((one for one in others if one.handle == "default"), others[0] if others else None)
        return ((known[0], good), *((handle, bad) for handle in known[1] if bad is not None))

    def _operand(self) -> tuple[str, tuple[Object, ...]]:
        """(the variable that is compared, what must be assigned before)."""
        written = as_text(self.step.router.get("operand")) or ""
        result = as_text(self.step.router.get("result_name")) or ""
        name = self.story.paths.result(result) if result.strip() else None
        expression = whole(written)
        path = native_path(expression, self.story.paths.find) if expression else None
        if path is None:
            path = self._one_placeholder(written)
        if path is not None and (name is None or self.step.waits or path == name):
            return path, ()
        if not written.strip():
            self._note("problem", "operand", "The router compares nothing: fill 'variable' in its rules.")
            return SAID, ()
        name = name or self.story.paths.names.native(f"compared_{self.step.id[:8]}")
        if path is not None:
            return name, ({"name": name, "valueType": "variable", "value": path},)
        text = self.story.text(self.node_id, "operand", written)
        return name, ({"name": name, "valueType": "static", "value": text},)

    def _one_placeholder(self, written: str) -> str | None:
        """The path of a text that is one value through filters: they change nothing of a comparison."""
        done = translate(written.strip(), self.story.paths.find)
        found = _PLACEHOLDER.fullmatch(done.text) if not done.unknown else None
        return found[1] if found else None

    def _route(self, case: Object, variable: str, by_id: Mapping[str, Category]) -> Object:
        category = by_id.get(as_id(case.get("category_uuid")) or "")
        kind = as_text(case.get("type")) or ""
        if category is None:
            self._note("dropped", "cases", f"A case '{kind}' leads to no category and was dropped.")
            return {}
        written = [as_text(value) or "" for value in as_list(case.get("arguments"))]
        arguments = [self.story.text(self.node_id, "cases", text) for text in written]
        operand = variable
        if kind == "has_category":
            operand = self._category_of(variable)
        test = read_test(kind, operand, arguments, self.patterns)
        if test.trouble:
            self._note("problem", "cases", f"'{category.name}': {test.trouble}; it is never taken until it has rules.")
        if test.remark:
            self._note("changed", "cases", f"'{category.name}': {test.remark}.")
        return {"handle": category.handle, "rules": list(test.rules), "match": test.match}

    def _category_of(self, variable: str) -> str:
        expression = whole(as_text(self.step.router.get("operand")) or "") or ""
        parts = expression.split(".")
        return self.story.paths.category(parts[1]) if parts[0] == "results" and len(parts) == 2 else variable

    def _note(self, level: Level, name: str, message: str) -> None:
        self.story.canvas.note(level, self.node_id, name, message)


def timeout_of(step: Step) -> int | float | None:
    """The seconds after which no answer is one; None without a limit."""
    seconds = as_number(as_object(step.wait.get("timeout")).get("seconds"))
    return seconds if seconds is not None and seconds > 0 else None


def reads_category(story: Story, name: object) -> bool:
    """Whether something in the flow reads the category of a result."""
    text = as_text(name) or ""
    return bool(text.strip()) and key_of(text) in story.read_categories
