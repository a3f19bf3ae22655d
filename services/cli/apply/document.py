"""Reads and checks apply's files: keys, kinds, lengths, duplicates, and chatbots by name."""

import re
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from services.cli.apply.accounts import API_KEY_KEYS, USER_KEYS, read_api_key, read_user
from services.cli.apply.agents import AGENT_KEYS, Agent, read_agent
from services.cli.apply.flow_source import MAX_FLOW_BYTES, read_flow
from services.cli.apply.media import read_media
from services.cli.apply.opt_out import read_opt_out
from services.cli.apply.queues import DEPARTMENT_KEYS, QUEUE_KEYS, Department, Queue, read_department, read_queue
from services.cli.apply.reading import Fields, Problems, Where, load_file
from services.cli.apply.wanted import (
    ApiKey,
    Chatbot,
    Flow,
    MetaApp,
    Number,
    Organization,
    Secret,
    Trigger,
    User,
    Webhook,
)
from services.cli.apply.webhooks import WEBHOOK_KEYS, read_webhook
from services.cli.ending import WrongInput
from services.pb.router.v1 import router_pb2

MATCHES = {
    "exact": router_pb2.KEYWORD_MATCH_EXACT,
    "contains": router_pb2.KEYWORD_MATCH_CONTAINS,
    "starts_with": router_pb2.KEYWORD_MATCH_STARTS_WITH,
}
NOT_SERVED = ("templates",)
MOST_TRIGGERS = 1000
# What sender takes at most (sender.Numbers.PutNumberLimits).
_FASTEST = 5000
_MOST_USERS = 10_000_000

_ORGANIZATION_KEYS = (
    "name", "time_zone", "fallback_flow", "meta_apps", "numbers", "chatbots", "flows", "triggers", "users", "api_keys",
    "secrets", "opt_out", "departments", "queues", "agents", "media", "webhooks",
    *NOT_SERVED,
)  # fmt: skip
_APP_KEYS = ("name", "app_secret", "previous_app_secret", "verify_token")
_SECRET_KEYS = ("name", "value")
_NUMBER_KEYS = (
    "phone_number_id", "display_phone_number", "access_token", "app", "chatbot", "default_flow", "active", "waba_id",
    "portfolio", "messages_per_second", "users_per_day",
)  # fmt: skip
_CHATBOT_KEYS = ("name", "default_flow", "main_flow", "active")
_FLOW_KEYS = ("name", "file", "document", "publish")
_TRIGGER_KEYS = ("keyword", "keywords", "match", "flow", "number")

# What an object is known by, where it is not its name.
_KEY_OF_KIND = {"number": "phone_number_id", "user": "email", "agent": "user"}

_APP_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECRET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_DIGITS = re.compile(r"[0-9]{1,32}")
_NAME_LENGTH = 120
_SECRET_LENGTH = 8192
_KEYWORD_LENGTH = 200

Read = TypeVar("Read")


def read_documents(paths: Sequence[Path], environment: Mapping[str, str]) -> tuple[Organization, ...]:
    """Read and merge apply's files. Raises WrongInput with every problem found."""
    problems = Problems(environment)
    merged: dict[str, Organization] = {}
    for path in paths:
        for organization in _read_file(path, problems):
            known = merged.get(organization.name)
            merged[organization.name] = _merge(known, organization, problems) if known else organization
    organizations = tuple(merged.values())
    _refuse_duplicates(organizations, problems)
    _check_chatbots(organizations, problems)
    if problems.sentences:
        raise WrongInput("\n".join([*problems.sentences, "nothing was changed"]))
    return organizations


def _read_file(path: Path, problems: Problems) -> list[Organization]:
    where = Where(str(path))
    try:
        value = load_file(path)
    except ValueError as error:
        problems.add(where, str(error))
        return []
    root = Fields.of(value, where, problems, ("organizations", *NOT_SERVED))
    if isinstance(value, dict) and not root.has("organizations"):
        problems.add(where.key("organizations"), "is missing; list at least one organization")
    _refuse_not_served(root)
    read = [_organization(item, place, problems) for item, place in root.items("organizations")]
    _refuse_repeated_names(read, "organization", problems)
    return read


