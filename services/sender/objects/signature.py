"""Signature version 4 of S3 requests (Amazon S3 API reference, "Authenticating Requests: Authorization Header").

Pure: the moment is given. Only what our client needs: no query, path-style addresses, every header signed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs, and for which region."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str


def canonical_path(path: str) -> str:
    """A path as it is signed and sent: every byte but letters, digits, -._~ and the slash written as %XX."""
    return quote(path, safe="/-._~")


def signed_headers(
    credentials: Credentials, *, method: str, path: str, headers: Mapping[str, str], payload: str, moment: datetime
) -> dict[str, str]:
    """`headers` (with Host), the moment, the payload's digest in hexadecimal, and the signature over all of them.

    `path` is already canonical; `moment` is in UTC.
    """
    stamp = moment.strftime("%Y%m%dT%H%M%SZ")
    sent = {**headers, "x-amz-content-sha256": payload, "x-amz-date": stamp}
    folded = {name.lower(): " ".join(value.split()) for name, value in sent.items()}
    names = ";".join(sorted(folded))
    lines = "".join(f"{name}:{folded[name]}\n" for name in sorted(folded))
    request = f"{method}\n{path}\n\n{lines}\n{names}\n{payload}"
    scope = f"{stamp[:8]}/{credentials.region}/s3/aws4_request"
    text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = _hmac(_signing_key(credentials, stamp[:8]), text).hex()
    proof = f"Credential={credentials.access_key_id}/{scope},SignedHeaders={names},Signature={signature}"
    return {**sent, "Authorization": f"{_ALGORITHM} {proof}"}


def _signing_key(credentials: Credentials, day: str) -> bytes:
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in (day, credentials.region, "s3", "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
