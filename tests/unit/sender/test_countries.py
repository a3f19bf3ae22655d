"""The country a recipient is of, as far as their phone number or user id tells."""

import pytest

from services.sender.domain.countries import country_of


@pytest.mark.parametrize(
    ("recipient", "country"),
    [
        ("5581988887777", "+55"),
        ("+351215550101", "+351"),
        ("4915112345678", "+49"),
        ("14165550100", "+1416"),
        ("12125550100", "+1212"),
        ("79161234567", "+7"),
        ("77011234567", "+77"),
        ("BR.90210", "BR"),
        ("nobody", ""),
        ("123", ""),
        ("", ""),
    ],
)
def test_a_name_tells_its_country(recipient: str, country: str) -> None:
    assert country_of(recipient) == country
