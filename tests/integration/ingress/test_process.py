"""ingress as a process: it starts while everything is away, and says so where it should."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from joserfc.jwk import OKPKey

from services.embedded.addresses import choose_port
from services.embedded.probes import is_listening
from services.embedded.waiting import wait_until
from tests.fixtures.servers import Database as OwnDatabase
from tests.fixtures.webhooks import PATH, messages_body, signature

COMMAND = (sys.executable, "-m", "services.ingress")
NOBODY = "postgresql://svc_ingress:x@127.0.0.1:1/nowhere"


def variables_in(folder: Path, database_url: str) -> dict[str, str]:
    """An environment with keys of its own; peers are nowhere."""
    key = OKPKey.generate_key("Ed25519", parameters={"kid": "ingress"})
    (folder / "key.json").write_text(json.dumps(key.as_dict(private=True)))
    (folder / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False) | {"kid": "ingress"}]}))
    taken: set[int] = set()
    addresses = {
        name: f"127.0.0.1:{choose_port(taken=taken)}" for name in ("GRPC_ADDRESS", "OPS_ADDRESS", "HTTP_ADDRESS")
    }
    nowhere = {f"{room}_TARGET": "ipv4:127.0.0.1:1" for room in ("ROUTER", "EXECUTOR", "ANALYTICS")}
    return addresses | nowhere | {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url,
        "SERVICE_KEY_FILE": str(folder / "key.json"),
        "SERVICE_JWKS_FILE": str(folder / "jwks.json"),
        "SECRET_KEY": "a key of the tests, longer than thirty-two characters",
        "SEALING_KEYS": base64.b64encode(bytes(32)).decode(),
        "META_APP_SECRET": "house secret",
        "WEBHOOK_VERIFY_TOKEN": "house token",
    }  # fmt: skip


@asynccontextmanager
async def running(variables: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """The process until it was told to end, which it does with status 0."""
    address = variables["HTTP_ADDRESS"]
    process = await asyncio.create_subprocess_exec(*COMMAND, env=variables, stderr=asyncio.subprocess.DEVNULL)
    try:
        await wait_until(lambda: is_listening(address), timeout_seconds=30, otherwise=lambda: "it does not listen")
        async with httpx.AsyncClient(base_url=f"http://{address}") as client:
            yield client
    finally:
        process.terminate()
        assert await process.wait() == 0


async def test_without_its_database_it_lives_is_not_ready_and_stores_nothing(tmp_path: Path) -> None:
    body = messages_body("oi")
    async with running(variables_in(tmp_path, NOBODY)) as client:
        alive, ready = await client.get("/healthz"), await client.get("/readyz")
        headers = {"x-hub-signature-256": signature(body, "house secret")}
        refused = await client.post(PATH, content=body, headers=headers, timeout=20)

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert (refused.status_code, refused.json()["error_code"]) == (503, "STORE_UNAVAILABLE")


async def test_with_its_database_alone_it_takes_webhooks(module_database: OwnDatabase, tmp_path: Path) -> None:
    body = messages_body("oi")
    async with running(variables_in(tmp_path, module_database.url_of("ingress"))) as client:
        headers = {"x-hub-signature-256": signature(body, "house secret")}
        taken = await client.post(PATH, content=body, headers=headers)
        ready, page = await client.get("/readyz"), await client.get("/docs")
        stranger = await client.get("/api/v1/conversations")

    assert (taken.status_code, taken.content) == (200, b'{"status":"received"}')
    assert (ready.status_code, page.status_code, stranger.status_code) == (200, 200, 401)


def test_a_missing_setting_is_one_sentence_and_status_two() -> None:
    environment = {"PATH": os.environ["PATH"]}
    ended = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 2
    assert ended.stderr.startswith("DATABASE_URL is not set")
    assert ended.stderr.count("\n") == 1
