"""Checks what Meta says: whether access tokens work, and whether webhooks are subscribed."""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

import httpx

from services.chassis.errors import PytakeError
from services.cli.apply.memory import Memory, RememberedNumber
from services.cli.checks.finding import Finding, not_checked, ok, problem
from services.cli.rooms import Rooms, secrets_folder
from services.embedded.rooms import graph_api_base
from services.embedded.state import State
from services.pb.router.v1 import router_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

SECONDS = 10.0
CREDENTIALS = "access tokens"
SUBSCRIPTION = "webhook subscription"
PAUSES = "sending"
PAUSED = {
    "credentials": "every number with the token of number {number}",
    "number": "number {number}",
    "waba": "every number of the account of number {number}",
    "template": "the template {name}",
}


async def check_meta(state: State, environment: Mapping[str, str], organization: str) -> list[Finding]:
    """Check the numbers of one organization, or of all with an empty name."""
    async with Rooms.of(state) as rooms:
        try:
            chosen = [each for each in await rooms.organizations() if organization in ("", each.name)]
            if organization and not chosen:
                await rooms.organization_id(organization)
            found = [finding for each in chosen for finding in await _check_tokens(rooms, each)]
            found += [finding for each in chosen for finding in await _check_pauses(rooms, each)]
        except PytakeError as error:
            return [problem(CREDENTIALS, f"they cannot be checked: {error.sentence}.", "Mend the services first.")]
    memory = Memory.of(secrets_folder(state))
    ids = {each.organization_id for each in chosen}
    numbers = [number for number in memory.numbers.values() if number.organization_id in ids]
    base = graph_api_base(environment, _simulator_address(state))
    return found + await asyncio.gather(*(_check_subscription(base, number) for number in numbers))


async def _check_tokens(rooms: Rooms, organization: router_pb2.Organization) -> list[Finding]:
    stub = rooms.peer("sender").stub(sender_pb2_grpc.CredentialsStub)
    request = sender_pb2.CheckCredentialsRequest(organization_id=organization.organization_id)
    response = await rooms.call("sender", stub.CheckCredentials, request)
    if not response.checks:
        return [not_checked(CREDENTIALS, f"{organization.name} has no number with a token")]
    return [_token_finding(organization.name, check) for check in response.checks]


def _token_finding(organization: str, check: sender_pb2.CredentialCheck) -> Finding:
    name = f"{organization} number {check.phone_number_id}"
    if check.is_valid:
        return ok(CREDENTIALS, f"the Graph API takes the token of {name}")
    return problem(CREDENTIALS, f"{name}: {check.problem}", "Give the number a valid access_token and apply again.")


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


async def _check_subscription(base: str, number: RememberedNumber) -> Finding:
    """Ask which apps hear of the number's account; only its id, which apply may be told, leads there."""
    name = f"number {number.phone_number_id}"
    if not number.waba_id:
        return not_checked(SUBSCRIPTION, f"of {name}: its waba_id is not known; add it in the apply file")
    url = f"{base}/{quote(number.waba_id)}/subscribed_apps"
    headers = {"Authorization": f"Bearer {number.access_token}"}
    try:
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            answer = await client.get(url, headers=headers)
            subscribed = answer.json().get("data") if answer.is_success else None
    except (httpx.HTTPError, ValueError, AttributeError) as error:
        return problem(SUBSCRIPTION, f"of {name}: the Graph API does not answer ({error}).", f"Can {base} be reached?")
    if subscribed is None:
        text = f"of {name}: the Graph API answered {answer.status_code}."
        return problem(SUBSCRIPTION, text, "Check waba_id and access_token in the apply file.")
    if not subscribed:
        mend = f"Subscribe the app: POST {url} with the access token."
        return problem(SUBSCRIPTION, f"no app hears of {name}.", mend)
    return ok(SUBSCRIPTION, f"an app hears of {name}")


def _simulator_address(state: State) -> str | None:
    simulator = state.get("simulator")
    return str(simulator["url"]).removeprefix("http://") if isinstance(simulator, dict) else None
