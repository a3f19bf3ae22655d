"""The order in which apply works: check all of it, then organizations, apps, secrets, flows, chatbots, numbers,
triggers, people, who of them answers in which department, keys and webhooks."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import TypeVar

from services.cli.apply.agents import Agent, People, joined_by, remembered
from services.cli.apply.checking import check_accounts, check_flows, check_webhooks, compared, known_people
from services.cli.apply.difference import count_of_keywords, differences, media_of, opt_out_of
from services.cli.apply.house import House, named
from services.cli.apply.memory import Memory, RememberedApp, RememberedNumber
from services.cli.apply.plan import Change, Existing, Verb, app_owner, app_owners, check_references
from services.cli.apply.queues import Department, Queue
from services.cli.apply.wanted import ApiKey, Chatbot, Flow, MetaApp, Number, Organization, Secret, User, Webhook
from services.cli.ending import Failed
from services.pb.router.v1 import router_pb2

AT_ONCE = 8
"""Organizations worked on at the same time."""

Result = TypeVar("Result")


async def apply(house: House, memory: Memory, wanted: Sequence[Organization], *, is_dry_run: bool) -> list[Change]:
    """Make the house as the documents want it, and tell what became of each object; a dry run only tells.

    Raises WrongInput before anything was changed, Failed when a room refused half-way, or PytakeError when one is away.
    """
    existing = await house.existing({organization.name for organization in wanted} | app_owners(wanted))
    check_references(wanted, existing)
    people = await known_people(house, wanted, existing)
    checked = await check_flows(house, wanted, existing) | await check_webhooks(house, wanted, existing)
    if is_dry_run:
        accounts = await check_accounts(house, wanted, existing)
        return differences(wanted, existing, checked | accounts | compared(wanted, people), memory)
    try:
        return await _Applying(house, memory, wanted, existing).run()
    finally:
        memory.save()


class _Applying:
    """One run; ids of organizations and flows are gathered on the way."""

    def __init__(
        self, house: House, memory: Memory, wanted: Sequence[Organization], existing: Mapping[str, Existing]
    ) -> None:
        self._house = house
        self._memory = memory
        self._wanted = wanted
        self._existing = existing
        self._ids = {name: each.organization_id for name, each in existing.items()}
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._with_secrets: list[Change] = []

    async def run(self) -> list[Change]:
        """Apply all; the changes come in the order of the documents.

        Secrets that were made before a room refused are told with its refusal: nobody could tell them later.
        """
        try:
            return await self._run()
        except Failed as failure:
            made = [
                f"{change.organization}: {change.kind} {change.name} was made: {called} {text}"
                for change in self._with_secrets
                for called, text in change.secrets.items()
            ]
            raise Failed("\n".join([str(failure), *made])) from None

    async def _run(self) -> list[Change]:
        # All organizations first: a number may name the app of one that comes later.
        await _all(self._find_or_create(organization) for organization in self._wanted)
        changes = await _all(self._organization(organization) for organization in self._wanted)
        return [change for each in changes for change in each]

    async def _find_or_create(self, organization: Organization) -> None:
        if organization.name in self._ids:
            return
        async with self._at_once:
            put = self._house.find_or_create_organization(organization.name, time_zone=organization.time_zone or "")
            self._ids[organization.name] = (await named(organization.where, put)).organization_id

    async def _organization(self, organization: Organization) -> list[Change]:
        async with self._at_once:
            changes = [await self._app(organization, app) for app in organization.apps]
            changes += [await self._secret(organization, secret) for secret in organization.secrets]
            flow_ids = {name: flow.flow_id for name, flow in self._existing_of(organization).flows.items()}
            changes += [await self._flow(organization, flow, flow_ids) for flow in organization.flows]
            chatbot_ids: dict[str, str] = {}
            changes += [await self._chatbot(organization, it, flow_ids, chatbot_ids) for it in organization.chatbots]
            changes += [await self._number(organization, it, flow_ids, chatbot_ids) for it in organization.numbers]
            changes += await self._triggers(organization, flow_ids)
            changes += await self._opt_out(organization)
            # People before departments: who has just been made a user may answer in one.
            changes += [await self._user(organization, user) for user in organization.users]
            people = await self._people(organization)
            changes += [await self._department(organization, each, people) for each in organization.departments]
            changes += await self._queues(organization)
            changes += [await self._agent(organization, agent, people) for agent in organization.agents]
            changes += await self._media(organization)
            changes += [await self._api_key(organization, key) for key in organization.api_keys]
            changes += [await self._webhook(organization, webhook) for webhook in organization.webhooks]
            return [await self._settings(organization, flow_ids), *changes]

    def _existing_of(self, organization: Organization) -> Existing:
        return self._existing.get(organization.name) or Existing(self._ids[organization.name])

    async def _settings(self, organization: Organization, flow_ids: Mapping[str, str]) -> Change:
        before = self._existing_of(organization)
        is_new = organization.name not in self._existing
        zone = organization.time_zone or before.time_zone
        fallback = before.fallback_flow_id
        if organization.fallback_flow is not None:
            fallback = flow_ids[organization.fallback_flow] if organization.fallback_flow else ""
        is_changed = fallback != before.fallback_flow_id or (not is_new and zone != before.time_zone)
        if is_changed:
            put = self._house.replace_organization(organization.name, time_zone=zone, fallback_flow_id=fallback)
            await named(organization.where, put)
        verb: Verb = "new" if is_new else "changed" if is_changed else "unchanged"
        return Change(organization.name, "organization", organization.name, verb)

    async def _app(self, organization: Organization, app: MetaApp) -> Change:
        organization_id = self._ids[organization.name]
        is_changed = await named(app.where, self._house.put_app(organization_id, app))
        reference = f"{organization_id}/{app.name}"
        self._memory.apps[reference] = RememberedApp(reference, app.name, organization.name, app.app_secret)
        self._memory.note(f"{organization_id}/app/{app.name}", app)
        was_there = app.name in self._existing_of(organization).apps
        return Change(organization.name, "Meta app", app.name, _verb(is_changed, was_there=was_there))

    async def _secret(self, organization: Organization, secret: Secret) -> Change:
        organization_id = self._ids[organization.name]
        is_changed = await named(secret.where, self._house.put_secret(organization_id, secret))
        self._memory.note(f"{organization_id}/secret/{secret.name}", secret.value)
        was_there = secret.name in self._existing_of(organization).secrets
        return Change(organization.name, "secret", secret.name, _verb(is_changed, was_there=was_there))

    async def _flow(self, organization: Organization, flow: Flow, flow_ids: dict[str, str]) -> Change:
        put = self._house.put_flow(self._ids[organization.name], flow, is_dry_run=False)
        response = await named(flow.where, put)
        was_there = flow.name in flow_ids
        flow_ids[flow.name] = response.flow_id
        version = response.published_version
        detail = f"version {version}" if version else "a draft, not published"
        verb = _verb(response.is_changed, was_there=was_there)
        return Change(organization.name, "flow", flow.name, verb, tuple(response.findings), detail)

    async def _chatbot(
        self, organization: Organization, chatbot: Chatbot, flow_ids: Mapping[str, str], chatbot_ids: dict[str, str]
    ) -> Change:
        organization_id = self._ids[organization.name]
        put = self._house.put_chatbot(organization_id, chatbot, flow_id=flow_ids[chatbot.main_flow])
        response = await named(chatbot.where, put)
        chatbot_ids[chatbot.name] = response.chatbot_id
        key = f"{organization_id}/chatbot/{chatbot.name}"
        verb = _verb(response.is_changed, was_there=key in self._memory.digests)
        self._memory.note(key, chatbot)
        return Change(organization.name, "chatbot", chatbot.name, verb)

    async def _number(
        self, organization: Organization, number: Number, flow_ids: Mapping[str, str], chatbot_ids: Mapping[str, str]
    ) -> Change:
        organization_id = self._ids[organization.name]
        app = self._app_reference(organization, number)
        put = self._house.put_number(
            organization_id,
            number,
            chatbot_id=chatbot_ids.get(number.chatbot, ""),
            flow_id=flow_ids[number.default_flow] if number.default_flow else "",
            app=app,
        )
        is_changed = await named(number.where, put)
        self._memory.note(f"{organization_id}/number/{number.name}", number)
        self._memory.numbers[number.name] = RememberedNumber(
            phone_number_id=number.name,
            display_phone_number=number.display_phone_number,
            access_token=number.access_token,
            organization_id=organization_id,
            app=app,
            waba_id=number.waba_id,
        )
        was_there = number.name in self._existing_of(organization).numbers
        return Change(organization.name, "number", number.name, _verb(is_changed, was_there=was_there))

    def _app_reference(self, organization: Organization, number: Number) -> str:
        if not number.app:
            return ""
        owner = app_owner(number, organization, self._wanted, self._existing)
        return f"{self._ids[owner]}/{number.app.rpartition('/')[2]}"

    async def _triggers(self, organization: Organization, flow_ids: Mapping[str, str]) -> list[Change]:
        if organization.triggers is None:
            return []
        triggers = [
            router_pb2.Trigger(
                keyword=trigger.keyword,
                match=trigger.match,
                flow_id=flow_ids[trigger.flow],
                phone_number_id=trigger.number,
            )
            for trigger in organization.triggers
        ]
        organization_id = self._ids[organization.name]
        put = self._house.put_triggers(organization_id, triggers)
        is_changed = await named(organization.where.key("triggers"), put)
        key = f"{organization_id}/triggers"
        verb = _verb(is_changed, was_there=key in self._memory.digests)
        self._memory.note(key, organization.triggers)
        return [Change(organization.name, "triggers", count_of_keywords(organization.triggers), verb)]

    async def _opt_out(self, organization: Organization) -> list[Change]:
        if organization.opt_out is None:
            return []
        organization_id = self._ids[organization.name]
        put = self._house.put_opt_out_words(organization_id, organization.opt_out)
        is_changed = await named(organization.where.key("opt_out"), put)
        key = f"{organization_id}/opt_out"
        verb = _verb(is_changed, was_there=key in self._memory.digests)
        self._memory.note(key, organization.opt_out)
        return [Change(organization.name, "stop words", opt_out_of(organization.opt_out), verb)]

    async def _people(self, organization: Organization) -> People:
        if not organization.agents:
            return People()
        asked = self._house.agents.people(self._ids[organization.name])
        return await named(organization.where.key("agents"), asked)

    async def _department(self, organization: Organization, department: Department, people: People) -> Change:
        whole = joined_by(department, organization.agents, people)
        put = self._house.queues.put_department(self._ids[organization.name], whole)
        seen = remembered(department, organization.agents)
        return self._stored(organization, "department", department, seen, is_changed=await named(department.where, put))

    async def _agent(self, organization: Organization, agent: Agent, people: People) -> Change:
        form = people.form_of(agent)
        if not form.agent_id:
            waits = "waits: they were invited and have not accepted; apply again then"
            return Change(organization.name, "agent", agent.name, "unchanged", detail=waits)
        is_changed = await named(agent.where, self._house.agents.put(self._ids[organization.name], form))
        verb = _verb(is_changed, was_there=form.agent_id in people.agents)
        return Change(organization.name, "agent", agent.name, verb)

    async def _queues(self, organization: Organization) -> list[Change]:
        """Two queues may overflow into each other: those that name one which is not there yet are put twice."""
        if not organization.queues:
            return []
        organization_id, house = self._ids[organization.name], self._house.queues
        there = await named(organization.where.key("queues"), house.known_queues(organization_id))
        for queue in organization.queues:
            if queue.overflow_queue and queue.overflow_queue not in there:
                await named(queue.where, house.put_queue(organization_id, queue, with_overflow=False))
        changes = []
        for queue in organization.queues:
            is_changed = await named(queue.where, house.put_queue(organization_id, queue, with_overflow=True))
            changes.append(self._stored(organization, "queue", queue, queue, is_changed=is_changed))
        return changes

    def _stored(
        self, organization: Organization, kind: str, thing: Department | Queue, seen: object, *, is_changed: bool
    ) -> Change:
        key = f"{self._ids[organization.name]}/{kind}/{thing.name}"
        verb = _verb(is_changed, was_there=key in self._memory.digests)
        self._memory.note(key, seen)
        return Change(organization.name, kind, thing.name, verb)

    async def _media(self, organization: Organization) -> list[Change]:
        if organization.media is None:
            return []
        organization_id = self._ids[organization.name]
        is_changed = await named(
            organization.where.key("media"), self._house.put_media(organization_id, organization.media)
        )
        key = f"{organization_id}/media"
        verb = _verb(is_changed, was_there=key in self._memory.digests)
        self._memory.note(key, organization.media)
        return [Change(organization.name, "contacts' files", media_of(organization.media), verb)]

    async def _user(self, organization: Organization, user: User) -> Change:
        put = self._house.put_user(self._ids[organization.name], organization.name, user, is_dry_run=False)
        response = await named(user.where, put)
        detail, secrets = "", {}
        if response.invitation_token:
            detail = f"invited until {response.invitation_expires_at.ToJsonString()}"
            secrets = {"invitation_token": response.invitation_token}
        verb = _verb(response.is_changed, was_there=not response.is_new)
        return self._noted(Change(organization.name, "user", user.name, verb, detail=detail, secrets=secrets))

    async def _api_key(self, organization: Organization, key: ApiKey) -> Change:
        put = self._house.put_api_key(self._ids[organization.name], key, is_dry_run=False)
        response = await named(key.where, put)
        # One that stands in the file is known to whoever wrote it.
        secrets = {"key": response.key} if response.key and not key.key else {}
        verb = _verb(response.is_changed, was_there=not response.is_new)
        return self._noted(Change(organization.name, "API key", key.name, verb, secrets=secrets))

    async def _webhook(self, organization: Organization, webhook: Webhook) -> Change:
        put = self._house.put_webhook(self._ids[organization.name], webhook, is_dry_run=False)
        response = await named(webhook.where, put)
        secrets = {"secret": response.secret} if response.secret else {}
        verb = _verb(response.is_changed, was_there=not response.is_new)
        return self._noted(Change(organization.name, "webhook", webhook.name, verb, secrets=secrets))

    def _noted(self, change: Change) -> Change:
        if change.secrets:
            self._with_secrets.append(change)
        return change


def _verb(is_changed: bool, *, was_there: bool) -> Verb:
    if not is_changed:
        return "unchanged"
    return "changed" if was_there else "new"


async def _all(work: Iterable[Awaitable[Result]]) -> list[Result]:
    """Await all, also when some fail, so that none is cut off half-way; then raise the first failure."""
    results = await asyncio.gather(*work, return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    if len(failures) > 1 and isinstance(failures[0], Failed):
        raise Failed(f"{failures[0]}\n{len(failures) - 1} more organizations could not be applied")
    if failures:
        raise failures[0]
    return [result for result in results if not isinstance(result, BaseException)]
