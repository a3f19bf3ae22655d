"""How what lies in a lane is told to people."""

import pytest

from services.chassis.queue import plain_form
from services.pb.common.v1.content_pb2 import Content, LocationContent, TemplateContent
from services.pb.sender.v1.sender_pb2 import OutboundMessage
from tests.fixtures.outbound import SAMPLES, message_of


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "location without a name"])
def test_an_export_tells_every_message_as_it_was_given(name: str) -> None:
    assert plain_form(message_of(SAMPLES[name]))["content"] == SAMPLES[name]["content"]


def test_what_is_zero_is_left_out_of_an_export() -> None:
    whole = OutboundMessage(content=Content(location=LocationContent(longitude=12.5)))

    assert plain_form(whole) == {"content": {"location": {"longitude": 12.5}}}


def test_what_should_be_json_and_is_not_is_told_as_text() -> None:
    broken = Content(template=TemplateContent(components=b"{"))

    assert plain_form(OutboundMessage(content=broken)) == {"content": {"template": {"components": "{"}}}
