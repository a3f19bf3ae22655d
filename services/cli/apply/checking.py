"""What rooms are asked before anything is changed: whether flows and webhooks can be, and what is there already."""

import asyncio
from collections.abc import Mapping, Sequence

from services.chassis.errors import InvalidArgument
from services.cli.apply.agents import People
from services.cli.apply.difference import Answer, Checked
from services.cli.apply.house import House, named
from services.cli.apply.plan import Existing, check_people
from services.cli.apply.wanted import Flow, Organization
from services.cli.ending import WrongInput
from services.pb.executor.v1 import executor_pb2

AT_ONCE = 8
"""Calls made at the same time."""


async def check_flows(house: House, wanted: Sequence[Organization], existing: Mapping[str, Existing]) -> Checked:
    """Publish every flow as a dry run. Raises WrongInput with the errors found."""
    at_once = asyncio.Semaphore(AT_ONCE)

    async def check(organization: Organization, flow: Flow) -> executor_pb2.PutFlowResponse | str:
        organization_id = existing[organization.name].organization_id if organization.name in existing else ""
        async with at_once:
            try:
                return await house.put_flow(organization_id, flow, is_dry_run=True)
            except InvalidArgument as error:
                return f"{flow.where}: flow {flow.name!r}: {error.sentence}"

    listed = [(organization, flow) for organization in wanted for flow in organization.flows]
    answers = await asyncio.gather(*(check(organization, flow) for organization, flow in listed))
    problems = [line for (_, flow), answer in zip(listed, answers, strict=True) for line in _problems(flow, answer)]
    if problems:
        raise WrongInput("\n".join([*problems, "nothing was changed"]))
    return {
        (organization.name, "flow", flow.name): answer
        for (organization, flow), answer in zip(listed, answers, strict=True)
        if not isinstance(answer, str)
    }


async def check_webhooks(house: House, wanted: Sequence[Organization], existing: Mapping[str, Existing]) -> Checked:
    """What sender says of webhooks: only it knows where it may call. Raises WrongInput with the errors found."""
    answers: dict[tuple[str, str, str], Answer] = {}
    problems: list[str] = []
    for organization in wanted:
        here = existing.get(organization.name)
        for webhook in organization.webhooks:
            try:
                put = house.put_webhook(here.organization_id if here else "", webhook, is_dry_run=True)
                answers[organization.name, "webhook", webhook.name] = await put
            except InvalidArgument as error:
                problems.append(f"{webhook.where}: webhook {webhook.name!r}: {error.sentence}")
    if problems:
        raise WrongInput("\n".join([*problems, "nothing was changed"]))
    return answers


async def known_people(
    house: House, wanted: Sequence[Organization], existing: Mapping[str, Existing]
) -> Mapping[str, People]:
    """Who there is in organizations whose agents are wanted. Raises WrongInput for an agent who is nobody's user."""
    people: dict[str, People] = {}
    for organization in wanted:
        if organization.agents:
            here = existing.get(organization.name)
            people[organization.name] = await house.agents.people(here.organization_id) if here else People()
            check_people(organization, people[organization.name])
    return people


def compared(wanted: Sequence[Organization], people: Mapping[str, People]) -> Checked:
    """What putting each agent would come to."""
    return {
        (organization.name, "agent", agent.name): people[organization.name].compare(agent)
        for organization in wanted
        for agent in organization.agents
    }


async def check_accounts(house: House, wanted: Sequence[Organization], existing: Mapping[str, Existing]) -> Checked:
    """What ingress says of people and keys of organizations that are there: only it can compare passwords."""
    here = [(organization, existing[organization.name]) for organization in wanted if organization.name in existing]
    answers: dict[tuple[str, str, str], Answer] = {}
    for organization, found in here:
        for user in organization.users:
            put = house.put_user(found.organization_id, organization.name, user, is_dry_run=True)
            answers[organization.name, "user", user.name] = await named(user.where, put)
        for key in organization.api_keys:
            asked = house.put_api_key(found.organization_id, key, is_dry_run=True)
            answers[organization.name, "API key", key.name] = await named(key.where, asked)
    return answers


def _problems(flow: Flow, answer: executor_pb2.PutFlowResponse | str) -> list[str]:
    """What keeps a flow from being stored, or from being published when that is wanted."""
    if isinstance(answer, str):
        return [answer]
    errors = _errors(answer) if flow.is_published else []
    return [f"{flow.where}: flow {flow.name!r}: {_sentence(finding)}" for finding in errors]


def _errors(response: executor_pb2.PutFlowResponse) -> list[executor_pb2.Finding]:
    return [finding for finding in response.findings if finding.severity == "error"]


def _sentence(finding: executor_pb2.Finding) -> str:
    node = f"node {finding.node_id}: " if finding.node_id else ""
    return f"{node}{finding.message} {finding.mend}"
