"""Phone numbers as people write and read them."""

import pytest

from services.ingress.domain.phone import international_form, national_form, read_phone


@pytest.mark.parametrize(
    ("digits", "international", "national"),
    [
        ("5511987654321", "+55 11 98765-4321", "11 98765-4321"),
        ("551187654321", "+55 11 8765-4321", "11 8765-4321"),
        ("5521912345678", "+55 21 91234-5678", "21 91234-5678"),
        ("447400123456", "+44 7400 123456", "07400 123456"),
        ("16505550123", "+1 650-555-0123", "(650) 555-0123"),
        ("00000", "+00000", "+00000"),
        ("5511", "+5511", "+5511"),
        ("", "", ""),
    ],
)
def test_a_number_is_shown_as_its_country_writes_it(digits: str, international: str, national: str) -> None:
    assert (international_form(digits), national_form(digits)) == (international, national)


@pytest.mark.parametrize("text", ["5511987654321", "+55 11 98765-4321", " +55 (11) 98765.4321 "])
def test_what_people_write_between_digits_does_not_matter(text: str) -> None:
    assert read_phone(text) == "5511987654321"


@pytest.mark.parametrize(
    "text", ["", "+", "1234", "1" * 16, "55a11987654321", "55+11987654321", "٥٥١١٩٨٧٦٥٤٣٢١", "5511\n9"]
)
def test_what_is_no_number_is_refused_with_the_mend(text: str) -> None:
    with pytest.raises(ValueError, match="5 to 15 digits with its country code"):
        read_phone(text)