def _organization(value: object, where: Where, problems: Problems) -> Organization:
    fields = Fields.of(value, where, problems, _ORGANIZATION_KEYS)
    _refuse_not_served(fields)
    return Organization(
        name=fields.text("name", is_required=True, most=_NAME_LENGTH),
        where=where,
        time_zone=_time_zone(fields) if fields.has("time_zone") else None,
        fallback_flow=fields.text("fallback_flow") if "fallback_flow" in fields.values else None,
        apps=_each(fields, "meta_apps", _APP_KEYS, _app),
        secrets=_each(fields, "secrets", _SECRET_KEYS, _secret),
        flows=_each(fields, "flows", _FLOW_KEYS, _flow),
        chatbots=_each(fields, "chatbots", _CHATBOT_KEYS, _chatbot),
        numbers=_each(fields, "numbers", _NUMBER_KEYS, _number),
        triggers=_triggers(fields) if "triggers" in fields.values else None,
        opt_out=read_opt_out(fields) if "opt_out" in fields.values else None,
        departments=_each(fields, "departments", DEPARTMENT_KEYS, read_department),
        queues=_each(fields, "queues", QUEUE_KEYS, read_queue),
        agents=_each(fields, "agents", AGENT_KEYS, read_agent),
        media=read_media(fields) if "media" in fields.values else None,
        users=_each(fields, "users", USER_KEYS, read_user),
        api_keys=_each(fields, "api_keys", API_KEY_KEYS, read_api_key),
        webhooks=_each(fields, "webhooks", WEBHOOK_KEYS, read_webhook),
    )


def _each(fields: Fields, key: str, known: tuple[str, ...], read: Callable[[Fields], Read]) -> tuple[Read, ...]:
    return tuple(read(Fields.of(item, where, fields.problems, known)) for item, where in fields.items(key))


def _refuse_not_served(fields: Fields) -> None:
    for key in NOT_SERVED:
        if fields.values.get(key):
            fields.problems.add(fields.where.key(key), "cannot be applied by this version of PyTake; take it out")


def _time_zone(fields: Fields) -> str:
    name = fields.text("time_zone")
    zones = zoneinfo.available_timezones()
    if zones and name not in zones:
        sentence = f"is {name!r}, no time zone; write an IANA name such as America/Sao_Paulo"
        fields.problems.add(fields.where.key("time_zone"), sentence)
    return name


def _app(fields: Fields) -> MetaApp:
    name = fields.text("name", is_required=True)
    if name and not _APP_NAME.fullmatch(name):
        sentence = f"is {name!r}; use 1 to 64 letters, digits, dots, dashes or underscores"
        fields.problems.add(fields.where.key("name"), sentence)
    return MetaApp(
        name=name,
        app_secret=fields.text("app_secret", is_required=True),
        previous_app_secret=fields.text("previous_app_secret"),
        verify_token=fields.text("verify_token", is_required=True),
        where=fields.where,
    )


def _secret(fields: Fields) -> Secret:
    name = fields.text("name", is_required=True)
    if name and not _SECRET_NAME.fullmatch(name):
        sentence = f"is {name!r}; use 1 to 64 letters, digits, dots, dashes or underscores"
        fields.problems.add(fields.where.key("name"), sentence)
    return Secret(name, fields.text("value", is_required=True, most=_SECRET_LENGTH), fields.where)


def _flow(fields: Fields) -> Flow:
    name = fields.text("name", is_required=True, most=_NAME_LENGTH)
    source = fields.one_of("file", "document")
    document = b""
    try:
        if fields.has(source):
            file = Path(fields.where.file).parent / fields.text("file") if source == "file" else None
            document = read_flow(file, fields.values.get("document"))
    except ValueError as error:
        fields.problems.add(fields.where.key(source), str(error))
    if len(document) > MAX_FLOW_BYTES:
        fields.problems.add(
            fields.where.key(source), f"has {len(document)} bytes; at most {MAX_FLOW_BYTES} are allowed"
        )
    return Flow(name, document, fields.flag("publish", default=True), fields.where)


def _chatbot(fields: Fields) -> Chatbot:
    return Chatbot(
        name=fields.text("name", is_required=True, most=_NAME_LENGTH),
        main_flow=fields.text(fields.one_of("default_flow", "main_flow")),
        is_active=fields.flag("active", default=True),
        where=fields.where,
    )


def _number(fields: Fields) -> Number:
    return Number(
        name=_phone_number_id(fields, "phone_number_id", is_required=True),
        display_phone_number=fields.text("display_phone_number", most=60),
        access_token=fields.text("access_token"),
        app=fields.text("app"),
        chatbot=fields.text("chatbot"),
        default_flow=fields.text("default_flow"),
        is_active=fields.flag("active", default=True),
        waba_id=_phone_number_id(fields, "waba_id"),
        portfolio=fields.text("portfolio", most=_NAME_LENGTH),
        messages_per_second=fields.number("messages_per_second", most=_FASTEST),
        users_per_day=fields.number("users_per_day", most=_MOST_USERS),
        where=fields.where,
    )


def _phone_number_id(fields: Fields, key: str, *, is_required: bool = False) -> str:
    text = fields.text(key, is_required=is_required)
    if text and not _DIGITS.fullmatch(text):
        fields.problems.add(fields.where.key(key), f"is {text!r}; it must be Meta's id, digits only")
    return text


