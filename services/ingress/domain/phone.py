"""Phone numbers as people write and read them; inside the house a phone number is its digits with the country code."""

import re

import phonenumbers
from phonenumbers import PhoneNumberFormat

# 5 to 15 digits with signs that people put between them. Anything else is no phone number, rather than one with a slip
# in it.
WRITTEN_PHONE = r"^\+?([0-9][ ().-]*){5,15}$"

# Brazilian WhatsApp ids often lack the ninth digit, which makes them numbers that numbering plans do not know.
_BRAZIL = re.compile(r"55([1-9][0-9])([0-9]{4,5})([0-9]{4})")


def read_phone(text: str) -> str:
    """Digits of "5511999999999" or "+55 11 99999-9999". Raises ValueError with the mend."""
    if not re.fullmatch(WRITTEN_PHONE, text.strip()):
        raise ValueError("must be a phone number of 5 to 15 digits with its country code, such as 5511999999999")
    return re.sub(r"[^0-9]", "", text)


def international_form(digits: str) -> str:
    """Such as "+55 11 99999-9999"; "+" and the digits when the numbering plan is unknown; empty for none."""
    if brazilian := _BRAZIL.fullmatch(digits):
        return "+55 {} {}-{}".format(*brazilian.groups())
    return _formatted(digits, PhoneNumberFormat.INTERNATIONAL)


def national_form(digits: str) -> str:
    """Such as "11 99999-9999": as one dials it inside the country."""
    if brazilian := _BRAZIL.fullmatch(digits):
        return "{} {}-{}".format(*brazilian.groups())
    return _formatted(digits, PhoneNumberFormat.NATIONAL)


def _formatted(digits: str, form: int) -> str:
    if not digits:
        return ""
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return f"+{digits}"
    if not phonenumbers.is_possible_number(number):
        return f"+{digits}"
    return str(phonenumbers.format_number(number, form))
