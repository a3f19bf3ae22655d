"""X-Hub-Signature-256: whose secrets signed these bytes?"""

import json
from pathlib import Path

import pytest

from services.ingress.domain.signature import header_has_shape, matching_secrets

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "signatures.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["says"]) for vector in VECTORS])
def test_exactly_the_secrets_that_signed_the_bytes_fit(vector):
    header = None if vector["header"] is None else vector["header"].encode("utf-8")
    secrets = [secret.encode("utf-8") for secret in vector["secrets"]]
    assert list(matching_secrets(vector["body"].encode("utf-8"), header, secrets)) == vector["fits"]


@pytest.mark.parametrize("vector", [pytest.param(v, id=v["says"]) for v in VECTORS if v["fits"]])
def test_one_changed_byte_of_the_body_fits_nothing(vector):
    secrets = [secret.encode("utf-8") for secret in vector["secrets"]]
    body = vector["body"].encode("utf-8") + b" "
    assert matching_secrets(body, vector["header"].encode("ascii"), secrets) == ()


def test_a_header_can_be_refused_before_the_body_is_read():
    assert header_has_shape(b"sha256=" + b"0a" * 32)
    for header in (None, b"", b"sha256=", b"SHA256=" + b"0a" * 32, b"sha256=" + b"0A" * 32, b"sha256=" + b"0" * 63):
        assert not header_has_shape(header)


def test_a_header_of_any_bytes_raises_nothing():
    for byte in range(256):
        assert matching_secrets(b"{}", b"sha256=" + bytes([byte]) * 64, [b"segredo"]) == ()
