"""Interactive messages with something to tap: buttons, lists, links, requests, forms."""

from __future__ import annotations

from services.pb.common.v1 import content_pb2
from services.sender.worker.bodies.parts import (
    BodyRefused,
    Json,
    bare_frame,
    filled,
    frame,
    frame_with_media,
    interactive,
    json_object,
)

_VERSION = "3"


def buttons(content: content_pb2.ButtonsContent) -> Json:
    """Reply buttons."""
    replies = [{"type": "reply", "reply": {"id": button.id, "title": button.title}} for button in content.buttons]
    return interactive(frame_with_media("button", content) | {"action": {"buttons": replies}})


def listing(content: content_pb2.ListContent) -> Json:
    """A list to choose from."""
    sections = [
        filled(title=section.title) | {"rows": [_row(row) for row in section.rows]} for section in content.sections
    ]
    return interactive(frame("list", content) | {"action": {"button": content.button_text, "sections": sections}})


def _row(row: content_pb2.ListRow) -> Json:
    return {"id": row.id, "title": row.title} | filled(description=row.description)


def cta_url(content: content_pb2.CtaUrlContent) -> Json:
    """A button that opens a web address."""
    return interactive(frame_with_media("cta_url", content) | {"action": link_action(content.button_text, content.url)})


def link_action(text: str, url: str) -> Json:
    """What opens a web address."""
    return {"name": "cta_url", "parameters": {"display_text": text, "url": url}}


def location_request(content: content_pb2.LocationRequestContent) -> Json:
    """A button that sends a location."""
    return _request("location_request_message", content.body, "send_location")


def contact_info_request(content: content_pb2.ContactInfoRequestContent) -> Json:
    """A button that shares a phone number."""
    return _request("request_contact_info", content.body, "request_contact_info")


def call_permission_request(content: content_pb2.CallPermissionRequestContent) -> Json:
    """A question whether to call."""
    return _request("call_permission_request", content.body, "call_permission_request")


def _request(kind: str, body: str, action: str) -> Json:
    return interactive({"type": kind} | bare_frame(body) | {"action": {"name": action}})


def voice_call(content: content_pb2.VoiceCallContent) -> Json:
    """A button that calls the business."""
    parameters = call_parameters(content.ttl_minutes, content.payload, content.button_text)
    action = {"name": "voice_call"} | filled(parameters=parameters)
    return interactive({"type": "voice_call"} | bare_frame(content.body) | {"action": action})


def call_parameters(ttl_minutes: int, payload: str, text: str) -> Json:
    """How long a call button works, what comes back with the call, and what the button says."""
    return filled(display_text=text, ttl_minutes=ttl_minutes, payload=payload)


def address(content: content_pb2.AddressContent) -> Json:
    """A form for a postal address."""
    parameters = filled(
        country=content.country,
        values=dict(content.values),
        saved_addresses=[{"id": saved.id, "value": dict(saved.values)} for saved in content.saved_addresses],
        validation_errors=dict(content.validation_errors),
    )
    action = {"name": "address_message", "parameters": parameters}
    return interactive(frame_with_media("address_message", content) | {"action": action})


def whatsapp_flow(content: content_pb2.WhatsAppFlowContent) -> Json:
    """A button that opens a form."""
    parameters = (
        {"flow_message_version": _VERSION}
        | _flow_name(content)
        | {"flow_cta": content.button_text}
        | filled(flow_token=content.flow_token, mode="draft" if content.is_draft else "")
        | _flow_start(content)
    )
    return interactive(frame_with_media("flow", content) | {"action": {"name": "flow", "parameters": parameters}})


def _flow_name(content: content_pb2.WhatsAppFlowContent) -> Json:
    match content.WhichOneof("flow"):
        case "flow_id" if content.flow_id:
            return {"flow_id": content.flow_id}
        case "flow_name" if content.flow_name:
            return {"flow_name": content.flow_name}
    raise BodyRefused("interactive.action.parameters names no WhatsApp Flow; give its id or its name")


def _flow_start(content: content_pb2.WhatsAppFlowContent) -> Json:
    if content.action == content_pb2.WHATS_APP_FLOW_ACTION_DATA_EXCHANGE:
        if content.screen or content.data:
            raise BodyRefused(
                "interactive.action.parameters.flow_action_payload is given with data_exchange, where the endpoint says"
                " what is shown first; leave screen and data out, or use navigate"
            )
        return {"flow_action": "data_exchange"}
    if not content.screen and not content.data:
        return {"flow_action": "navigate"}
    payload: Json = {"screen": content.screen}
    if content.data:
        payload["data"] = json_object(content.data, "interactive.action.parameters.flow_action_payload.data")
    return {"flow_action": "navigate", "flow_action_payload": payload}
