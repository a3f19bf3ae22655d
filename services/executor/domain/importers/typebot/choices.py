"""Inputs that offer choices: reply buttons up to three, a list up to ten, numbered lines otherwise."""

from dataclasses import dataclass

from services.executor.domain.importers.edges import claim_id
from services.executor.domain.importers.menu_limits import MAX_DESCRIPTION, fits_buttons, fits_list
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.typebot.inputs import answer_variable, asking
from services.executor.domain.importers.typebot.source import Block, Reading
from services.executor.domain.importers.values import Object, as_id, as_list, as_object, as_text

_MOST_OPTIONS = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice: `way` is the id that an edge of the source names, `value` what is stored."""

    way: str
    title: str
    value: str
    description: str = ""


def read_choice(block: Block) -> Reading:
    block.without(("isSearchable", "searchInputPlaceholder", "buttonLabel"), "a menu has no search and no send button.")
    dynamic = block.variable("dynamicVariableId")
    if dynamic is not None:
        return _from_list(block, dynamic)
    return _offer(block, [_item(block, item, "content") for item in block.items])


def read_pictures(block: Block) -> Reading:
    dynamic = as_object(block.options.get("dynamicItems"))
    block.without(("isSearchable", "searchInputPlaceholder", "buttonLabel"), "a menu has no search and no send button.")
    titles = block.bot.variable(dynamic.get("titlesVariableId")) if dynamic.get("isEnabled") is True else None
    if titles is not None:
        return _from_list(block, titles)
    if any(as_text(item.get("pictureSrc")) for item in block.items):
        block.note("dropped", "pictureSrc", "A menu shows no pictures: send them as messages before it.")
    return _offer(block, [_item(block, item, "title") for item in block.items])


def read_cards(block: Block) -> Reading:
    if any(as_text(item.get("imageUrl")) for item in block.items):
        block.note("dropped", "imageUrl", "A menu shows no pictures: send them as messages before it.")
    mapped = [as_object(item) for item in as_list(block.options.get("saveResponseMapping"))]
    names = [name for name in (block.bot.variable(item.get("variableId")) for item in mapped) if name]
    if len(names) > 1:
        block.note("changed", "saveResponseMapping", f"Only '{names[0]}' is stored; it holds the title of the choice.")
    choices = [choice for item in block.items for choice in _card(block, item, len(block.items) > 1)]
    reading = _offer(block, choices)
    if names:
        reading.draft.data["variableName"] = names[0]
    return reading


def _item(block: Block, item: Object, title: str) -> Choice:
    _check_shown(block, item)
    text = block.text("items", item.get(title))
    description = block.text("items", item.get("description"))
    return Choice(as_id(item.get("id")) or "", text, as_text(item.get("value")) or text, description)


def _card(block: Block, item: Object, is_one_of_several: bool) -> list[Choice]:
    """A card's buttons, or the card itself when it has none; among several cards its title is said too."""
    options = as_object(item.get("options"))
    _check_shown(block, item | options)
    title, description = block.text("items", item.get("title")), block.text("items", item.get("description"))
    value = as_text(options.get("internalValue")) or title
    paths = [as_object(path) for path in as_list(item.get("paths"))]
    if not paths:
        return [Choice(as_id(item.get("id")) or "", title, value, description)]
    found = []
    for path in paths:
        text = block.text("items", path.get("text"))
        shown = f"{title}: {text}" if is_one_of_several and title and text else text or title
        found.append(Choice(as_id(path.get("id")) or as_id(item.get("id")) or "", shown, value or shown, description))
    return found


def _check_shown(block: Block, item: Object) -> None:
    if as_object(item.get("displayCondition")).get("isEnabled") is True:
        block.note("problem", "displayCondition", "A choice that is shown under a condition is always shown here.")


def _offer(block: Block, choices: list[Choice]) -> Reading:
    shown = [choice for choice in choices if choice.title.strip()]
    if len(shown) < len(choices):
        block.note("dropped", "items", "A choice without a text was dropped: give it one.")
    if not shown:
        block.note("problem", "items", "The input offers no choices: list them.")
    if len(shown) > _MOST_OPTIONS:
        block.note("problem", "items", f"The input offers {len(shown)} choices, which nobody reads: ask in steps.")
    values = _values(shown)
    if block.options.get("isMultipleChoice") is True:
        return _several(block, shown)
    ways = {choice.way: value for choice, value in zip(shown, values, strict=True)}
    return Reading(_menu(block, shown, values), ways)


def _values(choices: list[Choice]) -> list[str]:
    """What each choice stores: its text, as Typebot does; its id where the text is filled in or not its own."""
    taken: dict[str, int] = {}
    return [claim_id(choice.way if "{{" in choice.value and choice.way else choice.value, taken) for choice in choices]


def _menu(block: Block, choices: list[Choice], values: list[str]) -> Draft:
    titles = [choice.title for choice in choices]
    data: Object = {"content": block.asked, "variableName": answer_variable(block)}
    pairs = list(zip(choices, values, strict=True))
    has_words = any(choice.description for choice in choices)
    if fits_buttons(block.asked, titles) and not has_words:
        return Draft("buttons", data | {"buttons": [{"id": value, "title": choice.title} for choice, value in pairs]})
    if fits_list(block.asked, titles):
        rows = [_row(block, choice, value) for choice, value in pairs]
        return Draft("list", data | {"sections": [{"title": "", "rows": rows}]})
    block.note("changed", "items", "The choices do not fit into a menu of WhatsApp; they are numbered lines now.")
    lines = [f"{place}. {title}" for place, title in enumerate(titles, start=1)]
    options = [{"value": value, "label": choice.title} for choice, value in pairs]
    text = "\n".join([*([block.asked] if block.asked else []), *lines])
    return Draft("question", data | {"content": text, "kind": "choice", "options": options})


def _row(block: Block, choice: Choice, value: str) -> Object:
    row: Object = {"id": value, "title": choice.title}
    if not choice.description:
        return row
    if len(choice.description) > MAX_DESCRIPTION:
        message = f"The description of '{choice.title}' is over {MAX_DESCRIPTION} characters: shorten it."
        block.note("problem", "items", message)
    return row | {"description": choice.description}


def _several(block: Block, choices: list[Choice]) -> Reading:
    block.note("changed", "isMultipleChoice", "WhatsApp lets a contact tap one choice, so several are typed as a text.")
    lines = [*([block.asked] if block.asked else []), *(f"- {choice.title}" for choice in choices)]
    return Reading(Draft("question", asking(block, "text") | {"content": "\n".join(lines)}))


def _from_list(block: Block, variable: str) -> Reading:
    message = f"The choices are those of '{variable}' as numbered lines; any text is taken."
    block.note("changed", "dynamicVariableId", message)
    lines = f"{{{{#each {variable}}}}}{{{{index}}}}. {{{{this}}}}\n{{{{/each}}}}"
    data = asking(block, "text") | {"content": f"{block.asked}\n{lines}".lstrip("\n")}
    data.pop("silent", None)
    return Reading(Draft("question", data))
