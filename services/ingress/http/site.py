"""The REST API and its documentation (FastAPI). The webhook is described here and served by http/webhook.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from starlette.routing import BaseRoute, Route

from services.chassis.errors import PermissionDenied
from services.chassis.tenancy import Denials
from services.ingress.accounts import Accounts
from services.ingress.analytics import Analytics
from services.ingress.audit import AuditTrails
from services.ingress.conversations import Conversations
from services.ingress.dashboards import Dashboards
from services.ingress.domain.limits import LimitReached
from services.ingress.files.conversations import ConversationFiles
from services.ingress.http.browsers import AnswersBrowsers
from services.ingress.http.described import WEBHOOK_PATHS
from services.ingress.http.document import SERVERS, complete
from services.ingress.http.guard import Guard
from services.ingress.http.idempotency import RepeatsAnswers
from services.ingress.http.limits import TellsLimits, too_much
from services.ingress.http.paths import FindsPaths, Paths
from services.ingress.http.problems import add_problem_answers
from services.ingress.http.rest import (
    analytics_routes,
    api_key_routes,
    audit_routes,
    campaign_routes,
    chatbot_routes,
    contact_routes,
    conversation_routes,
    dashboard_routes,
    denied,
    event_routes,
    export_routes,
    flow_routes,
    inbox_routes,
    invitation_routes,
    media_routes,
    message_routes,
    number_routes,
    organization_routes,
    privacy_routes,
    qrcode_routes,
    queue_routes,
    session_routes,
    template_routes,
    user_routes,
    webhook_routes,
)
from services.ingress.http.trace import TakesUpTraces
from services.ingress.live import LiveEvents
from services.ingress.ports import Flows, Media, Messages, Templates, Webhooks
from services.ingress.ports.answers import Answers
from services.ingress.ports.campaigns import Campaigns
from services.ingress.ports.people import Contacts, Credentials, Inbox, Settings
from services.ingress.ports.queues import Queues
from services.ingress.privacy import Exports, Requests

Ready = Callable[[], Awaitable[bool]]

API = "/api/v1"
_TAGS = [
    {"name": "webhook", "description": "What Meta calls. No token: the signature proves who it is."},
    {"name": "conversations", "description": "Look at them, try a flow in a contact's name, take, release, close."},
    {"name": "inbox", "description": "Conversations as people work them off: whose they are, tags, notes, messages."},
    {"name": "events", "description": "What becomes of messages, as it happens."},
    {"name": "contacts", "description": "Contacts: find, make, change, tag, merge."},
    {"name": "organizations", "description": "Your organization."},
    {"name": "numbers", "description": "Business numbers."},
    {"name": "chatbots", "description": "Chatbots: which flow answers."},
    {"name": "queues", "description": "Departments, queues and agents: who is to have a conversation of people's."},
    {"name": "templates", "description": "Message templates of the accounts that numbers belong to."},
    {"name": "flows", "description": "Flows, their drafts and versions, and what publishing means for people in them."},
    {"name": "messages", "description": "Messages that no flow says, and what became of all messages."},
    {"name": "media", "description": "Files that messages send, and those that came from contacts."},
    {"name": "campaigns", "description": "Templates to many contacts, each once."},
    {"name": "webhooks", "description": "Where your systems are told what became of messages, signed."},
    {"name": "analytics", "description": "Figures of conversations and messages, and the log as a file."},
    {"name": "privacy", "description": "The rights of people who wrote: everything about them, and its erasure."},
    {"name": "sessions", "description": "Log in, stay logged in, log out."},
    {"name": "people", "description": "The people of your organization, their roles, and invitations."},
    {"name": "api-keys", "description": "Keys for programs."},
    {"name": "audit", "description": "Who changed what."},
    {"name": "operations", "description": "For whoever runs the house."},
]
# FastAPI's own pages load scripts from a CDN; these are a part of the package.
_PAGES = (
    ("/docs", "docs.html", "text/html"),
    ("/docs/docs.js", "docs.js", "text/javascript"),
    ("/docs/docs.css", "docs.css", "text/css"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForPeople:
    """What stands behind the endpoints with which people manage their organization."""

    contacts: Contacts
    inbox: Inbox
    settings: Settings
    credentials: Credentials
    live: LiveEvents


class Site(FastAPI):
    """FastAPI with the webhook in its OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """The whole document."""
        if not self.openapi_schema:
            document = super().openapi()
            document["paths"] = {**deepcopy(WEBHOOK_PATHS), **document["paths"]}
            complete(document)
        return super().openapi()


