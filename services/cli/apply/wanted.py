"""What should be: organizations with apps, secrets, flows, chatbots, numbers, triggers, users and API keys, by name."""

from dataclasses import dataclass, field

from services.cli.apply.agents import Agent
from services.cli.apply.queues import Department, Queue
from services.cli.apply.reading import Where
from services.pb.router.v1 import router_pb2


@dataclass(frozen=True, slots=True)
class MetaApp:
    """A Meta app, whose signatures are believed."""

    name: str
    app_secret: str
    previous_app_secret: str
    verify_token: str
    where: Where = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Secret:
    """What calls of flows are made with, by name."""

    name: str
    value: str = field(repr=False)
    where: Where = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OptOutLanguage:
    """Whole messages that stop all messages or bring them back, in one language, and what is answered to them."""

    language: str
    stop_words: tuple[str, ...]
    start_words: tuple[str, ...]
    stopped_text: str
    started_text: str


@dataclass(frozen=True, slots=True)
class OptOutWords:
    """The words of an organization; none and not off: the usual ones."""

    languages: tuple[OptOutLanguage, ...]
    is_off: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow with its document as JSON bytes, in any dialect that can be imported."""

    name: str
    document: bytes
    is_published: bool
    where: Where = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Chatbot:
    """A chatbot and the name of its main flow."""

    name: str
    main_flow: str
    is_active: bool
    where: Where = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A business number; `app` is a name, organization/name, or empty for any app; chatbot and flow are names."""

    name: str
    display_phone_number: str
    access_token: str
    app: str
    chatbot: str
    default_flow: str
    is_active: bool
    waba_id: str
    portfolio: str
    messages_per_second: int
    users_per_day: int
    where: Where = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Trigger:
    """A keyword that starts a flow, on one number or on all."""

    keyword: str
    match: router_pb2.KeywordMatch.ValueType
    flow: str
    number: str
    where: Where = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class User:
    """A person; `name` is the e-mail in its normal form. Without a password a new one is invited."""

    name: str
    display_name: str
    role: str
    password: str = field(repr=False)
    is_active: bool
    where: Where = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program's key; 0 days means no end, 0 requests the usual limit, an empty text one that is made."""

    name: str
    scopes: tuple[str, ...]
    expires_in_days: int
    requests_per_minute: int
    key: str = field(repr=False)
    where: Where = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a system of the organization is told of its messages; no events means all, no secret the one there is."""

    name: str
    url: str
    events: tuple[str, ...]
    is_active: bool
    secret: str = field(repr=False)
    where: Where = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class MediaWishes:
    """Which files of contacts are kept; no kinds mean all of them, 0 bytes the most there can be."""

    kinds: tuple[str, ...]
    max_bytes: int
    is_off: bool


@dataclass(frozen=True, slots=True)
class Organization:
    """What the files say about one organization; None means that they say nothing, and nothing is changed."""

    name: str
    where: Where = field(compare=False, repr=False)
    time_zone: str | None = None
    fallback_flow: str | None = None
    apps: tuple[MetaApp, ...] = ()
    secrets: tuple[Secret, ...] = ()
    flows: tuple[Flow, ...] = ()
    chatbots: tuple[Chatbot, ...] = ()
    numbers: tuple[Number, ...] = ()
    triggers: tuple[Trigger, ...] | None = None
    opt_out: OptOutWords | None = None
    departments: tuple[Department, ...] = ()
    queues: tuple[Queue, ...] = ()
    agents: tuple[Agent, ...] = ()
    media: MediaWishes | None = None
    users: tuple[User, ...] = ()
    api_keys: tuple[ApiKey, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
