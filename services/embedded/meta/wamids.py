"""Message ids that look like Meta's and tell the simulator, without a table, whose they are."""

import base64
import binascii

PREFIX = "wamid."
MARK = b"\x1d\x18"


def mint(address: str, nonce: str) -> str:
    """An id for a message to or from this person; `nonce` makes it unique."""
    return PREFIX + base64.b64encode(MARK + f"{address}/{nonce}".encode()).decode("ascii")


def address_in(wamid: str) -> str:
    """The person's key, or the empty string for an id that was not minted here."""
    try:
        content = base64.b64decode(wamid.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return ""
    if not content.startswith(MARK):
        return ""
    return content.removeprefix(MARK).decode("utf-8", "replace").rpartition("/")[0]
