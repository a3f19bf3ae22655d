"""From the body a business posted to the bubble its reader sees; what text cannot show stands in brackets."""

from collections.abc import Callable, Mapping

from .screen import Bubble, Choice

Body = Mapping[str, object]


def draw(wamid: str, kind: str, body: Body, at: int) -> Bubble:
    """The bubble of a message a business sent; `body` has passed the checks of `bodies`."""
    content = _object(body, kind)
    if kind == "interactive":
        return _draw_interactive(wamid, content, at)
    if kind == "template":
        return _draw_template(wamid, content, at)
    return Bubble(wamid, False, kind, _plain_text(kind, body, content), at)


def _draw_interactive(wamid: str, content: Body, at: int) -> Bubble:
    kind, action = _text(content, "type"), _object(content, "action")
    header = _object(content, "header")
    shown = (_text(_object(content, "body"), "text"), *_attached(kind, action))
    return Bubble(
        wamid,
        False,
        kind,
        "\n".join(line for line in shown if line),
        at,
        header=_text(header, "text") or (f"[{_text(header, 'type')}]" if header else ""),
        footer=_text(_object(content, "footer"), "text"),
        list_label=_text(action, "button"),
        choices=_choices(kind, action),
        buttons=_buttons(kind, action),
    )


def _choices(kind: str, action: Body) -> tuple[Choice, ...]:
    match kind:
        case "button":
            return _replies(_objects(action, "buttons"), "reply")
        case "carousel":
            cards = enumerate(_objects(action, "cards"), start=1)
            return tuple(
                choice
                for number, card in cards
                for choice in _replies(_objects(_object(card, "action"), "buttons"), "quick_reply", f"Card {number}")
            )
        case "list":
            return tuple(
                Choice(
                    "list_reply",
                    _text(row, "id"),
                    _text(row, "title"),
                    _text(row, "description"),
                    _text(part, "title"),
                )
                for part in _objects(action, "sections")
                for row in _objects(part, "rows")
            )
    return ()


def _replies(buttons: list[Body], name: str, section: str = "") -> tuple[Choice, ...]:
    replies = [_object(button, name) for button in buttons]
    return tuple(
        Choice("button_reply", _text(reply, "id"), _text(reply, "title"), section=section) for reply in replies
    )


def _buttons(kind: str, action: Body) -> tuple[str, ...]:
    """What can be tapped besides; the phone says so, and what it does, but cannot do it."""
    parameters = _object(action, "parameters")
    label = {
        "cta_url": _link(parameters),
        "flow": _text(parameters, "flow_cta"),
        "voice_call": _text(parameters, "display_text") or "Call",
        "location_request_message": "Send location",
        "request_contact_info": "Share phone number",
        "call_permission_request": "Allow calls",
        "address_message": "Provide address",
        "catalog_message": "View catalog",
        "product": "View",
        "product_list": "View items",
        "order_details": "Review and pay",
        "order_status": "View order",
    }.get(kind, "")
    return (label,) if label else ()


def _attached(kind: str, action: Body) -> list[str]:
    """The lines under the words: products, cards, orders."""
    parameters = _object(action, "parameters")
    match kind:
        case "product":
            return [f"[product {_text(action, 'product_retailer_id')}]"]
        case "product_list":
            return [_products(section) for section in _objects(action, "sections")]
        case "carousel":
            return [_card(number, card) for number, card in enumerate(_objects(action, "cards"), start=1)]
        case "order_details":
            return [f"[order {_text(parameters, 'reference_id')}] {_amount(parameters)}".strip()]
        case "order_status":
            order = _object(parameters, "order")
            told = f"[order {_text(parameters, 'reference_id')} is {_text(order, 'status')}]"
            return [f"{told} {_text(order, 'description')}".strip()]
    return []


def _products(section: Body) -> str:
    names = [_text(product, "product_retailer_id") for product in _objects(section, "product_items")]
    return f"{_text(section, 'title')} [{', '.join(names)}]".strip()


def _card(number: int, card: Body) -> str:
    action = _object(card, "action")
    if product := _text(action, "product_retailer_id"):
        return f"  [{number}] [product {product}]"
    words = (f"[{_text(_object(card, 'header'), 'type')}]", _text(_object(card, "body"), "text"))
    link = _link(_object(action, "parameters"))
    return "  " + " ".join(word for word in (f"[{number}]", *words, link and f"[{link}]") if word)


