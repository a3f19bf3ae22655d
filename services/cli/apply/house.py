"""The calls that apply makes: router, executor, sender and ingress of a running house."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar

from services.chassis.errors import PytakeError
from services.cli.apply.agents import AgentHouse
from services.cli.apply.plan import Existing
from services.cli.apply.queues import QueueHouse
from services.cli.apply.reading import Where
from services.cli.apply.wanted import (
    ApiKey,
    Chatbot,
    Flow,
    MediaWishes,
    MetaApp,
    Number,
    OptOutWords,
    Secret,
    User,
    Webhook,
)
from services.cli.ending import Failed
from services.cli.rooms import Rooms
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc
from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

Result = TypeVar("Result")

NOBODY = "00000000-0000-0000-0000-000000000000"
"""Stands for an organization that is yet to be made when a flow or webhook is only checked (dry run)."""


class House:
    """One method a call; every one may be repeated. All raise PytakeError."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.queues = QueueHouse(rooms)
        self.agents = AgentHouse(rooms)
        self._directory = rooms.peer("router").stub(router_pb2_grpc.DirectoryStub)
        self._flows = rooms.peer("executor").stub(executor_pb2_grpc.FlowServiceStub)
        self._secrets = rooms.peer("executor").stub(executor_pb2_grpc.SecretsStub)
        self._credentials = rooms.peer("sender").stub(sender_pb2_grpc.CredentialsStub)
        self._media = rooms.peer("sender").stub(sender_pb2_grpc.ReceivedMediaStub)
        self._numbers = rooms.peer("sender").stub(sender_pb2_grpc.NumbersStub)
        self._webhooks = rooms.peer("sender").stub(sender_pb2_grpc.WebhooksStub)
        self._apps = rooms.peer("ingress").stub(ingress_pb2_grpc.AppsStub)
        self._accounts = rooms.peer("ingress").stub(ingress_pb2_grpc.AccountsStub)

    async def existing(self, names: Iterable[str]) -> dict[str, Existing]:
        """Those of the named organizations that the house has, with what it tells about them."""
        wanted = set(names)
        found = [each for each in await self._rooms.organizations() if each.name in wanted]
        return {each.name: existing for each, existing in zip(found, await self._look_into(found), strict=True)}

    async def _look_into(self, organizations: Sequence[router_pb2.Organization]) -> list[Existing]:
        return await asyncio.gather(*(self._existing(organization) for organization in organizations))

    async def _existing(self, organization: router_pb2.Organization) -> Existing:
        organization_id = organization.organization_id
        flows, apps, numbers, secrets = await asyncio.gather(
            self._rooms.call(
                "executor", self._flows.ListFlows, executor_pb2.ListFlowsRequest(organization_id=organization_id)
            ),
            self._rooms.call(
                "ingress", self._apps.ListApps, ingress_pb2.ListAppsRequest(organization_id=organization_id)
            ),
            self._rooms.call(
                "router", self._directory.ListNumbers, router_pb2.ListNumbersRequest(organization_id=organization_id)
            ),
            self._rooms.call(
                "executor", self._secrets.ListSecrets, executor_pb2.ListSecretsRequest(organization_id=organization_id)
            ),
        )
        return Existing(
            organization_id=organization_id,
            time_zone=organization.time_zone,
            fallback_flow_id=organization.fallback_flow_id,
            flows={flow.name: flow for flow in flows.flows},
            apps=frozenset(app.name for app in apps.apps),
            secrets=frozenset(secret.name for secret in secrets.secrets),
            numbers={number.phone_number_id: number for number in numbers.numbers},
        )

    async def find_or_create_organization(self, name: str, *, time_zone: str) -> router_pb2.PutOrganizationResponse:
        """Create an organization, or only find it."""
        request = router_pb2.PutOrganizationRequest(name=name, time_zone=time_zone)
        return await self._rooms.call("router", self._directory.PutOrganization, request)

    async def replace_organization(
        self, name: str, *, time_zone: str, fallback_flow_id: str
    ) -> router_pb2.PutOrganizationResponse:
        """Replace an organization's settings."""
        request = router_pb2.PutOrganizationRequest(
            name=name, time_zone=time_zone, fallback_flow_id=fallback_flow_id, replace=True
        )
        return await self._rooms.call("router", self._directory.PutOrganization, request)

    async def put_app(self, organization_id: str, app: MetaApp) -> bool:
        """Store a Meta app; says whether it changed."""
        request = ingress_pb2.PutAppRequest(
            organization_id=organization_id,
            name=app.name,
            app_secret=app.app_secret,
            verify_token=app.verify_token,
            previous_app_secret=app.previous_app_secret,
        )
        return (await self._rooms.call("ingress", self._apps.PutApp, request)).is_changed

    async def put_secret(self, organization_id: str, secret: Secret) -> bool:
        """Store a secret of flows; says whether it changed."""
        request = executor_pb2.PutSecretRequest(organization_id=organization_id, name=secret.name, value=secret.value)
        return (await self._rooms.call("executor", self._secrets.PutSecret, request)).is_changed

    async def put_flow(self, organization_id: str, flow: Flow, *, is_dry_run: bool) -> executor_pb2.PutFlowResponse:
        """Store a flow and publish it if that is wanted, or only say what would come of it."""
        request = executor_pb2.PutFlowRequest(
            organization_id=organization_id or NOBODY,
            name=flow.name,
            document=flow.document,
            publish=flow.is_published,
            dry_run=is_dry_run,
        )
        return await self._rooms.call("executor", self._flows.PutFlow, request)

    async def put_chatbot(
        self, organization_id: str, chatbot: Chatbot, *, flow_id: str
    ) -> router_pb2.PutChatbotResponse:
        """Store a chatbot."""
        request = router_pb2.PutChatbotRequest(
            organization_id=organization_id, name=chatbot.name, main_flow_id=flow_id, is_active=chatbot.is_active
        )
        return await self._rooms.call("router", self._directory.PutChatbot, request)

    async def put_number(
        self, organization_id: str, number: Number, *, chatbot_id: str, flow_id: str, app: str
    ) -> bool:
        """Store a number, its limits and its access token, if it has one; says whether anything changed."""
        request = router_pb2.PutNumberRequest(
            organization_id=organization_id,
            phone_number_id=number.name,
            display_phone_number=number.display_phone_number,
            chatbot_id=chatbot_id,
            default_flow_id=flow_id,
            app=app,
            is_active=number.is_active,
            waba_id=number.waba_id,
        )
        # The number first: it is refused when another organization has it, and then its token must not be stored.
        stored = await self._rooms.call("router", self._directory.PutNumber, request)
        limits = sender_pb2.PutNumberLimitsRequest(
            organization_id=organization_id,
            phone_number_id=number.name,
            waba_id=number.waba_id,
            portfolio_id=number.portfolio,
            messages_per_second=number.messages_per_second,
            users_per_day=number.users_per_day,
        )
        limited = await self._rooms.call("sender", self._numbers.PutNumberLimits, limits)
        if not number.access_token:
            return stored.is_changed or limited.is_changed
        credential = sender_pb2.PutCredentialRequest(
            organization_id=organization_id,
            phone_number_id=number.name,
            access_token=number.access_token,
        )
        sealed = await self._rooms.call("sender", self._credentials.PutCredential, credential)
        return stored.is_changed or limited.is_changed or sealed.is_changed

    async def put_opt_out_words(self, organization_id: str, words: OptOutWords) -> bool:
        """Replace the words that stop messages and bring them back; says whether any changed."""
        languages = [
            router_pb2.OptOutLanguage(
                language=each.language,
                stop_words=each.stop_words,
                start_words=each.start_words,
                stopped_text=each.stopped_text,
                started_text=each.started_text,
            )
            for each in words.languages
        ]
        request = router_pb2.PutOptOutWordsRequest(
            organization_id=organization_id, languages=languages, is_off=words.is_off
        )
        return (await self._rooms.call("router", self._directory.PutOptOutWords, request)).is_changed

    async def put_media(self, organization_id: str, wishes: MediaWishes) -> bool:
        """Say which files of contacts are kept from now on; says whether that changed."""
        request = sender_pb2.PutMediaPolicyRequest(
            organization_id=organization_id,
            is_on=not wishes.is_off,
            max_bytes=wishes.max_bytes,
            kinds=wishes.kinds,
        )
        return (await self._rooms.call("sender", self._media.PutPolicy, request)).is_changed

    async def put_triggers(self, organization_id: str, triggers: Sequence[router_pb2.Trigger]) -> bool:
        """Replace all triggers of an organization; says whether any changed."""
        request = router_pb2.PutTriggersRequest(organization_id=organization_id, triggers=triggers)
        return (await self._rooms.call("router", self._directory.PutTriggers, request)).is_changed

    async def put_user(
        self, organization_id: str, organization_name: str, user: User, *, is_dry_run: bool
    ) -> ingress_pb2.PutUserResponse:
        """Store a person or invite one, or only say what would come of it."""
        request = ingress_pb2.PutUserRequest(
            organization_id=organization_id,
            organization_name=organization_name,
            email=user.name,
            name=user.display_name,
            role=user.role,
            password=user.password,
            is_inactive=not user.is_active,
            dry_run=is_dry_run,
        )
        return await self._rooms.call("ingress", self._accounts.PutUser, request)

    async def put_api_key(
        self, organization_id: str, key: ApiKey, *, is_dry_run: bool
    ) -> ingress_pb2.PutApiKeyResponse:
        """Store an API key, or only say what would come of it."""
        request = ingress_pb2.PutApiKeyRequest(
            organization_id=organization_id,
            name=key.name,
            scopes=key.scopes,
            expires_in_days=key.expires_in_days,
            requests_per_minute=key.requests_per_minute,
            key=key.key,
            dry_run=is_dry_run,
        )
        return await self._rooms.call("ingress", self._accounts.PutApiKey, request)

    async def put_webhook(
        self, organization_id: str, webhook: Webhook, *, is_dry_run: bool
    ) -> sender_pb2.PutWebhookResponse:
        """Store a webhook, or only say what would come of it."""
        request = sender_pb2.PutWebhookRequest(
            organization_id=organization_id or NOBODY,
            name=webhook.name,
            url=webhook.url,
            events=webhook.events,
            is_active=webhook.is_active,
            secret=webhook.secret,
            dry_run=is_dry_run,
        )
        return await self._rooms.call("sender", self._webhooks.PutWebhook, request)


async def named(where: Where, call: Awaitable[Result]) -> Result:
    """Await a call; a refusal names the place in the file it was for."""
    try:
        return await call
    except PytakeError as error:
        raise Failed(f"{where}: {error.sentence} (what comes before it was applied; mend it and apply again)") from None