def _triggers(fields: Fields) -> tuple[Trigger, ...]:
    return tuple(trigger for triggers in _each(fields, "triggers", _TRIGGER_KEYS, _keywords) for trigger in triggers)


def _keywords(fields: Fields) -> list[Trigger]:
    match = fields.text("match") or "exact"
    if match not in MATCHES:
        fields.problems.add(fields.where.key("match"), f"is {match!r}; use {', '.join(MATCHES)}")
    flow, number = fields.text("flow", is_required=True), _phone_number_id(fields, "number")
    kind = MATCHES.get(match, router_pb2.KEYWORD_MATCH_EXACT)
    if fields.one_of("keyword", "keywords") == "keyword":
        keywords = [fields.text("keyword", most=_KEYWORD_LENGTH)]
    else:
        given = fields.items("keywords")
        keywords = [fields.as_text(value, place, most=_KEYWORD_LENGTH) for value, place in given]
    return [Trigger(keyword, kind, flow, number, fields.where) for keyword in keywords]


def _merge(known: Organization, more: Organization, problems: Problems) -> Organization:
    """Join what two files say about one organization; their settings must not contradict each other."""
    settings: dict[str, str | None] = {}
    for key in ("time_zone", "fallback_flow"):
        before, after = getattr(known, key), getattr(more, key)
        if before is not None and after is not None and before != after:
            problems.add(more.where.key(key), f"is {after!r} here and {before!r} in {known.where}; keep one of them")
        settings[key] = before if after is None else after
    for key in ("opt_out", "media"):
        mine, theirs = getattr(known, key), getattr(more, key)
        if mine is not None and theirs is not None and mine != theirs:
            problems.add(more.where.key(key), f"differs from the one in {known.where}; keep one of them")
    triggers = known.triggers if more.triggers is None else (known.triggers or ()) + more.triggers
    return replace(
        known,
        time_zone=settings["time_zone"],
        fallback_flow=settings["fallback_flow"],
        apps=known.apps + more.apps,
        secrets=known.secrets + more.secrets,
        flows=known.flows + more.flows,
        chatbots=known.chatbots + more.chatbots,
        numbers=known.numbers + more.numbers,
        triggers=triggers,
        opt_out=known.opt_out if more.opt_out is None else more.opt_out,
        departments=known.departments + more.departments,
        queues=known.queues + more.queues,
        agents=known.agents + more.agents,
        media=known.media if more.media is None else more.media,
        users=known.users + more.users,
        api_keys=known.api_keys + more.api_keys,
        webhooks=known.webhooks + more.webhooks,
    )


def _refuse_duplicates(organizations: Iterable[Organization], problems: Problems) -> None:
    organizations = tuple(organizations)
    for organization in organizations:
        _refuse_repeated_names(organization.apps, "Meta app", problems)
        _refuse_repeated_names(organization.secrets, "secret", problems)
        _refuse_repeated_names(organization.flows, "flow", problems)
        _refuse_repeated_names(organization.chatbots, "chatbot", problems)
        _refuse_repeated_names(organization.departments, "department", problems)
        _refuse_repeated_names(organization.queues, "queue", problems)
        _refuse_repeated_names(organization.agents, "agent", problems)
        _refuse_repeated_names(organization.users, "user", problems)
        _refuse_repeated_names(organization.api_keys, "API key", problems)
        _refuse_repeated_names(organization.webhooks, "webhook", problems)
        if len(organization.triggers or ()) > MOST_TRIGGERS:
            problems.add(organization.where.key("triggers"), f"has more than {MOST_TRIGGERS} keywords; take some out")
    # A number belongs to one organization of the whole house.
    _refuse_repeated_names([number for each in organizations for number in each.numbers], "number", problems)


def _refuse_repeated_names(
    items: Sequence[
        MetaApp | Secret | Flow | Chatbot | Number | Department | Queue | Agent | User | ApiKey | Webhook | Organization
    ],
    kind: str,
    problems: Problems,
) -> None:
    first: dict[str, Where] = {}
    for item in items:
        if item.name in first:
            key = _KEY_OF_KIND.get(kind, "name")
            sentence = f"is {item.name!r}, as of the {kind} at {first[item.name]}; each needs its own"
            problems.add(item.where.key(key), sentence)
        elif item.name:
            first[item.name] = item.where


def _check_chatbots(organizations: Iterable[Organization], problems: Problems) -> None:
    """Chatbots are found by the name they have in the files, for no room lists them."""
    for organization in organizations:
        names = [chatbot.name for chatbot in organization.chatbots]
        for number in organization.numbers:
            if number.chatbot and number.chatbot not in names:
                listed = f"the chatbots here are {', '.join(names)}" if names else "list it under chatbots"
                problems.add(number.where.key("chatbot"), f"is {number.chatbot!r}, which is not a chatbot; {listed}")
