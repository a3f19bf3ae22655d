"""The interactive messages that sell: products, catalogs, carousels, orders."""

from .fields import JsonObject, child, children, missing, named, optional_words, unique, web_link, words, wrong
from .frame import action_of, check_edges, check_frame, parameters_of
from .media import check_header

STATES = ("pending", "processing", "partially_shipped", "shipped", "completed", "canceled")


def check_product(interactive: JsonObject) -> None:
    """One product; words are not needed."""
    if "body" in interactive:
        check_frame(interactive)
    else:
        check_edges(interactive)
    if "header" in interactive:
        wrong("interactive.header", "a single product takes none")
    _check_reference(action_of(interactive), "action")


def check_product_list(interactive: JsonObject) -> None:
    """Products of one catalog, under a header."""
    check_frame(interactive)
    child(interactive, "header", "interactive.header")
    action = action_of(interactive)
    words(action, "catalog_id", "action.catalog_id", 64)
    check_product_sections(action, "action.sections")


def check_product_sections(parent: JsonObject, path: str) -> None:
    """Up to ten headings with up to thirty products in all."""
    sections = children(parent, "sections", path, 1, 10)
    count = 0
    for section in sections:
        if not optional_words(section, "title", f"{path}.title", 24) and len(sections) > 1:
            missing(f"{path}.title")
        products = children(section, "product_items", f"{path}.product_items", 1, 30)
        for product in products:
            words(product, "product_retailer_id", "product_items.product_retailer_id", 512)
        count += len(products)
    if count > 30:
        wrong(path, f"at most 30 products are allowed in all, {count} were sent")


def check_catalog(interactive: JsonObject) -> None:
    """The whole catalog."""
    check_frame(interactive)
    action = action_of(interactive)
    named(action, "catalog_message", "action.name")
    if "parameters" in action:
        parameters = parameters_of(interactive)
        optional_words(parameters, "thumbnail_product_retailer_id", "parameters.thumbnail_product_retailer_id", 512)


def check_carousel(interactive: JsonObject) -> None:
    """Two to ten cards, all alike."""
    words(child(interactive, "body", "interactive.body"), "text", "interactive.body.text", 1024)
    for name in ("header", "footer"):
        if name in interactive:
            wrong(f"interactive.{name}", "a carousel takes none")
    cards = children(action_of(interactive), "cards", "action.cards", 2, 10)
    forms = [_form_of_card(position, card) for position, card in enumerate(cards)]
    if len(set(forms)) > 1:
        wrong("action.cards", "all cards must have the same components")
    unique((identity for card in cards for identity in _reply_ids(card)), "cards.quick_reply.id")


def _form_of_card(position: int, card: JsonObject) -> tuple[str, ...]:
    """What the card is made of, checked."""
    if card.get("card_index") != position:
        wrong("cards.card_index", f"{position} is expected")
    action = child(card, "action", "cards.action")
    if card.get("type") == "product":
        _check_reference(action, "cards.action")
        return ("product", str(action["catalog_id"]))
    header = check_header(child(card, "header", "cards.header"), "cards.header", ("image", "video"))
    if "body" in card:
        text = words(child(card, "body", "cards.body"), "text", "cards.body.text", 160)
        if text.count("\n") > 2:
            wrong("cards.body.text", "at most two line breaks are allowed")
    return (header, *_buttons_of_card(action))


def _buttons_of_card(action: JsonObject) -> tuple[str, ...]:
    if "buttons" not in action:
        named(action, "cta_url", "cards.action.name")
        parameters = child(action, "parameters", "cards.action.parameters")
        words(parameters, "display_text", "parameters.display_text", 20)
        web_link(parameters, "url", "parameters.url")
        return ("cta_url",)
    buttons = children(action, "buttons", "cards.action.buttons", 1, 3)
    for button in buttons:
        if button.get("type") != "quick_reply":
            wrong("cards.buttons.type", "quick_reply is expected")
        reply = child(button, "quick_reply", "buttons.quick_reply")
        words(reply, "id", "quick_reply.id", 20)
        words(reply, "title", "quick_reply.title", 20)
    return ("quick_reply",) * len(buttons)


def _reply_ids(card: JsonObject) -> list[str]:
    action = child(card, "action", "cards.action")
    buttons = children(action, "buttons", "cards.action.buttons", 1, 3) if "buttons" in action else []
    return [str(child(button, "quick_reply", "buttons.quick_reply")["id"]) for button in buttons]


def check_order_details(interactive: JsonObject) -> None:
    """An order to be paid."""
    check_frame(interactive, media=("image",))
    named(action_of(interactive), "review_and_pay", "action.name")
    parameters = parameters_of(interactive)
    words(parameters, "reference_id", "parameters.reference_id", 64)
    if len(words(parameters, "currency", "parameters.currency", 3)) != 3:
        wrong("parameters.currency", "a currency of three letters is expected")
    child(parameters, "total_amount", "parameters.total_amount")
    child(parameters, "order", "parameters.order")


def check_order_status(interactive: JsonObject) -> None:
    """What became of an order."""
    check_frame(interactive)
    named(action_of(interactive), "review_order", "action.name")
    parameters = parameters_of(interactive)
    words(parameters, "reference_id", "parameters.reference_id", 64)
    order = child(parameters, "order", "parameters.order")
    if words(order, "status", "order.status", 64) not in STATES:
        wrong("order.status", f"one of {', '.join(STATES)} is expected")
    optional_words(order, "description", "order.description", 120)


def _check_reference(action: JsonObject, path: str) -> None:
    words(action, "catalog_id", f"{path}.catalog_id", 64)
    words(action, "product_retailer_id", f"{path}.product_retailer_id", 512)
