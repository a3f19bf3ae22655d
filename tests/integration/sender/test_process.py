"""sender as a process: it starts without Postgres and peers, and says what setting is wrong."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from joserfc.jwk import OKPKey

from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.probes import is_listening
from services.embedded.waiting import wait_until

COMMAND = (sys.executable, "-m", "services.sender")


def environment(folder: Path, **changes: str) -> dict[str, str]:
    key = OKPKey.generate_key("Ed25519", parameters={"kid": "sender"})
    (folder / "key.json").write_text(json.dumps(key.as_dict(private=True)))
    (folder / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False) | {"kid": "sender"}]}))
    variables = {
        "DATABASE_URL": "postgresql://svc_sender:x@127.0.0.1:1/nowhere",
        "GRPC_ADDRESS": f"{LOOPBACK}:{choose_port()}",
        "OPS_ADDRESS": f"{LOOPBACK}:{choose_port()}",
        "SERVICE_KEY_FILE": str(folder / "key.json"),
        "SERVICE_JWKS_FILE": str(folder / "jwks.json"),
        "SEALING_KEYS": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
        "TOMBSTONE_KEY": "dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHQ=",
        "INGRESS_TARGET": "ipv4:127.0.0.1:1",
        "ANALYTICS_TARGET": "ipv4:127.0.0.1:1",
        "ROUTER_TARGET": "ipv4:127.0.0.1:1",
        "EXECUTOR_TARGET": "ipv4:127.0.0.1:1",
        "META_GRAPH_API_BASE": "http://127.0.0.1:1/v26.0",
    }
    return dict(os.environ) | variables | changes


async def test_it_starts_while_everything_else_is_away_and_ends_when_told(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    process = await asyncio.create_subprocess_exec(*COMMAND, env=variables, stderr=subprocess.DEVNULL)
    try:
        address = variables["GRPC_ADDRESS"]
        await wait_until(lambda: is_listening(address), timeout_seconds=20, otherwise=lambda: "it does not listen")
    finally:
        process.terminate()
        status = await asyncio.wait_for(process.wait(), 15)
    assert status == 0


def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    wrong = {
        "SEALING_KEYS": "short",
        "TOMBSTONE_KEY": "short",
        "RECONCILE_SECONDS": "5",
        "WEBHOOK_PORTS": "https",
        "WEBHOOK_ALLOWED_NETWORKS": "10.1.2.3/8",
        "SERVICE_KEY_FILE": str(tmp_path / "none"),
    }
    for variable, value in wrong.items():
        ended = subprocess.run(
            COMMAND, env=environment(tmp_path, **{variable: value}), capture_output=True, text=True, timeout=30
        )
        assert ended.returncode == 2
        assert variable in ended.stderr
