"""Products, catalogs and orders."""

from __future__ import annotations

from collections.abc import Mapping

from services.sender.domain.limits.checks import Items, Needed, OneOf, Words
from services.sender.domain.limits.interactive import TITLED, frame
from services.sender.domain.limits.rule import Rule, Whole, at_most

_CATALOG = Words(1, 64)
_PRODUCT = Words(1, 512)
_STATES = frozenset({"pending", "processing", "partially_shipped", "shipped", "completed", "canceled"})
_PARAMETERS = "interactive.action.parameters"

RULES: Mapping[str, tuple[Rule, ...]] = {
    "product": (
        *frame(body=Words(0, 1024)),
        Rule("interactive.action.catalog_id", _CATALOG),
        Rule("interactive.action.product_retailer_id", _PRODUCT),
    ),
    "product_list": (
        *frame(),
        Rule("interactive.header", Needed("give a header, Meta wants one above products")),
        Rule("interactive.action.catalog_id", _CATALOG),
        Rule("interactive.action.sections", Items(1, 10)),
        Rule("interactive.action.sections[].title", Words(0, 24)),
        Rule("interactive.action.sections[].product_items", Items(1, 30)),
        Rule("interactive.action.sections[].product_items[].product_retailer_id", _PRODUCT),
    ),
    "catalog_message": (*frame(), Rule(f"{_PARAMETERS}.thumbnail_product_retailer_id", Words(0, 512))),
    "order_details": (
        *frame("image"),
        Rule(f"{_PARAMETERS}.reference_id", Words(1, 64)),
        Rule(f"{_PARAMETERS}.currency", Words(3, 3)),
        Rule(f"{_PARAMETERS}.total_amount", Needed("give value and offset")),
        Rule(f"{_PARAMETERS}.order", Needed("give status, items and subtotal")),
    ),
    "order_status": (
        *frame(),
        Rule(f"{_PARAMETERS}.reference_id", Words(1, 64)),
        Rule(f"{_PARAMETERS}.order.status", OneOf(_STATES)),
        Rule(f"{_PARAMETERS}.order.description", Words(0, 120)),
    ),
}

WHOLES: Mapping[str, tuple[Whole, ...]] = {
    "product_list": (TITLED, at_most("interactive.action.sections[].product_items[]", 30, "products")),
}
