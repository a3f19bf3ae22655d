"""The program itself, started as the embedded run starts it."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from services.embedded.meta.__main__ import main

CONFIG = {
    "numbers": [
        {
            "phone_number_id": "77",
            "display_phone_number": "+1 555 0100",
            "waba_id": "12",
            "access_tokens": ["t"],
            "app_secret": "s",
        }
    ]
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "meta.json"
    path.write_text(json.dumps(CONFIG))
    return path


async def start(config: Path) -> tuple[asyncio.subprocess.Process, dict[str, object]]:
    """The process and its first log line."""
    command = [sys.executable, "-m", "services.embedded.meta", "--port", "0", "--config", str(config)]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    return process, json.loads(await process.stderr.readline())


async def test_it_says_where_it_listens_and_ends_cleanly_though_a_phone_looks_on(config: Path) -> None:
    process, log = await start(config)
    try:
        assert (log["event"], log["numbers"]) == ("simulated_meta_started", 1)
        url = f"http://127.0.0.1:{log['port']}/phone/api/77/447700900123/events"
        async with aiohttp.ClientSession() as session, session.get(url) as stream:
            assert stream.status == 200
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                assert await stream.content.read() == b""
                assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def test_a_faulty_configuration_ends_it_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "meta.json"
    path.write_text('{"numbers": [{}]}')
    assert main(["--config", str(path)]) == 2
    assert "phone_number_id" in capsys.readouterr().err