def build_site(
    *,
    version: str,
    is_ready: Ready,
    conversations: Conversations,
    analytics: Analytics,
    dashboards: Dashboards,
    files: ConversationFiles,
    flows: Flows,
    templates: Templates,
    messages: Messages,
    media: Media,
    webhooks: Webhooks,
    queues: Queues,
    campaigns: Campaigns,
    people: ForPeople,
    requests: Requests,
    exports: Exports,
    accounts: Accounts,
    audit: AuditTrails,
    answers: Answers,
    trusted_proxies: int,
    origins: frozenset[str],
) -> Site:
    """The site without the webhook."""
    site = Site(
        title="PyTake",
        summary="WhatsApp conversation flows",
        description="Times are ISO 8601 in UTC. Every answer that is no success is {detail, error_code}.",
        version=version,
        license_info={"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        servers=SERVERS,
        openapi_tags=_TAGS,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    site.state.gate = accounts.gate
    site.state.denials = Denials()
    site.state.trusted_proxies = trusted_proxies
    paths = Paths()
    # The last one stands outside: the guard's own answers tell of limits too.
    site.add_middleware(RepeatsAnswers, answers=answers, gate=accounts.gate)
    site.add_middleware(FindsPaths, paths=paths)
    site.add_middleware(Guard)
    site.add_middleware(TellsLimits)
    site.add_middleware(AnswersBrowsers, origins=origins)
    site.add_middleware(TakesUpTraces)
    add_problem_answers(site)
    site.add_exception_handler(PermissionDenied, denied)
    site.add_exception_handler(LimitReached, too_much)
    for routes in (
        conversation_routes(conversations),
        export_routes(files),
        analytics_routes(analytics),
        dashboard_routes(dashboards),
        inbox_routes(people.inbox, messages),
        event_routes(people.live, people.inbox),
        contact_routes(people.contacts),
        organization_routes(people.settings, flows),
        number_routes(people.settings, flows, people.credentials),
        qrcode_routes(people.settings),
        chatbot_routes(people.settings, flows),
        flow_routes(flows),
        template_routes(templates),
        message_routes(messages),
        media_routes(media),
        webhook_routes(webhooks),
        queue_routes(queues),
        campaign_routes(campaigns),
        privacy_routes(requests, exports),
        session_routes(accounts.sessions, accounts.people),
        user_routes(accounts.people),
        invitation_routes(accounts.invitations),
        api_key_routes(accounts.keys),
        audit_routes(audit),
    ):
        site.include_router(routes, prefix=API)
        _note(paths, routes.routes, API)
    _add_operations(site, is_ready)
    for path, name, media_type in _PAGES:
        site.add_api_route(path, _page(name, media_type), include_in_schema=False)
    _note(paths, site.routes)
    return site


def _note(paths: Paths, routes: Sequence[BaseRoute], prefix: str = "") -> None:
    for route in routes:
        if isinstance(route, Route):
            # FastAPI's own pages take HEAD by themselves, and only those.
            paths.add(prefix + route.path, (route.methods or set()) - {"HEAD"})


class Health(BaseModel):
    """How a process is."""

    status: str = Field(examples=["ok"])


class Readiness(BaseModel):
    """Whether a process may be sent webhooks."""

    status: Literal["ready", "not ready"]


_NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {
        "model": Readiness,
        "description": "The database is out of reach",
        "content": {"application/json": {"example": {"status": "not ready"}}},
    }
}
_METRICS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Prometheus' text format",
        "content": {
            "text/plain": {"schema": {"type": "string"}, "example": 'pytake_webhook_posts_total{status="200"} 7.0'}
        },
    }
}


def _add_operations(site: Site, is_ready: Ready) -> None:
    async def healthz() -> Health:
        """The process answers. No token is needed."""
        return Health(status="ok")

    async def readyz() -> Response:
        """The process may be sent webhooks: its database is there. No token is needed."""
        ready = await is_ready()
        return JSONResponse({"status": "ready" if ready else "not ready"}, status_code=200 if ready else 503)

    async def metrics() -> Response:
        """What this process counts. No token is needed; keep it from the Internet."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    tags: list[str | Enum] = ["operations"]
    site.get("/healthz", tags=tags, summary="Whether the process turns")(healthz)
    site.get(
        "/readyz",
        tags=tags,
        summary="Whether it can make webhooks durable",
        response_model=Readiness,
        responses=_NOT_READY,
    )(readyz)
    site.get("/metrics", tags=tags, summary="Prometheus metrics", response_class=Response, responses=_METRICS)(metrics)


def _page(name: str, media_type: str) -> Callable[[], Awaitable[Response]]:
    body = files(__package__).joinpath("pages", name).read_bytes()

    async def page() -> Response:
        return Response(body, media_type=media_type)

    return page
