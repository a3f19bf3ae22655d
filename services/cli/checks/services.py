"""Checks the five services, and whether ingress' webhook keeps its door."""

import asyncio
import http.client
from urllib.parse import urlsplit

import grpc
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.cli.checks.finding import Finding, ok, problem
from services.embedded.rooms import WEBHOOK_PATH
from services.embedded.state import State

SECONDS = 5.0
WRONG_HANDSHAKE = f"{WEBHOOK_PATH}?hub.mode=subscribe&hub.verify_token=wrong-on-purpose&hub.challenge=1"


async def check_services(state: State) -> list[Finding]:
    """Ask every process of every service for its health."""
    services = state["services"]
    assert isinstance(services, dict)
    return await asyncio.gather(
        *(_check_process(room, process["grpc"]) for room, its in services.items() for process in its["processes"])
    )


async def _check_process(room: str, address: str) -> Finding:
    # Without the option gRPC would go through http_proxy even for 127.0.0.1.
    async with aio.insecure_channel(address, options=(("grpc.enable_http_proxy", 0),)) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
        except aio.AioRpcError as error:
            text = f"{address} does not answer ({_name(error.code())})."
            return problem(room, text, f"See log/{room}.log in the data folder; the supervisor restarts it.")
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        text = f"{address} says it cannot serve."
        return problem(room, text, f"See log/{room}.log in the data folder; its database may be away.")
    return ok(room, f"{address} serves")


async def check_door(state: State) -> list[Finding]:
    """Try a handshake with a wrong token: a webhook that is reachable and guarded answers 403."""
    return [await asyncio.to_thread(_check_door, str(state["http"]))]


def _check_door(url: str) -> Finding:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
    try:
        connection.request("GET", WRONG_HANDSHAKE)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return problem("webhook", f"{url} does not answer ({error}).", "See log/ingress.log in the data folder.")
    finally:
        connection.close()
    if status != http.client.FORBIDDEN:
        text = f"a handshake with a wrong token is answered {status} instead of 403."
        return problem("webhook", text, "See log/ingress.log in the data folder.")
    return ok("webhook", f"{url}{WEBHOOK_PATH} answers, and refuses a wrong verify token")


def _name(code: grpc.StatusCode) -> str:
    return str(code.name).lower().replace("_", " ")
