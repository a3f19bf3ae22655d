"""The signature Meta puts on every webhook: HMAC-SHA256 of the raw body under the app secret.

Source: Meta, "Webhooks: validating payloads". The scheme has no timestamp, so a captured POST stays valid for
ever: dedupe keys, not this check, stop replays.
"""

import hmac
import re
from binascii import hexlify
from collections.abc import Sequence

_SHAPE = re.compile(rb"sha256=[0-9a-f]{64}")


def header_has_shape(header: bytes | None) -> bool:
    """Tell whether an ``X-Hub-Signature-256`` value is ``sha256=`` and 64 lower-case hex digits, like Meta's.

    Asked before the body is read, so that a caller without a signature cannot make us read megabytes.
    """
    return header is not None and _SHAPE.fullmatch(header) is not None


def matching_secrets(body: bytes | bytearray, header: bytes | None, secrets: Sequence[bytes]) -> tuple[int, ...]:
    """Return the indices of the app secrets that signed exactly these bytes; empty means "refuse".

    Several secrets are normal: rotation, and several Meta apps behind one URL. Every secret is tried, so the
    time taken does not tell which one fits. An empty secret fits nothing, whatever the header says.
    """
    if header is None:
        return ()
    return tuple([index for index, secret in enumerate(secrets) if secret and _signed(body, header, secret)])


def _signed(body: bytes | bytearray, header: bytes, secret: bytes) -> bool:
    digest = hexlify(hmac.digest(secret, body, "sha256"))
    return hmac.compare_digest(b"sha256=" + digest, header)
