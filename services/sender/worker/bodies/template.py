"""Templates with what stands for their placeholders."""

from __future__ import annotations

from collections.abc import Sequence

from services.pb.common.v1 import content_pb2
from services.sender.worker.bodies.commerce import product_reference, product_sections
from services.sender.worker.bodies.parts import BodyRefused, Json, filled, json_object, json_objects, media_header
from services.sender.worker.bodies.plain import place


def template(content: content_pb2.TemplateContent) -> Json:
    """A template by name and language; what takes nothing is left out. Raises BodyRefused."""
    named: Json = {"name": content.name, "language": {"code": content.language}}
    return {"type": "template", "template": named | filled(components=_components(content))}


def _components(content: content_pb2.TemplateContent) -> list[Json]:
    if content.components:
        return json_objects(content.components, "template.components")
    header = [content.header] if content.HasField("header") else []
    made = _of_parts(header, content.body, "template")
    if content.offer_ends_at_ms:
        made.append(_offer(content.offer_ends_at_ms))
    if content.cards:
        cards = [_card(number, card) for number, card in enumerate(content.cards)]
        made.append({"type": "carousel", "cards": cards})
    return made + [_button(button) for button in content.buttons]


def _card(number: int, card: content_pb2.TemplateCard) -> Json:
    header = [card.header] if card.HasField("header") else []
    parts = _of_parts(header, card.body, f"template.cards[{number}]") + [_button(button) for button in card.buttons]
    return {"card_index": number, "components": parts}


def _of_parts(
    header: Sequence[content_pb2.TemplateParameter], body: Sequence[content_pb2.TemplateParameter], name: str
) -> list[Json]:
    return [
        {"type": kind, "parameters": [_parameter(each, f"{name}.{kind}[{n}]") for n, each in enumerate(parameters)]}
        for kind, parameters in (("header", header), ("body", body))
        if parameters
    ]


def _offer(ends_at_ms: int) -> Json:
    value = {"type": "limited_time_offer", "limited_time_offer": {"expiration_time_ms": ends_at_ms}}
    return {"type": "limited_time_offer", "parameters": [value]}


def _parameter(parameter: content_pb2.TemplateParameter, name: str) -> Json:
    named = filled(parameter_name=parameter.name)
    match parameter.WhichOneof("value"):
        case "text":
            return {"type": "text"} | named | {"text": parameter.text}
        case "currency":
            return {"type": "currency"} | named | {"currency": _currency(parameter.currency)}
        case "date_time":
            return {"type": "date_time"} | named | {"date_time": _date_time(parameter.date_time)}
        case "media":
            return media_header(parameter.media)
        case "location":
            return {"type": "location", "location": place(parameter.location)}
        case "product":
            return {"type": "product", "product": product_reference(parameter.product)}
        case None:
            raise BodyRefused(f"{name} has no value; give a text, or what the template has there")


def _currency(amount: content_pb2.Currency) -> Json:
    return {"fallback_value": amount.fallback_value, "code": amount.code, "amount_1000": amount.amount_1000}


def _date_time(moment: content_pb2.DateTime) -> Json:
    parts: Json = {"fallback_value": moment.fallback_value}
    if moment.HasField("day_of_week"):
        parts["day_of_week"] = moment.day_of_week
    if moment.HasField("year"):
        parts["year"] = moment.year
    if moment.HasField("month"):
        parts["month"] = moment.month
    if moment.HasField("day_of_month"):
        parts["day_of_month"] = moment.day_of_month
    if moment.HasField("hour"):
        parts["hour"] = moment.hour
    if moment.HasField("minute"):
        parts["minute"] = moment.minute
    return parts | filled(calendar=moment.calendar)


def _button(button: content_pb2.TemplateButton) -> Json:
    kind, parameters = _button_value(button)
    component: Json = {"type": "button", "sub_type": kind, "index": str(button.index)}
    return component | filled(parameters=parameters)


def _button_value(button: content_pb2.TemplateButton) -> tuple[str, list[Json]]:
    match button.WhichOneof("value"):
        case "quick_reply_payload":
            return "quick_reply", [{"type": "payload", "payload": button.quick_reply_payload}]
        case "url_suffix":
            return "url", [{"type": "text", "text": button.url_suffix}]
        case "coupon_code":
            return "copy_code", [{"type": "coupon_code", "coupon_code": button.coupon_code}]
        case "flow":
            return "flow", _action(_flow(button.flow, button.index))
        case "catalog_thumbnail_product_retailer_id":
            shown = button.catalog_thumbnail_product_retailer_id
            return "catalog", _action(filled(thumbnail_product_retailer_id=shown))
        case "products":
            thumbnail = filled(thumbnail_product_retailer_id=button.products.thumbnail_product_retailer_id)
            return "mpm", _action(thumbnail | {"sections": product_sections(button.products.sections)})
        case "call":
            return "voice_call", _call(button.call)
        case "order_details":
            details = json_object(button.order_details, f"template.buttons[{button.index}].order_details")
            return "order_details", _action({"order_details": details})
        case None:
            raise BodyRefused(f"template.buttons[{button.index}] has no value; give one, or leave the button out")


def _action(action: Json) -> list[Json]:
    return [{"type": "action", "action": action}] if action else []


def _flow(flow: content_pb2.TemplateFlowButton, index: int) -> Json:
    action = filled(flow_token=flow.flow_token)
    if flow.data:
        action["flow_action_data"] = json_object(flow.data, f"template.buttons[{index}].flow.data")
    return action


def _call(call: content_pb2.TemplateCallButton) -> list[Json]:
    parameters: list[Json] = []
    if call.ttl_minutes:
        parameters.append({"type": "ttl_minutes", "ttl_minutes": call.ttl_minutes})
    if call.payload:
        parameters.append({"type": "payload", "payload": call.payload})
    return parameters
