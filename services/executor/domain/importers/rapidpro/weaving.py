"""Draws the nodes and edges of a definition: chains of actions, questions with their waits, conditions, ways on."""

from dataclasses import dataclass, field

from services.executor.domain.importers.rapidpro.actions import read_action
from services.executor.domain.importers.rapidpro.cases import Patterns
from services.executor.domain.importers.rapidpro.paths import SAID
from services.executor.domain.importers.rapidpro.routers import (
    Category,
    Router,
    Routing,
    reads_category,
    timeout_of,
)
from services.executor.domain.importers.rapidpro.source import Action, Exit, Step, Story
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.values import Object, as_id, as_list, as_object, as_text

# Kinds of message a wait may ask for by its only test or its hint, and the question that takes them.
_MEDIA: dict[str, Object] = {
    "has_image": {"kind": "file", "accept": ["image/*"]},
    "has_audio": {"kind": "file", "accept": ["audio/*"]},
    "has_video": {"kind": "file", "accept": ["video/*"]},
    "has_file": {"kind": "file"},
    "has_media": {"kind": "file"},
    "has_location": {"kind": "location"},
}
_FINAL = frozenset({"jump"})

# Loose ends: (node, handle) pairs that no edge leaves yet.
Ends = list[tuple[str, str | None]]


@dataclass(slots=True)
class Chain:
    """The nodes of a step's actions. `last` is the last of them; `asks` and `takes_answer` are of its draft."""

    step: Step
    nodes: list[tuple[str, Draft, object]] = field(default_factory=list)
    asks: bool = False
    takes_answer: bool = False
    last_action: str = ""

    @property
    def last(self) -> str:
        return self.nodes[-1][0]

    @property
    def is_asker(self) -> bool:
        return bool(self.nodes) and (self.asks or self.takes_answer)


