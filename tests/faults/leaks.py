"""Whether a storm left secrets or people in the open: logs, answers, metrics, open files, command lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from services.chassis.tenancy import ServiceSigner
from services.embedded.keys import key_file
from tests.faults.house import RunningHouse
from tests.faults.people import SECRET
from tests.walls.canaries import Scan, Source, command_lines, files_in, files_open_to_others, look
from tests.walls.provoking import http_answers, rpc_answers, wrong_requests
from tests.walls.watch import record


async def answers_of(house: RunningHouse, session: aiohttp.ClientSession, phone_number: str) -> list[Source]:
    """Answers to calls that go wrong, the metrics of every process, and what others see of the processes."""
    status = await house.status()
    token = (await house.pytake("token", "--organization", "storm", "--role", "viewer")).strip()
    wrong = wrong_requests(secret=SECRET, app="storm", phone_number=phone_number, token=token)
    answers = await http_answers(session, status["http"], wrong)
    for room, its in status["services"].items():
        signer = ServiceSigner.from_file("operator", str(key_file(house.data / "secrets", "operator")))
        for strangers_token in ("", "nonsense"):
            answers += await rpc_answers(room, its["grpc"], strangers_token, {}, only_reading=False)
        answers += await rpc_answers(room, its["grpc"], signer.token_for(room), {}, only_reading=True)
        answers += [await _metrics(session, process["ops"]) for process in its["processes"]]
    return [*answers, *command_lines(_pids(status))]


def look_through(data: Path, canaries: Mapping[str, str], answers: Sequence[Source]) -> Scan:
    """Look through everything that the storm's house left behind."""
    logs = [*files_in(data / "log"), (str(data / "up.log"), (data / "up.log").read_bytes())]
    scan = look([*logs, *files_open_to_others(data), *answers], canaries)
    record(scan)
    return scan


async def _metrics(session: aiohttp.ClientSession, address: str) -> Source:
    async with session.get(f"http://{address}/metrics") as answer:
        return f"metrics of {address}", await answer.read()


def _pids(status: Mapping[str, Any]) -> list[int]:
    others = [status[name]["pid"] for name in ("postgres", "redis", "simulator", "supervisor")]
    return [pid for its in status["services"].values() for pid in its["pids"]] + [pid for pid in others if pid]
