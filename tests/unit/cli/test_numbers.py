"""How business numbers do, as `pytake status` and `pytake doctor` tell it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from services.cli.checks.finding import Finding
from services.cli.checks.meta import check_meta
from services.cli.numbers import lines_of_numbers
from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.state import read_state
from services.pb.sender.v1 import sender_pb2
from tests.unit.cli.conftest import Line, acme

NUMBER = "300000000000003"


@pytest.fixture
async def webhook() -> AsyncIterator[str]:
    """Somebody's web server: /ours refuses a wrong verify token, /echo lets everybody in."""

    async def ours(request: web.Request) -> web.Response:
        return web.Response(status=403 if request.query["hub.verify_token"] else 500)

    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=request.query["hub.challenge"])

    site = web.Application()
    site.router.add_get("/ours", ours)
    site.router.add_get("/echo", echo)
    runner = web.AppRunner(site)
    await runner.setup()
    port = choose_port(taken=set())
    await web.TCPSite(runner, LOOPBACK, port).start()
    yield f"http://{LOOPBACK}:{port}"
    await runner.cleanup()


async def checked(line: Line, **found: str) -> Finding:
    await line.run("apply", line.write(acme()))
    line.kept.findings = [sender_pb2.NumberFinding(phone_number_id=NUMBER, **found)]
    # The last one tells what is paused.
    finding, _ = await check_meta(read_state(line.data), "")
    return finding


async def test_status_has_a_line_for_each_number(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    plain, as_json = [
        await asyncio.to_thread(lines_of_numbers, line.data, as_json=as_json) for as_json in (False, True)
    ]
    (line_of_number,) = plain
    began, kept, waits, paused, failed = line_of_number.split("; ")
    assert began == f"number     {NUMBER} of acme: CONNECTED, quality GREEN, limit TIER_2K"
    assert kept == "kept to 80 a second, 2000 users a day"
    assert re.fullmatch(r"3 wait, the oldest for \d+ s", waits)
    assert paused == "PAUSED by 133010: not registered"
    assert failed == "failed in 24 hours: 2 × 131047, 1 × refused"
    (told,) = map(json.loads, as_json)
    assert (told["organization"], told["phone_number_id"], told["queued"]) == ("acme", NUMBER, 3)


@pytest.mark.parametrize(("result", "shown"), [("ok", "ok"), ("problem", "problem"), ("unknown", "not checked")])
async def test_what_sender_found_is_told_with_the_number_and_the_mend(line: Line, result: str, shown: str) -> None:
    finding = await checked(line, check="scopes", result=result, text="the token lacks a scope", mend="Make a new one.")
    assert (finding.check, finding.result) == ("scopes", shown)
    assert f"acme number {NUMBER}: the token lacks a scope" in finding.text
    assert finding.mend == ("Make a new one." if shown == "problem" else "")


@pytest.mark.parametrize(
    ("path", "shown", "words"),
    [
        ("/ours", "ok", "refuses a wrong verify token"),
        ("/echo", "problem", "with 200 instead of 403"),
        ("/none", "problem", "with 404 instead of 403"),
    ],
)
async def test_the_webhook_meta_posts_to_is_tried_from_here(
    line: Line, webhook: str, path: str, shown: str, words: str
) -> None:
    finding = await checked(line, check="webhook", result="ok", text="Meta posts there", callback_url=webhook + path)
    assert finding.result == shown
    assert words in finding.text


@pytest.mark.parametrize("url", [f"http://{LOOPBACK}:9/", "http://[", "nonsense"])
async def test_a_webhook_nobody_serves_is_a_problem(line: Line, url: str) -> None:
    finding = await checked(line, check="webhook", result="ok", text="Meta posts there", callback_url=url)
    assert finding.result == "problem"
    assert "does not answer from here" in finding.text


async def test_an_organization_without_numbers_is_not_checked_and_an_unknown_one_is_named(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    line.kept.findings = []
    empty, _ = await check_meta(read_state(line.data), "acme")
    (unknown,) = await check_meta(read_state(line.data), "nobody")
    assert (empty.result, unknown.result) == ("not checked", "problem")
    assert "nobody" in unknown.text