@dataclass(slots=True)
class Weaving:
    """Reads all actions first, since which text is a question depends on what comes after it."""

    story: Story
    patterns: Patterns
    _chains: dict[str, Chain] = field(default_factory=dict)
    _drawn: set[tuple[str, str]] = field(default_factory=set)
    # Question → the exit of the source that leads from its text to the wait.
    _exit_ids: dict[str, str] = field(default_factory=dict)
    # Node id → the steps with an exit to it.
    _before: dict[str, list[Step]] = field(default_factory=dict)

    def weave(self, *, first: str) -> None:
        steps = self.story.steps.values()
        for step in steps:
            for way in step.exits:
                if way.target is not None:
                    self._before.setdefault(way.target, []).append(step)
        self._chains = {step.id: self._chain(step) for step in steps}
        askers = {step.id: self._askers(step) for step in steps if step.waits}
        asking = {asker: step_id for step_id, found in askers.items() for asker in found}
        for step in steps:
            if step.waits:
                self._wait(step, askers[step.id], is_entered=self._is_entered(step, first, asking))
            else:
                self._pass(step, asking)
        for step in steps:
            self._report_untaken(step)

    # Actions.

    def _chain(self, step: Step) -> Chain:
        chain = Chain(step)
        for number, raw in enumerate(step.actions, start=1):
            first = step.id if number == 1 else self._claim(raw.get("uuid"), f"{step.id}-{number}")
            kind = as_text(raw.get("type")) or ""
            done = read_action(Action(first, kind, raw, self.story))
            for place, draft in enumerate(done.drafts):
                node_id = first if not place else self._claim(None, f"{first}-{place + 1}")
                chain.nodes.append((node_id, draft, raw if not place else None))
            chain.asks, chain.takes_answer, chain.last_action = done.asks, done.takes_answer, kind
        return chain

    def _draw(self, chain: Chain, question: Object | None = None) -> None:
        """Draw a chain; `question` makes its last text the question of a wait."""
        for place, (node_id, draft, raw) in enumerate(chain.nodes):
            is_last = place == len(chain.nodes) - 1
            drawn = _asking(draft, question, takes_answer=chain.takes_answer) if is_last and question else draft
            source = _with_head(chain.step, raw) if not place else raw
            self.story.canvas.draw(node_id, drawn, source, chain.step.place.below(place))
        for (node_id, _, _), (following, _, _) in zip(chain.nodes, chain.nodes[1:], strict=False):
            self.story.canvas.connect(node_id, following)

    # Steps that do not wait.

    def _pass(self, step: Step, asking: dict[str, str]) -> None:
        chain = self._chains[step.id]
        if step.id not in asking:
            self._draw(chain)
        if step.router:
            self._route(step, chain)
            return
        if not chain.nodes:
            self.story.canvas.note("kept", step.id, "actions", "The node does nothing; the flow runs through it.")
            self.story.canvas.draw(step.id, Draft("note", {}), step.raw, step.place)
        if step.id not in asking and step.exits and not self._is_final(chain):
            self._lead([(chain.last if chain.nodes else step.id, None)], step, step.exits[0])

    def _route(self, step: Step, chain: Chain) -> None:
        node_id = step.id if not chain.nodes else self._claim(None, f"{step.id}-router")
        routing = Router(step, self.story, node_id, self.patterns).read(chain.last_action)
        if routing.outcomes:
            for handle, category in routing.outcomes:
                self._follow([(chain.last, handle)], step, category)
            self._report_outcomes(step, chain, routing)
            return
        if chain.nodes:
            self.story.canvas.connect(chain.last, node_id)
        self._decide(step, routing, node_id)

    def _decide(self, step: Step, routing: Routing, node_id: str) -> None:
        """Draw the deciding node under an id that is its own, and what leaves it."""
        canvas, source = self.story.canvas, _of_router(step)
        place = step.place.below(len(step.actions) + 1 if step.actions else 0)
        if routing.before:
            draft = Draft("set_variable", {"assignments": list(routing.before)})
            canvas.draw(node_id, draft, source, place)
            following = self._claim(None, f"{step.id}-decision")
            canvas.connect(node_id, following)
            node_id = following
        if routing.decision is None:
            canvas.draw(node_id, Draft("note", {}), source, place)
            if routing.default is not None:
                self._follow([(node_id, None)], step, routing.default)
            return
        canvas.draw(node_id, routing.decision, source, place)
        for category in routing.categories:
            if category is not routing.timeout or _is_tested(routing, category):
                self._follow([(node_id, category.handle)], step, category)

    # Steps that wait.

    def _wait(self, step: Step, askers: tuple[str, ...], *, is_entered: bool) -> None:
        chain = self._chains[step.id]
        asks_itself = chain.is_asker
        is_silent = not asks_itself and (is_entered or not askers or bool(chain.nodes))
        has_own_id = not chain.nodes and not is_silent
        router_id = step.id if has_own_id else self._claim(None, f"{step.id}-router")
        wanted, judged = _wanted_media(step)
        routing = Router(step, self.story, step.id, self.patterns).read("", is_judged=bool(wanted))
        direct = next((one for one in routing.categories if one.id == judged), routing.default) if wanted else None
        question = self._question(step, routing, wanted)
        listening = [self._chains[asker].last for asker in askers]
        for asker in askers:
            self._draw(self._chains[asker], question)
        if asks_itself:
            self._draw(chain, question)
            listening.append(chain.last)
        elif chain.nodes:
            self._draw(chain)
        if is_silent:
            listening.append(self._silent(step, chain, question))
        for asker in askers:
            way = self.story.steps[asker].exits[0]
            self._drawn.add((asker, way.id))
            self._exit_ids[self._chains[asker].last] = way.id
        self._after_answer(step, routing, direct, listening, router_id, must_draw=bool(askers))

    def _silent(self, step: Step, chain: Chain, question: Object) -> str:
        node_id = step.id if not chain.nodes else self._claim(None, f"{step.id}-wait")
        draft = Draft("question", {"content": "", **question, "silent": True})
        self.story.canvas.draw(node_id, draft, _of_router(step), step.place.below(len(chain.nodes)))
        if chain.nodes:
            self.story.canvas.connect(chain.last, node_id)
        return node_id

    def _after_answer(
        self,
        step: Step,
        routing: Routing,
        direct: Category | None,
        listening: list[str],
        router_id: str,
        *,
        must_draw: bool,
    ) -> None:
        """Lead from the questions to the decision, or past it where there is nothing to decide."""
        answered: Ends = [end for node_id in listening for end in self._answers(node_id)]
        wrong: Ends = [(node_id, "invalid") for node_id in listening]
        if routing.timeout is not None:
            silent: Ends = [(node_id, "no_reply") for node_id in listening]
            self._follow(silent, step, routing.timeout)
        if direct is not None:
            ends = answered
            if must_draw:
                ends = self._through_note(step, answered, router_id)
            self._follow(ends, step, direct)
            if routing.default is not None:
                self._follow(wrong, step, routing.default)
            return
        if routing.decision is None and not must_draw:
            if routing.default is not None:
                self._follow([*answered, *wrong], step, routing.default)
            return
        self._connect([*answered, *wrong], router_id)
        self._decide(step, routing, router_id)

    def _through_note(self, step: Step, ends: Ends, node_id: str) -> Ends:
        self._connect(ends, node_id)
        self.story.canvas.draw(node_id, Draft("note", {}), _of_router(step), step.place)
        return [(node_id, None)]

    def _answers(self, node_id: str) -> Ends:
        """Where an answer leaves a node. A list stores only its rows, so what was typed instead is stored after it."""
        canvas = self.story.canvas
        node = canvas.nodes[node_id]
        if node["type"] != "list":
            return [(node_id, None)]
        name = as_text(as_object(node["data"]).get("variableName"))
        if not name:
            return [(node_id, None), (node_id, "else")]
        typed = self._claim(None, f"{node_id}-typed")
        item: Object = {"name": name, "valueType": "variable", "value": SAID}
        canvas.draw(typed, Draft("set_variable", {"assignments": [item]}), None)
        canvas.connect(node_id, typed, "else")
        return [(node_id, None), (typed, None)]

    def _question(self, step: Step, routing: Routing, wanted: Object) -> Object:
        """The data of the question that a wait is; `wanted` is the file or the place it asks for, if it does."""
        result = as_text(step.router.get("result_name")) or ""
        # A wrong answer is no error in RapidPro: it is the category Other, and that at once.
        rules: Object = {"maxAttempts": 1} | ({"accept": wanted["accept"]} if "accept" in wanted else {})
        name = self.story.paths.result(result) if result.strip() else ""
        data: Object = {"kind": wanted.get("kind", "text"), "variableName": name, "validation": rules}
        seconds = timeout_of(step)
        return data | ({"timeoutSeconds": seconds} if seconds is not None and routing.timeout is not None else {})

    def _askers(self, step: Step) -> tuple[str, ...]:
        """Steps that do nothing after a text but lead to this wait."""
        if step.actions:
            return ()
        found = (other.id for other in self._before.get(step.id, ()) if self._asks_for(other, step))
        return tuple(dict.fromkeys(found))

    def _asks_for(self, other: Step, step: Step) -> bool:
        chain = self._chains[other.id]
        return not other.router and chain.is_asker and bool(other.exits) and other.exits[0].target == step.id

    def _is_entered(self, step: Step, first: str, asking: dict[str, str]) -> bool:
        """Whether a way leads to this wait that no question of its own is on."""
        return step.id == first or any(other.id not in asking for other in self._before.get(step.id, ()))

    # Ways on.

    def _follow(self, ends: Ends, step: Step, category: Category) -> None:
        """Lead to where a category leads, past the assignment of the category where something reads it."""
        name = step.router.get("result_name")
        way = step.exit_to(category.exit_id)
        if reads_category(self.story, name) and ends:
            ends = [(self._assignment(step, category, as_text(name) or "", ends), None)]
        if way is not None:
            self._lead(ends, step, way)

    def _assignment(self, step: Step, category: Category, name: str, ends: Ends) -> str:
        canvas, wanted = self.story.canvas, f"{step.id}-{category.id}"
        if wanted not in canvas.nodes:
            item: Object = {"name": self.story.paths.category(name), "valueType": "static", "value": category.name}
            wanted = self._claim(None, wanted)
            canvas.draw(wanted, Draft("set_variable", {"assignments": [item]}), None)
        self._connect(ends, wanted)
        return wanted

    def _lead(self, ends: Ends, step: Step, way: Exit) -> None:
        """Draw the edges of an exit, the first under the exit's id."""
        self._drawn.add((step.id, way.id))
        if way.target is None:
            return
        for node_id, handle in ends:
            if not self.story.canvas.leaves(node_id, handle):
                self.story.canvas.connect(node_id, way.target, handle, wanted=way.id)

    def _connect(self, ends: Ends, target: str) -> None:
        for node_id, handle in ends:
            if not self.story.canvas.leaves(node_id, handle):
                wanted = None if handle else self._exit_ids.get(node_id)
                self.story.canvas.connect(node_id, target, handle, wanted=wanted)

    def _report_outcomes(self, step: Step, chain: Chain, routing: Routing) -> None:
        for category in routing.untaken:
            way = step.exit_to(category.exit_id)
            if way is not None and way.target is not None and (step.id, way.id) not in self._drawn:
                message = f"'{category.name}' never comes of this node here, so its way to '{way.target}' was dropped."
                self.story.canvas.note("dropped", chain.last, "exits", message)
                self._drawn.add((step.id, way.id))

    def _report_untaken(self, step: Step) -> None:
        for way in step.exits:
            if way.target is not None and (step.id, way.id) not in self._drawn:
                message = f"No category takes the way to '{way.target}', so it was dropped: draw it if it is meant."
                self.story.canvas.note("dropped", step.id, "exits", message)

    def _is_final(self, chain: Chain) -> bool:
        return bool(chain.nodes) and chain.nodes[-1][1].type in _FINAL

    def _claim(self, wanted: object, fallback: str) -> str:
        return self.story.canvas.claim(wanted, fallback)


