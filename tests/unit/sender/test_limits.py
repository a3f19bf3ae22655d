"""Meta's limits, field by field: what is just right goes, one more is refused with the field and the mend."""

import pytest

from services.sender.domain.limits import broken_limit
from tests.fixtures.outbound import BROKEN, LONGEST, SAMPLES, body_of_sample, changed


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sound_body_breaks_no_limit(name: str) -> None:
    assert broken_limit(body_of_sample(name)) is None


@pytest.mark.parametrize(("name", "path", "most"), LONGEST)
def test_a_text_of_the_greatest_length_is_taken_and_one_character_more_is_not(name: str, path: str, most: int) -> None:
    assert broken_limit(changed(name, path, "x" * most)) is None

    said = f"{path} has {most + 1:,} characters, Meta takes at most {most:,}; shorten it"
    assert broken_limit(changed(name, path, "x" * (most + 1))) == said


@pytest.mark.parametrize(("name", "path", "value", "said"), BROKEN)
def test_what_breaks_a_limit_is_told_with_its_field_and_a_mend(name: str, path: str, value: object, said: str) -> None:
    complaint = broken_limit(changed(name, path, value))

    assert complaint is not None
    assert said in complaint
    assert "; " in complaint


def test_characters_are_counted_not_bytes() -> None:
    assert broken_limit(changed("text", "text.body", "😀" * 4096)) is None
    assert broken_limit(changed("buttons", "interactive.action.buttons[0].reply.title", "ñ" * 20)) is None


def test_blank_is_as_good_as_empty() -> None:
    assert broken_limit(changed("text", "text.body", " \n ")) == "text.body is blank; give 1 to 4,096 characters"


def test_signs_that_are_no_emoji_may_stand_on_a_button() -> None:
    assert broken_limit(changed("form", "interactive.action.parameters.flow_cta", "Nº 5 → 20°")) is None


def test_a_text_that_is_none_is_left_to_meta_in_a_template_only() -> None:
    """Meta's own examples have true and false there."""
    assert broken_limit(changed("template by place", "template.components[1].parameters[0].text", True)) is None
    assert broken_limit(changed("text", "text.body", True)) == "text.body is no text; give it as text"


def test_a_latitude_may_be_written_as_a_text() -> None:
    assert broken_limit(changed("location", "location.latitude", "-8.05")) is None


def test_an_unknown_type_is_told_with_those_that_are_known() -> None:
    complaint = broken_limit(changed("text", "type", "hologram"))

    assert complaint is not None
    assert complaint.startswith("type is 'hologram', which is no type of message; use one of audio, ")
