"""What a flow says, from the domain's words to `common/v1/content.proto`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from services.executor.domain.says import (
    ButtonValue,
    Card,
    Media,
    MediaKind,
    Parameter,
    Say,
    SendButtons,
    SendContacts,
    SendCtaUrl,
    SendForm,
    SendList,
    SendLocation,
    SendLocationRequest,
    SendMedia,
    SendProduct,
    SendProductList,
    SendTemplate,
    SendText,
)
from services.pb.common.v1 import content_pb2

_MEDIA: dict[MediaKind, content_pb2.MediaKind.ValueType] = {
    "image": content_pb2.MEDIA_KIND_IMAGE,
    "video": content_pb2.MEDIA_KIND_VIDEO,
    "audio": content_pb2.MEDIA_KIND_AUDIO,
    "document": content_pb2.MEDIA_KIND_DOCUMENT,
    "sticker": content_pb2.MEDIA_KIND_STICKER,
}


def fill_content(content: content_pb2.Content, command: Say) -> None:
    """Write what is said into a message's content, in place: parts made apart would be copied."""
    if isinstance(command, SendText):
        text = content.text
        text.body, text.preview_url = command.text, command.preview_url
        return
    _FILLERS[type(command)](content, command)


def _fill_buttons(content: content_pb2.Content, command: SendButtons) -> None:
    frame = content.buttons
    frame.body, frame.header, frame.footer = command.body, command.header, command.footer
    for button in command.buttons:
        frame.buttons.add(id=button.id, title=button.title)
    if command.header_media is not None:
        _fill_file(frame.header_media, command.header_media)


def _fill_list(content: content_pb2.Content, command: SendList) -> None:
    frame = content.list
    frame.body, frame.header, frame.footer = command.body, command.header, command.footer
    frame.button_text = command.button_text
    for section in command.sections:
        rows = frame.sections.add(title=section.title).rows
        for row in section.rows:
            rows.add(id=row.id, title=row.title, description=row.description)


def _fill_media(content: content_pb2.Content, command: SendMedia) -> None:
    _fill_file(content.media.media, command.media)
    content.media.caption = command.caption


def _fill_file(file: content_pb2.Media, media: Media) -> None:
    file.kind, file.filename = _MEDIA[media.kind], media.filename
    if media.id:
        file.id = media.id
    else:
        file.link = media.link


def _fill_location(content: content_pb2.Content, command: SendLocation) -> None:
    place = content.location
    place.latitude, place.longitude = command.latitude, command.longitude
    place.name, place.address = command.name, command.address


def _fill_contacts(content: content_pb2.Content, command: SendContacts) -> None:
    for card in command.cards:
        _fill_card(content.contacts.cards.add(), card)


def _fill_card(filled: content_pb2.ContactCard, card: Card) -> None:
    # WhatsApp wants a part of the name beside the whole of it.
    first, _, last = card.name.partition(" ")
    filled.name.formatted_name, filled.name.first_name, filled.name.last_name = card.name, first, last.strip()
    for phone in card.phones:
        digits = "".join(filter(str.isdigit, phone))
        filled.phones.add(phone=phone, wa_id=digits if phone.startswith("+") else "")
    for email in card.emails:
        filled.emails.add(email=email)
    if card.organization:
        filled.organization.company = card.organization


def _fill_cta_url(content: content_pb2.Content, command: SendCtaUrl) -> None:
    frame = content.cta_url
    frame.body, frame.header, frame.footer = command.body, command.header, command.footer
    frame.button_text, frame.url = command.button_text, command.url


def _fill_location_request(content: content_pb2.Content, command: SendLocationRequest) -> None:
    content.location_request.body = command.body


def _fill_form(content: content_pb2.Content, command: SendForm) -> None:
    frame = content.whatsapp_flow
    frame.body, frame.header, frame.footer = command.body, command.header, command.footer
    frame.button_text, frame.flow_token, frame.is_draft = command.button_text, command.flow_token, command.is_draft
    if command.flow_id:
        frame.flow_id = command.flow_id
    else:
        frame.flow_name = command.flow_name
    frame.action, frame.screen = content_pb2.WHATS_APP_FLOW_ACTION_NAVIGATE, command.screen
    if command.payload:
        frame.data = orjson.dumps(dict(command.payload))


def _fill_product(content: content_pb2.Content, command: SendProduct) -> None:
    frame = content.product
    frame.body, frame.footer = command.body, command.footer
    frame.product.catalog_id, frame.product.product_retailer_id = command.catalog_id, command.product_id


def _fill_products(content: content_pb2.Content, command: SendProductList) -> None:
    frame = content.product_list
    frame.body, frame.header, frame.footer = command.body, command.header, command.footer
    frame.catalog_id = command.catalog_id
    for group in command.groups:
        frame.sections.add(title=group.title, product_retailer_ids=group.product_ids)


def _fill_template(content: content_pb2.Content, command: SendTemplate) -> None:
    frame = content.template
    frame.name, frame.language = command.name, command.language
    if command.components:
        frame.components = orjson.dumps(list(command.components))
        return
    if command.header is not None:
        _fill_parameter(frame.header, command.header)
    for parameter in command.body:
        _fill_parameter(frame.body.add(), parameter)
    for button in command.buttons:
        _fill_button(frame.buttons.add(index=button.index), button)


def _fill_parameter(filled: content_pb2.TemplateParameter, parameter: Parameter) -> None:
    value = parameter.value
    filled.name = parameter.name
    if isinstance(value, str):
        filled.text = value
    elif isinstance(value, Media):
        _fill_file(filled.media, value)
    else:
        place = filled.location
        place.latitude, place.longitude, place.name, place.address = (
            value.latitude, value.longitude, value.name, value.address,
        )  # fmt: skip


def _fill_button(filled: content_pb2.TemplateButton, button: ButtonValue) -> None:
    if button.kind == "quick_reply":
        filled.quick_reply_payload = button.value
    elif button.kind == "url":
        filled.url_suffix = button.value
    elif button.kind == "copy_code":
        filled.coupon_code = button.value
    else:
        filled.flow.flow_token = button.value
        if button.payload:
            filled.flow.data = orjson.dumps(dict(button.payload))


_FILLERS: Mapping[type[Say], Callable[[content_pb2.Content, Any], None]] = {
    SendButtons: _fill_buttons,
    SendList: _fill_list,
    SendMedia: _fill_media,
    SendLocation: _fill_location,
    SendContacts: _fill_contacts,
    SendCtaUrl: _fill_cta_url,
    SendLocationRequest: _fill_location_request,
    SendForm: _fill_form,
    SendProduct: _fill_product,
    SendProductList: _fill_products,
    SendTemplate: _fill_template,
}
