"""Logic blocks: they decide, wait, go elsewhere."""

from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.typebot.conditions import read_rules
from services.executor.domain.importers.typebot.source import Block, Reading
from services.executor.domain.importers.values import Object, as_id, as_number, as_object, as_text, present

_CURRENT = "current"


def read_condition(block: Block) -> Reading:
    """One item decides between true and false; several are tried one after another."""
    items = block.items
    if not items:
        block.note("problem", "items", "The condition has no items: add one with a comparison.")
    if len(items) < 2:
        rules = read_rules(block, as_object(items[0].get("content")) if items else {})
        return Reading(Draft("condition", rules), {as_id(item.get("id")) or "": "true" for item in items})
    ways = {as_id(item.get("id")) or "": f"condition-{index}" for index, item in enumerate(items)}
    routes = [
        {"handle": f"condition-{index}", **read_rules(block, as_object(item.get("content")))}
        for index, item in enumerate(items)
    ]
    return Reading(Draft("condition", {"routes": routes}), ways)


def read_ab_test(block: Block) -> Reading:
    share = as_number(block.options.get("aPercent"))
    first = 50 if share is None else min(max(share, 0), 100)
    variants: list[Object] = []
    ways: dict[str, str] = {}
    for index, item in enumerate(block.items):
        handle = as_text(item.get("path")) or "ab"[index : index + 1] or f"path-{index}"
        variants.append({"handle": handle, "weight": first if handle == "a" else 100 - first, "label": handle.upper()})
        ways[as_id(item.get("id")) or ""] = handle
    if not variants:
        block.note("problem", "items", "The test has no paths: list at least one with its weight.")
    return Reading(Draft("random", {"variants": variants, "sticky": False}), ways)


def read_wait(block: Block) -> Reading:
    written = block.options.get("secondsToWaitFor")
    seconds = as_number(written)
    if seconds is None:
        text = block.text("secondsToWaitFor", written)
        if "{{" not in text:
            block.note("problem", "seconds", "The time to wait is no number: write it in seconds.")
        return Reading(Draft("delay", {"seconds": text}))
    block.without(("shouldPause",), "the flow waits for the time and goes on.")
    return Reading(Draft("delay", {"seconds": max(seconds, 0)}))


def read_redirect(block: Block) -> Reading:
    url = block.text("url", block.options.get("url"))
    if not url:
        block.note("problem", "content", "The redirection has no address: fill 'content'.")
    block.note("changed", "url", "A chat cannot be redirected; the message holds the link.")
    block.without(("isNewTab",), "the contact taps the link.")
    return Reading(Draft("message", {"content": url}))


def read_jump(block: Block) -> Reading:
    """To a group, or to a block in it."""
    return _within(block, as_id(block.options.get("groupId")), as_id(block.options.get("blockId")))


def read_link(block: Block) -> Reading:
    bot, group = as_id(block.options.get("typebotId")), as_id(block.options.get("groupId"))
    block.without(("mergeResults",), "variables are handed over as the node says.")
    if bot == _CURRENT:
        return _within(block, group, None)
    if bot is None:
        block.note("problem", "targetFlow", "The link names no bot: fill 'targetFlow'.")
    else:
        message = f"The bot '{bot}' is another export: import it and name its flow in 'targetFlow'."
        block.note("problem", "targetFlow", message)
    if group is not None:
        block.note("dropped", "groupId", "Another flow begins at its start, not at a group of it.")
    return Reading(Draft("subflow", present({"targetFlow": bot or ""})))


def read_return(block: Block) -> Reading:
    return Reading(Draft("return", {}), goes_on=False)


def read_script(block: Block) -> Reading:
    block.note("problem", "code", "Scripts are not run: replace the node by set_variable, condition or http_request.")
    code = as_text(block.options.get("content")) or ""
    return Reading(Draft("script", {"language": "javascript", "code": code}))


def read_webhook(block: Block) -> Reading:
    """Waits until somebody outside calls."""
    block.note("problem", "type", "A flow does not wait for a call from outside: let that system start a flow instead.")
    return Reading(Draft("action", {"actionType": "wait_for_webhook"}))


def _within(block: Block, group: str | None, target: str | None) -> Reading:
    node = block.bot.blocks.get(target or "") or (block.bot.groups[group].entry if group in block.bot.groups else None)
    if node is None:
        block.note("problem", "targetNodeId", "The jump names no group of this bot: fill 'targetNodeId'.")
    else:
        block.bot.canvas.connect(block.id, node)
    return Reading(Draft("jump", present({"targetNodeId": node})), goes_on=node is None)
