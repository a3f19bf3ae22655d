"""Every list that teams may ask for comes in pages, from outside: by reflection, so that a new one is among them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message

from services.chassis.tenancy import TEAM
from tests.journeys.conftest import OpenShop
from tests.journeys.house import ROOMS
from tests.journeys.shop import Shop, flow_of
from tests.walls.methods import OPTIONS, Method, methods_of
from tests.walls.wire import is_common

CALL_SECONDS = 30.0

# Lists that this house has several entries of; a page of one of them proves something.
FILLED = {
    "executor.FlowService/ListFlows",
    "executor.FlowService/ListVersions",
    "executor.Secrets/ListSecrets",
    "executor.States/ListStates",
    "ingress.Accounts/ListApiKeys",
    "ingress.Accounts/ListInvitations",
    "ingress.Accounts/ListUsers",
    "ingress.Privacy/ListPrivacyJobs",
    "router.Inbox/ListConversations",
    "router.Inbox/ListNotes",
    "router.People/ListContacts",
    "router.Queues/ListAgents",
    "router.Queues/ListDepartments",
    "router.Queues/ListEntries",
    "router.Queues/ListQueues",
    "router.Settings/ListChatbots",
    "router.Settings/ListOwnNumbers",
    "sender.Campaigns/List",
    "sender.Campaigns/ListRecipients",
    "sender.MessageService/List",
    "sender.Webhooks/ListWebhooks",
    "common.Audit/ListAuditEvents@ingress",
    "common.Audit/ListAuditEvents@router",
    "analytics.Reports/ListRecords",
}
# Needs Meta, or a contact's file.
EMPTY = {"sender.Templates/ListTemplates", "sender.ReceivedMedia/List"}


class Team:
    """Calls any method of a house, as a team that may do everything."""

    def __init__(self, shop: Shop) -> None:
        self._token = shop.token()
        addresses = shop.house.first_status["services"]
        found = [method for room in ROOMS for method in methods_of(room, addresses[room]["grpc"])]
        self._addresses = {room: addresses[room]["grpc"] for room in ROOMS}
        self.methods = {name_of(method): method for method in found if TEAM in method.policy.callers}
        self.organization_id = shop.ask("GET", "/auth/me", token=self._token).json()["organization_id"]

    def call(self, name: str, /, **fields: Any) -> Any:
        method = self.methods[name]
        request = ParseDict({"organization_id": self.organization_id, **fields}, method.request())
        with grpc.insecure_channel(self._addresses[method.room], options=OPTIONS) as channel:
            asking = channel.unary_unary(
                method.path,
                request_serializer=method.request.SerializeToString,
                response_deserializer=method.response.FromString,
            )
            return asking(request, metadata=(("authorization", f"Bearer {self._token}"),), timeout=CALL_SECONDS)


def name_of(method: Method) -> str:
    """`/pytake.router.v1.Inbox/ListNotes` → router.Inbox/ListNotes; what every room serves is there for each."""
    name = method.path.removeprefix("/pytake.").replace(".v1.", ".")
    return f"{name}@{method.room}" if is_common(method.path[1:]) else name


def entries_of(answer: Message) -> list[Message]:
    """What a page lists: its first list of messages."""
    field = next(each for each in answer.DESCRIPTOR.fields if each.is_repeated and each.message_type is not None)
    return list(getattr(answer, field.name))


def pages_of(team: Team, name: str, asked: Mapping[str, str]) -> Iterator[list[Message]]:
    cursor = ""
    while True:
        page = team.call(name, **asked, limit=1, cursor=cursor)
        yield entries_of(page)
        if not (cursor := page.cursor):
            return


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    """An organization with two of everything."""
    flows = {"seedlings": flow_of("seedlings"), "echo": flow_of("echo")}
    two = range(2)
    shop = open_shop(
        flows,
        chatbots=[{"name": f"bot {nth}", "main_flow": "echo"} for nth in two],
        users=[
            {"email": f"pages-{nth}@example.com", "role": "agent", "password": "três tigres tristes"} for nth in two
        ],
        api_keys=[{"name": f"till {nth}", "scopes": ["flows:read"]} for nth in two],
        webhooks=[{"name": f"crm {nth}", "url": "https://crm.example.com/in", "active": False} for nth in two],
        departments=[{"name": f"Department {nth}"} for nth in two],
        queues=[{"name": f"Queue {nth}", "department": "Department 0"} for nth in two],
    )
    shop.apply({"organizations": [{"name": shop.name, "numbers": [shop.number_entry(shop.second_number)]}]})
    return shop


def fill(shop: Shop, team: Team) -> dict[str, str]:
    """What no file applies; ids for the lists that are of one thing."""
    for nth in (1, 2):
        shop.hear_text(shop.person(nth), "Oi", "again")
        team.call("executor.Secrets/PutSecret", name=f"SECRET_{nth}", value="not to be told")
        team.call("ingress.Accounts/CreateInvitation", email=f"invited-{nth}@example.com", role="agent")
        agent_id = f"00000000-0000-4000-8000-{nth:012}"
        team.call(
            "router.Queues/PutAgent", agent={"agent_id": agent_id, "name": "Rui", "capacity": 3, "is_active": True}
        )
        team.call("router.Conversations/SetOwner", contact=shop.person(nth).wa_id, owner="OWNER_PERSON")
    conversation = team.call("router.Inbox/GetConversation", contact=shop.person(1).wa_id).conversation
    queue_id = team.call("router.Queues/ListQueues").queues[0].queue_id
    for nth in (1, 2):
        team.call("router.Inbox/AddNote", conversation_id=conversation.conversation_id, text=f"note {nth}")
        team.call("router.Queues/Transfer", conversation={"contact": shop.person(nth).wa_id}, queue_id=queue_id)
        team.call("ingress.Privacy/ExportContact", contact=shop.person(nth).wa_id)
        campaign_id = a_campaign(team, shop, nth)
    return {
        "conversation_id": conversation.conversation_id,
        "flow_id": publish_again(team),
        "campaign_id": campaign_id,
    }


def publish_again(team: Team) -> str:
    """A flow with two versions."""
    flow = team.call("executor.FlowService/ListFlows").flows[0]
    document = json.loads(team.call("executor.FlowService/GetFlow", flow_id=flow.flow_id).document)
    content = base64.b64encode(json.dumps(document | {"edition": "second"}).encode()).decode()
    put = team.call("executor.FlowService/PutFlow", name=flow.name, document=content, publish=True)
    assert put.published_version == 2
    return str(flow.flow_id)


def a_campaign(team: Team, shop: Shop, nth: int) -> str:
    """A campaign with two recipients."""
    made = team.call(
        "sender.Campaigns/Create",
        idempotency_key=f"spring {nth}",
        name=f"Spring {nth}",
        phone_number_id=shop.number,
        content={"template": {"name": "spring", "language": "pt_BR"}},
        audience="custom_list",
    ).campaign
    recipients = [{"phone_number": shop.person(each).wa_id} for each in (1, 2)]
    team.call("sender.Campaigns/AddRecipients", campaign_id=made.campaign_id, recipients=recipients)
    return str(made.campaign_id)


def test_every_list_of_teams_comes_in_pages_that_are_the_whole(shop: Shop) -> None:
    team = Team(shop)
    ids = fill(shop, team)
    lists = {
        name: method
        for name, method in team.methods.items()
        if name.partition("/")[2].startswith("List") and "cursor" in method.request.DESCRIPTOR.fields_by_name
    }
    required = {
        "router.Inbox/ListNotes": ["conversation_id"],
        "executor.FlowService/ListVersions": ["flow_id"],
        "sender.Campaigns/ListRecipients": ["campaign_id"],
    }

    several = set()
    for name in lists.keys() - EMPTY:
        asked = {field: ids[field] for field in required.get(name, ())}
        whole = entries_of(team.call(name, **asked, limit=200))
        pages = list(pages_of(team, name, asked))
        assert [entry for page in pages for entry in page] == whole, name
        assert all(len(page) <= 1 for page in pages), name
        several |= {name} if len(whole) > 1 else set()

    assert several >= FILLED