def _with_head(step: Step, action: object) -> Object:
    """The source of the first node of a step: the step with this action alone, for the others have theirs."""
    return step.raw | {"actions": [action]}


def _of_router(step: Step) -> Object | None:
    """The source of what a router becomes; none where the node of an action has it already."""
    return None if step.actions else step.raw


def _asking(draft: Draft, question: Object, *, takes_answer: bool) -> Draft:
    """A text as a question; a node that waits by itself is told where the answer goes."""
    if not takes_answer:
        return Draft("question", draft.data | question)
    kept = {name: question[name] for name in ("variableName", "timeoutSeconds") if name in question}
    return Draft(draft.type, draft.data | kept)


def _wanted_media(step: Step) -> tuple[Object, str | None]:
    """(the question for a file or a place, the category of a good answer), when that is all the router asks."""
    cases = [as_object(case) for case in as_list(step.router.get("cases"))]
    kind = as_text(cases[0].get("type")) if len(cases) == 1 else None
    if kind in _MEDIA:
        category = as_id(cases[0].get("category_uuid"))
        return (_MEDIA[kind], category) if category is not None else ({}, None)
    hint = as_text(as_object(step.wait.get("hint")).get("type")) or ""
    return ({}, None) if cases else (_MEDIA.get(f"has_{hint}", {}), None)


def _is_tested(routing: Routing, category: Category) -> bool:
    """Whether a case, too, leads to the category of no answer."""
    routes = as_list(routing.decision.data.get("routes")) if routing.decision is not None else []
    return any(as_object(route).get("handle") == category.handle for route in routes)
