"""Interactive messages that sell: products, catalogs, carousels, orders."""

from __future__ import annotations

from collections.abc import Sequence

from services.pb.common.v1 import content_pb2
from services.sender.worker.bodies.parts import Json, bare_frame, filled, frame, interactive, json_object, media_header
from services.sender.worker.bodies.tappable import link_action


def product(content: content_pb2.ProductContent) -> Json:
    """One product."""
    shown = bare_frame(content.body, content.footer)
    if not content.body:
        del shown["body"]
    return interactive({"type": "product"} | shown | {"action": product_reference(content.product)})


def product_reference(shown: content_pb2.Product) -> Json:
    """Which product of which catalog."""
    return {"catalog_id": shown.catalog_id, "product_retailer_id": shown.product_retailer_id}


def product_list(content: content_pb2.ProductListContent) -> Json:
    """Products of one catalog."""
    action = {"catalog_id": content.catalog_id, "sections": product_sections(content.sections)}
    return interactive(frame("product_list", content) | {"action": action})


def product_sections(sections: Sequence[content_pb2.ProductSection]) -> list[Json]:
    """Products under their headings."""
    return [
        filled(title=section.title)
        | {"product_items": [{"product_retailer_id": each} for each in section.product_retailer_ids]}
        for section in sections
    ]


def catalog(content: content_pb2.CatalogContent) -> Json:
    """A button that opens the catalog."""
    parameters = filled(thumbnail_product_retailer_id=content.thumbnail_product_retailer_id)
    action = {"name": "catalog_message"} | filled(parameters=parameters)
    return interactive({"type": "catalog_message"} | bare_frame(content.body, content.footer) | {"action": action})


def carousel(content: content_pb2.CarouselContent) -> Json:
    """Cards that are swiped sideways."""
    cards = [_card(number, card) for number, card in enumerate(content.cards)]
    return interactive({"type": "carousel"} | bare_frame(content.body) | {"action": {"cards": cards}})


def _card(number: int, card: content_pb2.CarouselCard) -> Json:
    if card.HasField("product"):
        return {"card_index": number, "type": "product", "action": product_reference(card.product)}
    shown: Json = {"card_index": number, "type": "cta_url"}
    if card.HasField("header_media"):
        shown["header"] = media_header(card.header_media)
    if card.body:
        shown["body"] = {"text": card.body}
    return shown | filled(action=_card_action(card))


def _card_action(card: content_pb2.CarouselCard) -> Json:
    if card.HasField("url_button"):
        return link_action(card.url_button.text, card.url_button.url)
    replies = [{"type": "quick_reply", "quick_reply": {"id": each.id, "title": each.title}} for each in card.buttons]
    return filled(buttons=replies)


def order_details(content: content_pb2.OrderDetailsContent) -> Json:
    """An order to be paid."""
    inner: Json = {"type": "order_details"}
    if content.HasField("header_media"):
        inner["header"] = media_header(content.header_media)
    parameters = json_object(content.parameters, "interactive.action.parameters")
    action = {"name": "review_and_pay", "parameters": parameters}
    return interactive(inner | bare_frame(content.body, content.footer) | {"action": action})


def order_status(content: content_pb2.OrderStatusContent) -> Json:
    """What became of an order."""
    order = {"status": content.status} | filled(description=content.description)
    action = {"name": "review_order", "parameters": {"reference_id": content.reference_id, "order": order}}
    return interactive({"type": "order_status"} | bare_frame(content.body, content.footer) | {"action": action})
