"""Compares what should be with what is: which names lead where, and what would change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from services.cli.apply.agents import People
from services.cli.apply.reading import Where
from services.cli.apply.wanted import Number, Organization
from services.cli.ending import WrongInput
from services.pb.executor.v1 import executor_pb2
from services.pb.router.v1 import router_pb2

Verb = Literal["new", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class Existing:
    """An organization as the house has it; flows map a name to the flow, numbers an id to the number."""

    organization_id: str
    time_zone: str = ""
    fallback_flow_id: str = ""
    flows: Mapping[str, executor_pb2.Flow] = field(default_factory=dict)
    apps: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    numbers: Mapping[str, router_pb2.Number] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What became, or would become, of one object."""

    organization: str
    kind: str
    name: str
    verb: Verb
    findings: Sequence[executor_pb2.Finding] = ()
    detail: str = ""
    # Secrets that were made, by what they are called; nobody tells them again.
    secrets: Mapping[str, str] = field(default_factory=dict)


House = Mapping[str, Existing]
"""Organizations by name."""


def check_references(wanted: Sequence[Organization], house: House) -> None:
    """Raise WrongInput with every name that leads nowhere; nothing has been changed by then."""
    problems = [f"{where} {sentence}" for where, sentence in _problems(wanted, house)]
    if problems:
        raise WrongInput("\n".join([*problems, "nothing was changed"]))


def app_owner(number: Number, organization: Organization, wanted: Sequence[Organization], house: House) -> str:
    """The organization whose app the number names: its own, else the one that is named or the only one in the files.

    Raises LookupError with a sentence.
    """
    owner, _, name = number.app.rpartition("/")
    if owner:
        if name in _app_names(owner, wanted, house):
            return owner
        raise LookupError(f"is {number.app!r}, but {owner} has no such Meta app; list it under its meta_apps")
    if name in _app_names(organization.name, wanted, house):
        return organization.name
    others = [each.name for each in wanted if name in (app.name for app in each.apps)]
    if len(others) == 1:
        return others[0]
    if others:
        raise LookupError(f"is {name!r}, which {' and '.join(others)} have; write it as {others[0]}/{name}")
    raise LookupError(f"is {name!r}, which is no Meta app; list it under meta_apps, or write organization/app")


def app_owners(wanted: Iterable[Organization]) -> set[str]:
    """Organizations that numbers name with their apps; the house is asked about them too."""
    owners = (number.app.rpartition("/")[0] for organization in wanted for number in organization.numbers)
    return {owner for owner in owners if owner}


def _app_names(owner: str, wanted: Sequence[Organization], house: House) -> set[str]:
    listed = {app.name for organization in wanted if organization.name == owner for app in organization.apps}
    return listed | (house[owner].apps if owner in house else frozenset())


def _problems(wanted: Sequence[Organization], house: House) -> Iterator[tuple[Where, str]]:
    for organization in wanted:
        for where, name in _flow_references(organization):
            if sentence := _flow_problem(name, organization, house.get(organization.name)):
                yield where, sentence
        yield from _number_problems(organization, wanted, house)
        yield from _department_problems(organization)


def check_people(organization: Organization, people: People) -> None:
    """Raise WrongInput with every agent who is nobody's user; nothing has been changed by then."""
    known = {*people.ids, *people.invited, *(user.name for user in organization.users)}
    problems = [
        f"{agent.where.key('user')} is {agent.name!r}, who is no user; list them under users"
        for agent in organization.agents
        if "@" in agent.name and agent.name not in known
    ]
    if problems:
        raise WrongInput("\n".join([*problems, "nothing was changed"]))


def _department_problems(organization: Organization) -> Iterator[tuple[Where, str]]:
    known = {department.name for department in organization.departments}
    for agent in organization.agents:
        for name in agent.departments:
            if name not in known:
                where = agent.where.key("departments")
                yield where, f"has {name!r}, which is not a department here; list it under departments"


def _flow_references(organization: Organization) -> Iterator[tuple[Where, str]]:
    if organization.fallback_flow:
        yield organization.where.key("fallback_flow"), organization.fallback_flow
    for chatbot in organization.chatbots:
        yield chatbot.where.key("default_flow"), chatbot.main_flow
    for number in organization.numbers:
        if number.default_flow:
            yield number.where.key("default_flow"), number.default_flow
    for trigger in organization.triggers or ():
        yield trigger.where.key("flow"), trigger.flow


def _flow_problem(name: str, organization: Organization, existing: Existing | None) -> str:
    stored = existing.flows.get(name) if existing else None
    if stored and stored.published_version:
        return ""
    listed = next((flow for flow in organization.flows if flow.name == name), None)
    if listed is None and stored is None:
        return f"is {name!r}, which is not a flow; list it under flows"
    if listed is None or not listed.is_published:
        return f"is {name!r}, a flow that is not published; set publish: true at the flow"
    return ""


def _number_problems(
    organization: Organization, wanted: Sequence[Organization], house: House
) -> Iterator[tuple[Where, str]]:
    existing = house.get(organization.name)
    known = {number.name for number in organization.numbers} | set(existing.numbers if existing else ())
    for trigger in organization.triggers or ():
        if trigger.number and trigger.number not in known:
            yield (
                trigger.where.key("number"),
                f"is {trigger.number!r}, which is not a number here; list it under numbers",
            )
    for number in organization.numbers:
        try:
            if number.app:
                app_owner(number, organization, wanted, house)
        except LookupError as error:
            yield number.where.key("app"), str(error)
