"""product: shows one product or several of a catalog; with `variableName` it waits for an order."""

from collections.abc import Callable, Iterator
from typing import Final

from services.executor.domain.answers import judge_order
from services.executor.domain.document import Node
from services.executor.domain.exits import Exits
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, objects_at, text_at, text_of
from services.executor.domain.nodes import asking, fields, menu
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan, compile_text, limit, template_at
from services.executor.domain.nodes.waiting import check_waiting
from services.executor.domain.says import ProductGroup, SendProduct, SendProductList
from services.executor.domain.turn import NEXT, Behaviour, Move, Note, Passing, Turn

MAX_PRODUCTS: Final = 30
MAX_SECTIONS: Final = 10
MAX_SECTION_TITLE: Final = 24


def _waits(node: Node, exits: Exits) -> bool:
    return bool(text_at(node.data, "variableName").strip())


def _compile(node: Node, plan: Plan) -> Behaviour:
    send = _send_list(node) if objects_at(node.data, "sections") else _send_one(node)
    if _waits(node, plan.exits):
        return asking.await_thing(node, send, judge_order)

    def run(turn: Turn) -> Move:
        send(turn)
        return NEXT

    return Passing(run)


def _send_one(node: Node) -> Callable[[Turn], None]:
    body = menu.clipped(template_at(node, "content"), menu.MAX_BODY)
    footer = menu.clipped(template_at(node, "footer"), menu.MAX_FOOTER)
    catalog, product = template_at(node, "catalogId"), template_at(node, "productId")

    def send(turn: Turn) -> None:
        catalog_id, product_id = turn.render(catalog).strip(), turn.render(product).strip()
        if catalog_id and product_id:
            turn.send(SendProduct(node.id, body(turn), footer(turn), catalog_id, product_id))
        else:
            turn.notes.append(Note(node.id, "no_product"))
            turn.say(node.id, body(turn))

    return send


def _send_list(node: Node) -> Callable[[Turn], None]:
    body = menu.filled(template_at(node, "content"), menu.MAX_BODY)
    header = menu.filled(template_at(node, "header"), menu.MAX_HEADER)
    footer = menu.clipped(template_at(node, "footer"), menu.MAX_FOOTER)
    catalog = template_at(node, "catalogId")
    groups = tuple(
        (
            menu.clipped(compile_text(section.get("title")), MAX_SECTION_TITLE),
            tuple(compile_text(product) for product in _products(section)),
        )
        for section in objects_at(node.data, "sections")
    )

    def send(turn: Turn) -> None:
        filled = tuple(
            ProductGroup(title(turn), tuple(turn.render(product).strip() for product in products))
            for title, products in groups
        )
        turn.send(
            SendProductList(node.id, body(turn), header(turn), footer(turn), turn.render(catalog).strip(), filled)
        )

    return send


def _products(section: dict[str, Json]) -> list[str]:
    value = section.get("products")
    return [text_of(item) for item in value if not isinstance(item, dict)] if isinstance(value, list) else []


def _exits(node: Node) -> tuple[Exit, ...]:
    return asking.EXITS if text_at(node.data, "variableName").strip() else (Exit(("next",)),)


def _check(node: Node) -> Iterator[Finding]:
    yield from menu.check_words(node)
    yield from check_waiting(node)
    if not text_at(node.data, "catalogId").strip():
        yield error("no_catalog", node.id, f"Node {node.id} names no catalog.", 'Write its id into "catalogId".')
    sections = objects_at(node.data, "sections")
    if sections:
        yield from _check_sections(node, sections)
    elif not text_at(node.data, "productId").strip():
        message = f"Node {node.id} names no product."
        yield error("no_product", node.id, message, 'Write one into "productId", or several into "sections".')


def _check_sections(node: Node, sections: list[dict[str, Json]]) -> Iterator[Finding]:
    counts = [len(_products(section)) for section in sections]
    if len(sections) > MAX_SECTIONS or sum(counts) > MAX_PRODUCTS or 0 in counts:
        message = f"Node {node.id} shows {sum(counts)} products in {len(sections)} sections."
        mend = f"WhatsApp allows {MAX_PRODUCTS} in {MAX_SECTIONS} sections, and none may be empty."
        yield error("option_count", node.id, message, mend)
    for field in ("content", "header"):
        if not text_at(node.data, field).strip():
            message = f'Node {node.id} shows several products and has no text in "{field}".'
            yield error("empty_text", node.id, message, "Write one; WhatsApp wants it.")
    for section in sections:
        title = text_at(section, "title")
        yield from limit(node, f'The section "{title}"', title, MAX_SECTION_TITLE)
        if len(sections) > 1 and not title.strip():
            message = f"A section of node {node.id} has no title, and there are several."
            yield error("empty_text", node.id, message, "Give each section a title.")


_SECTION: Final = fields.record(
    "A group of products.",
    {
        "title": fields.template("At most 24 characters; needed when there are several."),
        "products": fields.items("The retailer's ids of the products.", fields.template("One.")),
    },
    ("products",),
)

PRODUCT = NodeType(
    summary="Shows one product of a catalog, or up to thirty in sections. With variableName it waits for an order "
    "and stores its catalog_id and items (product_retailer_id, quantity, item_price, currency).",
    schema=fields.data(
        {
            **menu.FRAME,
            "catalogId": fields.template("Meta's id of the catalog."),
            "productId": fields.template("The retailer's id of the product."),
            "sections": fields.items("Instead of productId: several products, in one to ten groups.", _SECTION),
            **asking.FIELDS,
        },
        ("catalogId",),
    ),
    ways={"next": "At once, without variableName.", **asking.WAYS},
    compile=_compile,
    exits=_exits,
    check=_check,
    sets=lambda node: (text_at(node.data, "variableName"),),
    texts=(*asking.TEXTS, "catalogId", "productId", "sections"),
    waits=_waits,
    speaks=lambda node: True,
)
