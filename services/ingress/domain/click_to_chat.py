"""Links that open a chat with a business number, as Meta defines them: https://wa.me/<digits>?text=<what is typed>."""

from urllib.parse import quote

from services.ingress.domain.phone import read_phone


def click_to_chat(display_phone_number: str, text: str) -> str:
    """The link; what it types may be changed before it is sent. Raises ValueError for what is no phone number."""
    link = f"https://wa.me/{read_phone(display_phone_number)}"
    return f"{link}?text={quote(text, safe='')}" if text else link
