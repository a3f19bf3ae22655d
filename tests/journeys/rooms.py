"""The gRPC side of a house, as a team calls it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import grpc

from tests.journeys.house import House

CALL_SECONDS = 10.0


def organization_of(token: str) -> str:
    """The organization a token is bound to."""
    claims = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["org_id"])


def call(house: House, room: str, stub: Callable[[grpc.Channel], Any], method: str, request: Any, *, token: str) -> Any:
    """Call one method of a room. Raises grpc.RpcError."""
    address = house.status()["services"][room]["grpc"]
    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        metadata = [("authorization", f"Bearer {token}")]
        return getattr(stub(channel), method)(request, metadata=metadata, timeout=CALL_SECONDS, wait_for_ready=True)
