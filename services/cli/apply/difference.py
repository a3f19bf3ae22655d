"""What a dry run tells: each object held against the house and against what was applied last."""

from collections.abc import Iterator, Mapping, Sequence

from services.cli.apply.agents import Agent, AgentAnswer, remembered
from services.cli.apply.memory import Memory
from services.cli.apply.plan import Change, Existing, Verb
from services.cli.apply.wanted import ApiKey, Flow, MediaWishes, OptOutWords, Organization, Trigger, User, Webhook
from services.pb.executor.v1 import executor_pb2
from services.pb.ingress.v1 import ingress_pb2
from services.pb.sender.v1 import sender_pb2

Answer = (
    executor_pb2.PutFlowResponse
    | ingress_pb2.PutUserResponse
    | ingress_pb2.PutApiKeyResponse
    | sender_pb2.PutWebhookResponse
    | AgentAnswer
)
Checked = dict[tuple[str, str, str], Answer]
"""Organization, kind and name → what a dry run of the room said."""


def differences(
    wanted: Sequence[Organization], existing: Mapping[str, Existing], checked: Checked, memory: Memory
) -> list[Change]:
    """What applying would do to each object, in the order it would be done.

    Secrets, chatbots and triggers are never told by the house: what was applied from here last stands for them.
    """
    return [
        change
        for organization in wanted
        for change in _of_organization(organization, existing.get(organization.name), checked, memory)
    ]


def _of_organization(
    organization: Organization, existing: Existing | None, checked: Checked, memory: Memory
) -> Iterator[Change]:
    here = existing or Existing("")
    name, prefix = organization.name, here.organization_id
    yield Change(name, "organization", name, _settings_verb(organization, existing))
    for app in organization.apps:
        yield Change(name, "Meta app", app.name, _verb(memory, f"{prefix}/app/{app.name}", app, app.name in here.apps))
    for secret in organization.secrets:
        verb = _verb(memory, f"{prefix}/secret/{secret.name}", secret.value, secret.name in here.secrets)
        yield Change(name, "secret", secret.name, verb)
    for flow in organization.flows:
        yield _flow(name, flow, here, checked[name, "flow", flow.name])
    for chatbot in organization.chatbots:
        key = f"{prefix}/chatbot/{chatbot.name}"
        yield Change(name, "chatbot", chatbot.name, _verb(memory, key, chatbot, key in memory.digests))
    for number in organization.numbers:
        key = f"{prefix}/number/{number.name}"
        yield Change(name, "number", number.name, _verb(memory, key, number, number.name in here.numbers))
    if organization.triggers is not None:
        key = f"{prefix}/triggers"
        verb = _verb(memory, key, organization.triggers, key in memory.digests)
        yield Change(name, "triggers", count_of_keywords(organization.triggers), verb)
    if organization.opt_out is not None:
        key = f"{prefix}/opt_out"
        verb = _verb(memory, key, organization.opt_out, key in memory.digests)
        yield Change(name, "stop words", opt_out_of(organization.opt_out), verb)
    yield from _answered(name, "user", organization.users, checked)
    for department in organization.departments:
        key, seen = f"{prefix}/department/{department.name}", remembered(department, organization.agents)
        yield Change(name, "department", department.name, _verb(memory, key, seen, key in memory.digests))
    for queue in organization.queues:
        key = f"{prefix}/queue/{queue.name}"
        yield Change(name, "queue", queue.name, _verb(memory, key, queue, key in memory.digests))
    yield from _answered(name, "agent", organization.agents, checked)
    if organization.media is not None:
        key = f"{prefix}/media"
        verb = _verb(memory, key, organization.media, key in memory.digests)
        yield Change(name, "contacts' files", media_of(organization.media), verb)
    yield from _answered(name, "API key", organization.api_keys, checked)
    yield from _answered(name, "webhook", organization.webhooks, checked)


def _answered(
    name: str, kind: str, items: Sequence[User | Agent | ApiKey | Webhook], checked: Checked
) -> Iterator[Change]:
    for item in items:
        yield Change(name, kind, item.name, _answered_verb(checked.get((name, kind, item.name))))


def _settings_verb(organization: Organization, existing: Existing | None) -> Verb:
    if existing is None:
        return "new"
    fallback = existing.flows.get(organization.fallback_flow or "")
    is_same_zone = organization.time_zone in (None, existing.time_zone)
    is_same_fallback = organization.fallback_flow is None or existing.fallback_flow_id == (
        fallback.flow_id if fallback else ""
    )
    return "unchanged" if is_same_zone and is_same_fallback else "changed"


def _answered_verb(answer: Answer | None) -> Verb:
    """The verb of a person, agent, key or webhook; without an answer its organization is yet to be made."""
    if answer is None:
        return "new"
    if not answer.is_changed:
        return "unchanged"
    return "new" if not isinstance(answer, executor_pb2.PutFlowResponse) and answer.is_new else "changed"


def _flow(organization: str, flow: Flow, existing: Existing, response: Answer) -> Change:
    assert isinstance(response, executor_pb2.PutFlowResponse)
    verb: Verb = "new"
    if flow.name in existing.flows:
        verb = "changed" if response.is_changed else "unchanged"
    return Change(organization, "flow", flow.name, verb, tuple(response.findings))


def _verb(memory: Memory, key: str, value: object, was_there: bool) -> Verb:
    if not was_there:
        return "new"
    return "unchanged" if memory.is_known(key, value) else "changed"


def opt_out_of(words: OptOutWords) -> str:
    """Stop words as a change names them."""
    if words.is_off:
        return "off"
    return ", ".join(each.language for each in words.languages) or "the usual ones"


def media_of(wishes: MediaWishes) -> str:
    """Which files are kept, as a change names it."""
    if wishes.is_off:
        return "off"
    most = f" up to {wishes.max_bytes:,} bytes" if wishes.max_bytes else ""
    return (", ".join(wishes.kinds) or "all kinds") + most


def count_of_keywords(triggers: Sequence[Trigger]) -> str:
    """Name an organization's triggers by how many there are."""
    return f"{len(triggers)} keyword{'' if len(triggers) == 1 else 's'}"
