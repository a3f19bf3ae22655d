"""From a Typebot export to a native flow: groups become chains of nodes, edges keep their ids."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from services.executor.domain.importers.canvas import Canvas
from services.executor.domain.importers.names import Names
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.report import Findings, UnreadableFlow
from services.executor.domain.importers.typebot import bubbles, choices, inputs, integrations, logic, variables
from services.executor.domain.importers.typebot.richtext import plain_text
from services.executor.domain.importers.typebot.settings import read_settings, start_triggers
from services.executor.domain.importers.typebot.source import Block, Bot, Group, Reading, place_of
from services.executor.domain.importers.values import Object, as_id, as_list, as_object, as_text

DIALECT = "typebot"
_UNNAMED = "Imported bot"
_ASKING = frozenset({"question", "buttons", "list"})
_READ_INTO_NODES = frozenset({"groups", "edges", "events", "variables"})

_READERS: Mapping[str, Callable[[Block], Reading]] = MappingProxyType(
    {
        "text": bubbles.read_text,
        "image": bubbles.read_image,
        "video": bubbles.read_video,
        "audio": bubbles.read_audio,
        "embed": bubbles.read_embed,
        "location": bubbles.read_location,
        "text input": inputs.read_text,
        "number input": inputs.read_number,
        "email input": inputs.question("email"),
        "url input": inputs.question("url"),
        "phone number input": inputs.question("phone"),
        "date input": inputs.read_date,
        "time input": inputs.question("time"),
        "rating input": inputs.read_rating,
        "file input": inputs.read_file,
        "otp input": inputs.read_code,
        "payment input": inputs.read_payment,
        "choice input": choices.read_choice,
        "picture choice input": choices.read_pictures,
        "cards input": choices.read_cards,
        "condition": logic.read_condition,
        "set variable": variables.read_set_variable,
        "redirect": logic.read_redirect,
        "code": logic.read_script,
        "typebot link": logic.read_link,
        "wait": logic.read_wait,
        "ab test": logic.read_ab_test,
        "jump": logic.read_jump,
        "return": logic.read_return,
        "google sheets": integrations.read_outside,
        "email": integrations.read_outside,
        "google analytics": integrations.read_analytics,
        "pixel": integrations.read_analytics,
        "posthog": integrations.read_analytics,
        "segment": integrations.read_analytics,
        "zapier": integrations.read_hook,
        "make.com": integrations.read_hook,
        "pabbly": integrations.read_hook,
        "chatwoot": integrations.read_handoff,
    }
)
# Two blocks whose names differ in one capital: a call to somebody, and a wait for a call of somebody.
_EXACT: Mapping[str, Callable[[Block], Reading]] = MappingProxyType(
    {"Webhook": integrations.read_http_request, "webhook": logic.read_webhook}
)


def dialect_of(document: Object) -> str | None:
    """The dialect of an export, or of the answer of Typebot's own API around one; None for anything else."""
    bot = _bot(document)
    groups = [as_object(group) for group in as_list(bot.get("groups"))]
    if any(isinstance(group.get("blocks"), list) for group in groups):
        return DIALECT
    steps = any("steps" in as_object(block) for block in as_list(bot.get("blocks")))
    return DIALECT if steps or (isinstance(bot.get("groups"), list) and "events" in bot) else None


def read(document: Object, name: str | None, findings: Findings) -> Object:
    """The native flow. UnreadableFlow for the blocks of steps that came before version 3."""
    source = _bot(document)
    if not isinstance(source.get("groups"), list):
        raise UnreadableFlow(
            "This Typebot export is older than version 3 (it holds blocks of steps): "
            "open the bot in Typebot of today and export it again."
        )
    canvas = Canvas(findings)
    bot = _outline(source, canvas)
    events = _draw_events(source, bot)
    ways = {node_id: _draw_block(bot, node_id, raw, asked) for node_id, raw, asked in _in_order(bot)}
    _draw_edges(source, bot, events, ways)
    _chain(bot, ways)
    _ask_again(bot)
    _report_names(bot)
    head: Object = {"name": name or as_text(source.get("name")) or _UNNAMED}
    head |= {"settings": read_settings(source, findings), "variables": _first_values(source, bot)}
    rest: Object = {key: value for key, value in source.items() if key not in _READ_INTO_NODES}
    return canvas.finish(head, rest | {"variables": source.get("variables"), "groups": _frames(bot)})


def _bot(document: Object) -> Object:
    inner = as_object(document.get("typebot"))
    return inner if "groups" in inner or "blocks" in inner else document


