"""Requests by chance, for every method of the contracts that speaks for organizations.

A request is filled from its descriptor: what a field may hold is found by its name, so that a new field or method is
filled too, if only with nothing. Ids of the twin are among what is tried.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import uuid5

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

import services.pb
from services.chassis.tenancy import PERMISSIONS
from services.embedded.keys import ROOMS
from services.pb.common.v1 import content_pb2, policy_pb2
from services.sender.domain.campaigns import campaign_id_of
from tests.walls.tenants import (
    AGENTS,
    CONTACTS,
    CONVERSATIONS,
    EVENTS,
    MEDIA,
    MESSAGES,
    NAMES,
    PHONES,
    USERS,
    WAMIDS,
    Tenant,
)
from tests.walls.wire import is_common

# One moment for the whole run: two worlds are given the same times.
NOON = int(time.time()) - 3600
Pools = Mapping[str, Sequence[Any]]

# Messages of any organizations, told apart by their numbers; the other methods of the house speak for nobody.
BY_NUMBER = ("/pytake.router.v1.Routing/RouteMessages", "/pytake.router.v1.Routing/RouteStatuses")


@cache
def declared() -> dict[str, MethodDescriptor]:
    """Every method of the contracts that speaks for organizations, by path: "/package.Service/Method".

    What every room serves is there for each: "/pytake.common.v1.Audit/ListAuditEvents@router".
    """
    found = {}
    for module in pkgutil.walk_packages(services.pb.__path__, "services.pb."):
        if module.name.endswith("_pb2"):
            file = importlib.import_module(module.name).DESCRIPTOR
            for service in file.services_by_name.values():
                places = [f"@{room}" for room in ROOMS] if is_common(service.full_name) else [""]
                for method in service.methods:
                    found |= {f"/{service.full_name}/{method.name}{place}": method for place in places}
    return {
        path: method
        for path, method in sorted(found.items())
        if rule_of(method) != policy_pb2.TENANT_RULE_HOUSE or path in BY_NUMBER
    }


def methods(paths: frozenset[str]) -> dict[str, MethodDescriptor]:
    """Those of them that are among `paths`."""
    return {path: method for path, method in declared().items() if path in paths}


def rule_of(method: MethodDescriptor) -> int:
    """The method's tenant rule."""
    return int(method.GetOptions().Extensions[policy_pb2.policy].tenant)


def takes_batches(method: MethodDescriptor) -> bool:
    """Whether one call may be for several organizations."""
    return rule_of(method) != policy_pb2.TENANT_RULE_REQUEST


def request_of(method: MethodDescriptor, tenant: Tenant, twin: Tenant, seed: int) -> Message:
    """A request of the tenant's; the same for the same seed."""
    request: Message = message_factory.GetMessageClass(method.input_type)()
    _fill(request, pools_of(tenant, twin), random.Random(seed))
    return request


def _fill(message: Any, pools: Pools, chance: random.Random) -> None:
    oneofs = {oneof.name: chance.choice(oneof.fields).name for oneof in message.DESCRIPTOR.oneofs}
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        if oneof is not None and (oneofs[oneof.name] != field.name or (_is_optional(field) and chance.random() < 0.5)):
            continue
        if field.message_type is not None:
            _fill_message(message, field, pools, chance)
            continue
        value = _value_of(message.DESCRIPTOR, field, pools, chance)
        if field.is_repeated:
            getattr(message, field.name).extend([value] if value else [])
        else:
            setattr(message, field.name, value)


def _fill_message(message: Any, field: FieldDescriptor, pools: Pools, chance: random.Random) -> None:
    if field.message_type.full_name == "google.protobuf.Timestamp":
        getattr(message, field.name).FromSeconds(chance.choice([NOON - 86_400, NOON + 7200]))
        return
    if field.message_type.full_name.startswith("google."):
        return
    if field.message_type.GetOptions().map_entry:
        getattr(message, field.name)["city"] = chance.choice(pools["name"])
        return
    if field.is_repeated:
        for _ in range(chance.randint(1, 2)):
            _fill(getattr(message, field.name).add(), pools, chance)
    else:
        _fill(getattr(message, field.name), pools, chance)


def _is_optional(field: FieldDescriptor) -> bool:
    return len(field.containing_oneof.fields) == 1


def _value_of(descriptor: Descriptor, field: FieldDescriptor, pools: Pools, chance: random.Random) -> Any:
    own = pools.get(f"{descriptor.name}.{field.name}")
    if field.enum_type is not None:
        return chance.choice(own or [value.number for value in field.enum_type.values if value.number])
    pool = own or pools.get(field.name)
    if pool:
        return chance.choice(pool)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return chance.random() < 0.5
    return {FieldDescriptor.TYPE_STRING: "", FieldDescriptor.TYPE_BYTES: b""}.get(field.type, 0)


