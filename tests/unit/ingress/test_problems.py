"""Which field a sentence of a service behind is about."""

import pytest

from services.ingress.http.problems import told_field


@pytest.mark.parametrize(
    ("sentence", "field", "message"),
    [
        ("limit is 0; use 1 to 500", "limit", "is 0; use 1 to 500"),
        ("scopes: x does not exist", "scopes", "x does not exist"),
        ("add_tags[3] is empty", "add_tags[3]", "is empty"),
        ("messages.0.content is no content", "messages.0.content", "is no content"),
        ("the recipient is empty", "request", "the recipient is empty"),
        ("give another one", "request", "give another one"),
        ("A sentence.", "request", "A sentence."),
    ],
)
def test_a_sentence_begins_with_its_field_or_is_about_the_whole_request(
    sentence: str, field: str, message: str
) -> None:
    assert told_field(sentence) == {"field": field, "message": message}