def _outline(source: Object, canvas: Canvas) -> Bot:
    """Claim the ids of all nodes, so that whatever is read knows where it may lead."""
    bot = Bot(canvas, Names(), _variables(source, canvas))
    for number, raw in enumerate(as_list(source.get("groups")), start=1):
        if not isinstance(raw, dict):
            canvas.note("dropped", "", f"groups[{number - 1}]", "A group that is no object was dropped.")
            continue
        group = _group(raw, number, canvas)
        if group.id in bot.groups:
            canvas.note("problem", group.entry, "id", f"Two groups have the id '{group.id}': edges mean the first.")
        bot.groups.setdefault(group.id, group)
        bot.chains.append(group)
        _place_blocks(group, bot)
    return bot


def _group(raw: Object, number: int, canvas: Canvas) -> Group:
    group_id = as_id(raw.get("id")) or f"group-{number}"
    found = tuple(block for block in as_list(raw.get("blocks")) if isinstance(block, dict))
    if len(found) < len(as_list(raw.get("blocks"))):
        canvas.note("dropped", "", f"groups[{number - 1}].blocks", "A block that is no object was dropped.")
    wanted = [block.get("id") for block in found] or [group_id]
    node_ids = tuple(canvas.claim(block, f"{group_id}-{place}") for place, block in enumerate(wanted, start=1))
    title = as_text(raw.get("title")) or ""
    return Group(group_id, title, found, place_of(raw, title), raw, node_ids[0], node_ids)


def _place_blocks(group: Group, bot: Bot) -> None:
    bot.steps |= {node_id: (group, step) for step, node_id in enumerate(group.node_ids)}
    for node_id, raw in zip(group.node_ids, group.blocks, strict=False):
        written = as_id(raw.get("id"))
        if written is not None and written != node_id:
            bot.canvas.note("problem", node_id, "id", f"Two blocks have the id '{written}': edges mean the first.")
        bot.blocks.setdefault(written or node_id, node_id)


def _variables(source: Object, canvas: Canvas) -> Mapping[str, str]:
    """Variable id → its name."""
    found: dict[str, str] = {}
    for raw in as_list(source.get("variables")):
        variable, name = as_id(as_object(raw).get("id")), as_text(as_object(raw).get("name"))
        if variable is None or name is None or not name.strip():
            canvas.note("dropped", "", "variables", "A variable without an id or a name was dropped.")
        else:
            found.setdefault(variable, name.strip())
    return found


def _first_values(source: Object, bot: Bot) -> Object:
    values: Object = {}
    for raw in map(as_object, as_list(source.get("variables"))):
        name = bot.variable(raw.get("id"))
        if name is not None and raw.get("value") is not None:
            values[name] = raw["value"]
    return values


def _draw_events(source: Object, bot: Bot) -> dict[str, str]:
    """Event id → node id. Only the start begins a flow; what interrupts one has no counterpart."""
    found: dict[str, str] = {}
    for number, raw in enumerate(as_list(source.get("events")), start=1):
        event = as_object(raw)
        if raw is None:
            continue  # Older exports keep a place for events that are not there.
        node_id = bot.canvas.claim(event.get("id"), f"event-{number}")
        found.setdefault(as_id(event.get("id")) or node_id, node_id)
        kind = as_text(event.get("type")) or ""
        if kind == "start":
            bot.canvas.draw(node_id, Draft("start", start_triggers(source, bot.canvas, node_id)), raw, place_of(event))
            continue
        message = f"A flow is not interrupted by '{kind or 'an event'}': begin another flow by a trigger instead."
        bot.canvas.note("problem", node_id, "type", message)
        bot.canvas.draw(node_id, Draft("note", {}), raw, place_of(event, kind))
    return found


def _in_order(bot: Bot) -> Iterator[tuple[str, Object | None, Object | None]]:
    """(node id, block, the text bubble right before it that it asks) of every block; no block for an empty group."""
    for group in bot.chains:
        if not group.blocks:
            yield group.entry, None, None
        for step, (node_id, raw) in enumerate(zip(group.node_ids, group.blocks, strict=False)):
            before = group.blocks[step - 1] if step and _is_input(raw) else {}
            yield node_id, raw, before if _is_text(before) else None


def _is_input(raw: Object) -> bool:
    """Whether it asks something that a chat can ask; a payment is no question."""
    kind = as_text(raw.get("type")) or ""
    return kind.endswith(" input") and kind != "payment input"


def _is_text(raw: Object) -> bool:
    return raw.get("type") == "text" and bool(plain_text(as_object(raw.get("content")))[0].strip())