def pools_of(tenant: Tenant, twin: Tenant) -> Pools:
    """What fields may hold, by name, or by message and name."""
    flows = [str(one.flow(name)) for one in (tenant, tenant, twin) for name in NAMES]
    chatbots = [str(one.chatbot(name)) for one in (tenant, tenant, twin) for name in NAMES]
    routed = [
        str(one.conversation(phone, number))
        for one in (tenant, tenant, twin)
        for phone in PHONES
        for number in one.numbers
    ]
    conversations = [*map(str, CONVERSATIONS), *map(str, CONVERSATIONS), *routed]
    texts = [f"{tenant.tag} oi", f"{tenant.tag} Ana", "oi", "2"]
    names = [f"Ana {tenant.tag}", f"Bia {tenant.tag}"]
    pools: dict[str, Sequence[Any]] = {
        "organization_id": [str(tenant.organization_id)],
        "phone_number_id": tenant.numbers,
        "display_phone_number": [f"+55 11 {tenant.tag}"],
        "name": NAMES,
        "document": tenant.documents(),
        "start_flow_id": flows,
        "chatbot_id": ["", *chatbots],
        "conversation_id": conversations,
        "contact_id": list(map(str, CONTACTS)),
        "conversation_ids": conversations,
        "contact_ids": [str(one.contact(phone)) for one in (tenant, twin) for phone in PHONES],
        "wa_ids": PHONES,
        "user_ids": USERS,
        "phone_number_ids": tenant.numbers,
        "wamid_parts": WAMIDS,
        "days": [30],
        "job_id": list(map(str, MESSAGES)),
        "message_id": list(map(str, MESSAGES)),
        "MessageStatus.message_id": WAMIDS,
        "InboundMessage.message_id": WAMIDS,
        "callback_data": ["", *map(str, MESSAGES)],
        "keyword": ["oi", "chá"],
        "kind": ["text"],
        "node_id": ["who", "bye"],
        "status": ["sent", "delivered", "read", "failed"],
        "former_status": ["", "accepted", "sent"],
        "pricing_category": ["", "utility", "service"],
        "pricing_type": ["", "regular", "free_customer_service"],
        "campaign_try": [1, 2],
        "EffectResult.status": [0, 200, 404],
        "EffectResult.body": [b"{}"],
        "state": ["", "queued"],
        "time_zone": ["America/Sao_Paulo"],
        "fields": [b"{}"],
        "id": ["um", "dois"],
        "limit": [50],
        "skip": [0, 0, 1],
        "received_at_ms": [NOON * 1000],
        "occurred_at_us": [NOON * 1_000_000 + number for number in range(4)],
        "window_expires_at": [NOON + 86_400],
        "sequence": [0, 1],
        "publish": [True],
        "dry_run": [False],
        "may_run_flow": [True],
        "version": [0, 1, 1, 2],
        "from_version": [0, 1],
        "to_version": [0, 1, 2],
        "from_node_id": ["who", "bye"],
        "to_node_id": ["who", "bye"],
        "note": [f"{tenant.tag} note"],
        "force": [False, True],
        "expected_digest": [""],
        "must_be_new": [False],
        "is_active": [True, True, True, False],
    }
    key = f"{tenant.tag}-0123456789abcdef"
    pools |= {
        "email": ["ana@loja.example", "bia@loja.example"],
        "role": ["org_admin", "agent", "viewer"],
        "password": [f"{tenant.tag} uma senha longa"],
        "organization_name": [f"Loja {tenant.tag}"],
        "key": ["", f"{key}-1", f"{key}-2"],
        "scopes": sorted(PERMISSIONS),
        # Made by chance; whom nobody knows.
        "invitation_id": list(map(str, MESSAGES)),
        "GetUserRequest.user_id": list(map(str, MESSAGES)),
        "UpdateUserRequest.user_id": list(map(str, MESSAGES)),
        # One name of each.
        "UnlockUserRequest.user_id": [""],
        "RevokeApiKeyRequest.key_id": [""],
        "expires_in_days": [30],
        "requests_per_minute": [60],
        "idempotency_key": ["first", "second"],
        "url": ["https://shop.example/hook"],
        "events": ["message.sent", "conversation.queued"],
        "webhook_id": [str(uuid5(one.organization_id, f"webhook:{name}")) for one in (tenant, twin) for name in NAMES],
        "campaign_id": [str(campaign_id_of(one.organization_id, "first")) for one in (tenant, twin)],
        "local_time": ["2100-01-01T09:00"],
        "audience": ["custom_list"],
        "messages_per_hour": [3600],
        "max_tries": [3],
        # A secret that is made is made by chance.
        "secret": [f"{key}-1", f"{key}-2"],
        "agent_id": list(map(str, MESSAGES)),
        "attributes": [f'{{"said": "{tenant.tag}"}}'.encode(), b""],
        "tag": ["", "late"],
        "tags": ["late"],
        "add_tags": ["late", f"{tenant.tag}-tag"],
        "search": ["", tenant.tag],
        # Which one is the latest, or unread, is told by the second in which somebody wrote.
        "GetConversationRequest.contact": [""],
        "WatchConversationRequest.contact": [""],
        "ListConversationsRequest.is_unread": [False],
        "is_secret_renewed": [False],
    }
    departments = [str(uuid5(one.organization_id, f"department:{name}")) for one in (tenant, twin) for name in NAMES]
    queues = [str(uuid5(one.organization_id, f"queue:{name}")) for one in (tenant, tenant, twin) for name in NAMES]
    agents = list(map(str, AGENTS))
    pools |= {
        "department_id": departments,
        "queue_id": queues,
        "queue_ids": queues,
        "overflow_queue_id": ["", "", *queues],
        "HandOver.queue_id": ["", *queues, *NAMES],
        "HandOver.agent": ["", *agents],
        "agent_id": agents,
        "agent_ids": agents,
        "allowed_agent_ids": agents,
        "capacity": [50],
        "sla_minutes": [0, 600],
        "seconds": [600],
        "day": ["monday"],
        "start": ["08:00"],
        "end": ["18:00"],
        "offline_message": [f"{tenant.tag} volta já"],
        "context": [f"{tenant.tag} contexto"],
        "reason": [f"{tenant.tag} motivo"],
        "ListEntriesRequest.state": ["", "waiting", "assigned"],
        "DeskEvent.event_id": [f"desk:{number}" for number in range(4)],
        "DeskEvent.event": ["conversation.queued", "conversation.assigned"],
        "DeskEvent.how": ["handoff", "pull"],
        "entry_id": list(map(str, MESSAGES)),
        "from_queue_id": ["", *queues],
        # One name of a conversation, and one place for it.
        "ConversationName.conversation_id": routed,
        "ConversationName.contact": [""],
        "TransferRequest.department_id": [""],
    }
    picture = f"{tenant.tag} picture".encode()
    # Of an organization's own, and of its contacts (ReceivedMedia.Fetch).
    files = [*map(str, MEDIA), *map(str, MEDIA)]
    files += [str(uuid5(one.organization_id, event)) for one in (tenant, twin) for event in EVENTS[:3]]
    pools |= {
        "media_id": files,
        "upload": files,
        "mime_type": ["image/png"],
        "UploadMediaRequest.kind": [content_pb2.MEDIA_KIND_IMAGE],
        "UploadMediaRequest.size": [len(picture)],
        "UploadMediaRequest.content": [picture],
        "ArrivedMedia.kind": ["image"],
        "ArrivedMedia.event_id": EVENTS[:3],
        "meta_media_id": ["1001", "1002"],
        "kinds": ["image"],
        "is_on": [True, True, False],
    }
    # Those of router, in whose requests a contact is one that wrote.
    known = [str(one.contact(phone)) for one in (tenant, tenant, twin) for phone in PHONES]
    for message in ("GetContact", "UpdateContact", "MergeContacts"):
        pools |= {f"{message}Request.contact_id": known, f"{message}Request.other_contact_id": known}
    for values, *fields in (
        (PHONES, "phone_number", "wa_id", "contact", "contact_wa_id", "recipient_wa_id"),
        (["", *flows], "flow_id", "main_flow_id", "default_flow_id", "fallback_flow_id"),
        (texts, "text", "body", "header", "footer", "title", "description", "button_text"),
        (names, "profile_name", "contact_name"),
        ([f"{tenant.tag}-1", f"{tenant.tag}-2"], "access_token", "app_secret", "verify_token"),
        ([NOON, NOON + 1], "sent_at", "occurred_at"),
        (EVENTS, "event_id", "record_id"),
        # Where both a number and a user are named, contacts are linked, and merged.
        (["", *USERS], "user_id", "contact_user_id", "recipient_user_id", "parent_user_id"),
    ):
        pools.update(dict.fromkeys(fields, values))
    return pools