def _link(parameters: Body) -> str:
    label, url = _text(parameters, "display_text"), _text(parameters, "url")
    return f"{label}: {url}" if url else ""


def _amount(parameters: Body) -> str:
    total = _object(parameters, "total_amount")
    value, offset = total.get("value"), total.get("offset")
    if not isinstance(value, int) or not isinstance(offset, int) or offset <= 0:
        return ""
    return f"{value / offset:.2f} {_text(parameters, 'currency')}"


def _draw_template(wamid: str, template: Body, at: int) -> Bubble:
    """The simulator has no templates: it shows the name and what was given for the placeholders."""
    components = _objects(template, "components")
    header = [part for component in components if _kind(component) == "header" for part in _values(component)]
    body = [part for component in components if _kind(component) == "body" for part in _values(component)]
    lines = [" ".join(["[template", _text(template, "name") + "]", " · ".join(body)]).strip()]
    cards = [card for component in components for card in _objects(component, "cards")]
    lines += [f"  [{number}] {' · '.join(_card_values(card))}".rstrip() for number, card in enumerate(cards, start=1)]
    buttons = [component for component in components if _kind(component) == "button"]
    for card in cards:
        buttons += [component for component in _objects(card, "components") if _kind(component) == "button"]
    return Bubble(
        wamid,
        False,
        "template",
        "\n".join(lines),
        at,
        header=" ".join(header),
        choices=tuple(choice for button in buttons for choice in _payloads(button)),
        buttons=tuple(_template_button(button) for button in buttons if not _payloads(button)),
    )


def _card_values(card: Body) -> list[str]:
    return [
        value
        for component in _objects(card, "components")
        if _kind(component) != "button"
        for value in _values(component)
    ]


def _payloads(button: Body) -> list[Choice]:
    """A reply button of a template; its words are Meta's secret, so its payload is shown."""
    if _text(button, "sub_type").lower() != "quick_reply":
        return []
    payloads = [_text(parameter, "payload") for parameter in _objects(button, "parameters")]
    return [Choice("button", payload, payload) for payload in payloads if payload]


def _template_button(button: Body) -> str:
    return " ".join([_text(button, "sub_type").lower(), *_values(button)])


def _values(component: Body) -> list[str]:
    return [value for parameter in _objects(component, "parameters") if (value := _value(parameter))]


def _value(parameter: Body) -> str:
    kind = _text(parameter, "type")
    value = _object(parameter, kind)
    match kind:
        case "text" | "payload" | "coupon_code":
            return _text(parameter, kind)
        case "currency" | "date_time":
            return _text(value, "fallback_value")
        case "location":
            return f"[location] {_place(value)}"
        case "product":
            return f"[product {_text(value, 'product_retailer_id')}]"
        case "image" | "video" | "document":
            return f"[{kind}] {_text(value, 'filename')}".strip()
    return ""


def _plain_text(kind: str, body: Body, content: Body) -> str:
    show = _PLAIN.get(kind)
    if show is not None:
        return show(body, content)
    named = "voice" if content.get("voice") is True else f"{kind} {_text(content, 'filename')}".strip()
    return f"[{named}] {_text(content, 'caption') or _text(content, 'link')}".strip()


def _cards_of_persons(body: Body, _content: Body) -> str:
    return f"[contacts] {', '.join(_person(card) for card in _objects(body, 'contacts'))}"


def _person(card: Body) -> str:
    phones = [_text(phone, "phone") for phone in _objects(card, "phones")]
    name = _text(_object(card, "name"), "formatted_name")
    return f"{name} ({', '.join(phones)})" if phones else name


def _place(location: Body) -> str:
    words = [word for word in (_text(location, "name"), _text(location, "address")) if word]
    return ", ".join(words) or f"{location.get('latitude')}, {location.get('longitude')}"


_PLAIN: dict[str, Callable[[Body, Body], str]] = {
    "text": lambda _, content: _text(content, "body"),
    "reaction": lambda _, content: _text(content, "emoji") or "[reaction taken away]",
    "location": lambda _, content: f"[location] {_place(content)}",
    "contacts": _cards_of_persons,
}


def _kind(component: Body) -> str:
    return _text(component, "type").lower()


def _object(parent: Body, name: str) -> Body:
    value = parent.get(name)
    return value if isinstance(value, Mapping) else {}


def _objects(parent: Body, name: str) -> list[Body]:
    value = parent.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _text(parent: Body, name: str) -> str:
    value = parent.get(name)
    return value if isinstance(value, str) else ""