def _draw_block(bot: Bot, node_id: str, raw: Object | None, asked: Object | None) -> Reading:
    group, step = bot.steps[node_id]
    place = group.place.below(step)
    if raw is None:
        bot.canvas.note("kept", node_id, "blocks", "The group is empty; the flow runs through it.")
        bot.canvas.draw(node_id, Draft("note", {}), group.raw, place)
        return Reading(Draft("note", {}))
    following = group.blocks[step + 1] if step + 1 < len(group.blocks) else {}
    kind = as_text(raw.get("type")) or ""
    if _is_text(raw) and _is_input(following):
        message = f"The text is asked by the next node, '{group.node_ids[step + 1]}'; this one is a note."
        bot.canvas.note("changed", node_id, "content", message)
        reading = Reading(Draft("note", {"content": bubbles.text_of(Block(node_id, kind, raw, bot))}))
    else:
        text = bot.text(node_id, "content", plain_text(as_object(asked.get("content")))[0]) if asked else ""
        reading = _reader(kind)(Block(node_id, kind, raw, bot, text))
    bot.canvas.draw(node_id, reading.draft, raw, place)
    return reading


def _reader(kind: str) -> Callable[[Block], Reading]:
    known = _EXACT.get(kind) or _READERS.get(kind.casefold())
    if known is not None:
        return known
    if kind.casefold() == "start":
        return lambda block: Reading(Draft("start", start_triggers({}, block.bot.canvas, block.id)))
    return integrations.read_model if integrations.is_model(kind) else integrations.read_outside


def _draw_edges(source: Object, bot: Bot, events: Mapping[str, str], ways: Mapping[str, Reading]) -> None:
    for number, raw in enumerate(as_list(source.get("edges"))):
        edge = as_object(raw)
        start, end = as_object(edge.get("from")), as_object(edge.get("to"))
        origin = _origin(bot, events, start)
        target = _target(bot, end)
        if origin is None or target is None:
            what = "source" if origin is None else "target"
            edge_id = as_id(edge.get("id")) or number
            message = f"The edge '{edge_id}' has no {what} in this bot and was dropped: draw it anew."
            bot.canvas.note("dropped", origin or "", f"edges[{number}]", message)
            continue
        handle = _handle(bot, origin, start, ways)
        if bot.canvas.leaves(origin, handle):
            message = "Two edges leave the same way out, of which only the first is taken: keep one of them."
            bot.canvas.note("problem", origin, "sourceHandle", message)
        drawn = bot.canvas.connect(origin, target, handle, wanted=edge.get("id"))
        drawn["original"] = raw


def _origin(bot: Bot, events: Mapping[str, str], start: Object) -> str | None:
    block, event = as_id(start.get("blockId")), as_id(start.get("eventId"))
    return bot.blocks.get(block or "") or events.get(event or "")


def _target(bot: Bot, end: Object) -> str | None:
    """The node of a block, or of the first block of a group; a block that is not there means its group."""
    block, group = bot.blocks.get(as_id(end.get("blockId")) or ""), bot.groups.get(as_id(end.get("groupId")) or "")
    return block or (group.entry if group is not None else None)


def _handle(bot: Bot, origin: str, start: Object, ways: Mapping[str, Reading]) -> str | None:
    reading = ways.get(origin)
    names = [name for name in (as_id(start.get("pathId")), as_id(start.get("itemId"))) if name is not None]
    if reading is None or not names:
        return None
    handle = next((reading.ways[name] for name in names if name in reading.ways), None)
    if handle is None:
        message = f"An edge leaves the choice '{names[0]}', which the node does not have: name one of its ways."
        bot.canvas.note("problem", origin, "sourceHandle", message)
        return names[0]
    return handle


def _chain(bot: Bot, ways: Mapping[str, Reading]) -> None:
    """Lead from each block to the next of its group, unless an edge of its own leads away."""
    for group in bot.chains:
        for node_id, following in zip(group.node_ids, group.node_ids[1:], strict=False):
            if ways[node_id].goes_on and not bot.canvas.leaves(node_id):
                bot.canvas.connect(node_id, following)


def _ask_again(bot: Bot) -> None:
    """Typebot asks until the answer is good, or goes on where none is needed."""
    onward = {edge["source"]: str(edge["target"]) for edge in bot.canvas.edges if "sourceHandle" not in edge}
    for node_id, node in bot.canvas.nodes.items():
        if node["type"] in _ASKING:
            is_needed = as_object(as_object(node["data"]).get("validation")).get("required") is not False
            target = node_id if is_needed else onward.get(node_id)
            if target is not None:
                bot.canvas.connect(node_id, target, "invalid")


def _report_names(bot: Bot) -> None:
    for written, native in bot.names.renamed():
        message = f"The variable '{written}' is '{native}' here, for its own name cannot be used."
        bot.canvas.note("changed", "", f"variables.{written}", message)


def _frames(bot: Bot) -> list[Object]:
    """The groups without their blocks, which are nodes."""
    return [{key: value for key, value in group.raw.items() if key != "blocks"} for group in bot.chains]
