"""Checks what Meta says of business numbers, and whether it can reach the webhooks it posts to."""

import asyncio
from urllib.parse import urlencode

import httpx

from services.chassis.errors import PytakeError
from services.cli.checks.finding import Finding, not_checked, ok, problem
from services.cli.rooms import Rooms
from services.embedded.state import State
from services.pb.router.v1 import router_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

SECONDS = 10.0
NUMBERS = "business numbers"
NAMES = {
    "token": "access token",
    "scopes": "scopes",
    "subscription": "webhook subscription",
    "webhook": "webhook address",
}
# Whoever serves the webhook of this house refuses it; anybody else's page does not.
WRONG_HANDSHAKE = {"hub.mode": "subscribe", "hub.verify_token": "wrong-on-purpose", "hub.challenge": "1"}
PAUSES = "sending"
PAUSED = {
    "credentials": "every number with the token of number {number}",
    "number": "number {number}",
    "waba": "every number of the account of number {number}",
    "template": "the template {name}",
    "country": "what goes to one country ({name})",
}


async def check_meta(state: State, organization: str) -> list[Finding]:
    """Check the numbers of one organization, or of all with an empty name."""
    async with Rooms.of(state) as rooms:
        try:
            chosen = [each for each in await rooms.organizations() if organization in ("", each.name)]
            if organization and not chosen:
                await rooms.organization_id(organization)
            found = [finding for each in chosen for finding in await _check_numbers(rooms, each)]
            return found + [finding for each in chosen for finding in await _check_pauses(rooms, each)]
        except PytakeError as error:
            return [problem(NUMBERS, f"they cannot be checked: {error.sentence}.", "Mend the services first.")]


async def _check_numbers(rooms: Rooms, organization: router_pb2.Organization) -> list[Finding]:
    stub = rooms.peer("sender").stub(sender_pb2_grpc.HealthStub)
    request = sender_pb2.CheckNumbersRequest(organization_id=organization.organization_id)
    response = await rooms.call("sender", stub.CheckNumbers, request)
    if not response.findings:
        return [not_checked(NUMBERS, f"{organization.name} has no number with a token")]
    return await asyncio.gather(*(_finding(organization.name, found) for found in response.findings))


async def _finding(organization: str, found: sender_pb2.NumberFinding) -> Finding:
    name = NAMES.get(found.check, found.check)
    text = f"{organization} number {found.phone_number_id}: {found.text}"
    if found.result == "problem":
        return problem(name, f"{text}.", found.mend)
    if found.result != "ok":
        return not_checked(name, text)
    why_not = await _why_unreachable(found.callback_url) if found.callback_url else ""
    if why_not:
        mend = "Open the way from the Internet to ingress, or give Meta the right address."
        return problem(name, f"{text}, {why_not}.", mend)
    return ok(name, f"{text}, which refuses a wrong verify token" if found.callback_url else text)


async def _check_pauses(rooms: Rooms, organization: router_pb2.Organization) -> list[Finding]:
    stub = rooms.peer("sender").stub(sender_pb2_grpc.NumbersStub)
    request = sender_pb2.ListPausesRequest(organization_id=organization.organization_id)
    response = await rooms.call("sender", stub.ListPauses, request)
    return [_pause_finding(organization.name, pause) for pause in response.pauses] or [
        ok(PAUSES, f"Meta refuses nothing of {organization.name} as a whole")
    ]


def _pause_finding(organization: str, pause: sender_pb2.Pause) -> Finding:
    what = PAUSED[pause.scope].format(name=pause.name, number=pause.phone_number_id)
    since = pause.since.ToDatetime().strftime("%Y-%m-%d %H:%M")
    text = (
        f"{organization}: {what} is paused since {since} UTC (error {pause.error_code}: {pause.error_text}); "
        f"one message tries again in {pause.probe_in_seconds} s."
    )
    return problem(PAUSES, text, "Mend it at Meta; applying the number's access_token again tries at once.")


async def _why_unreachable(url: str) -> str:
    """Try the handshake with a wrong token from here: what is reachable and ours answers 403."""
    joint = "&" if "?" in url else "?"
    try:
        # Not through a proxy of this machine: Meta has none.
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
            answer = await client.get(f"{url}{joint}{urlencode(WRONG_HANDSHAKE)}")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return f"which does not answer from here ({type(error).__name__})"
    if answer.status_code != httpx.codes.FORBIDDEN:
        return f"which answers a wrong verify token with {answer.status_code} instead of 403"
    return ""
