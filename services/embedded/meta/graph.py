"""The Graph API as the sender and the doctor see it."""

import itertools
import secrets
from dataclasses import replace

from aiohttp import web

from . import graph_media
from .answers import Handler, json_answer
from .bodies import MarkRead, Send, read_object, read_override, read_request
from .clock import pause
from .media import KeptFile
from .plans import BusinessNumber
from .refusals import ErrorKind, GraphError, graph_answer
from .scripted import ScriptedAnswer, ScriptedFault
from .simulator import SimulatedMeta
from .statuses import Accepted

VERSIONS = frozenset(f"v{major}.0" for major in range(21, 27))
"""Graph versions that answer in November 2026; v20.0 went in September 2026, v27.0 is not out."""

SCOPES = ["whatsapp_business_management", "whatsapp_business_messaging"]
USUAL_THROUGHPUT = 80.0
BAD_GATEWAY = "<html><body><h1>502 Bad Gateway</h1></body></html>"


class GraphApp:
    """Handlers for the few Graph paths PyTake uses; every refusal has Meta's shape."""

    def __init__(self, meta: SimulatedMeta) -> None:
        self._meta = meta
        self._arrivals = itertools.count(1)

    def routes(self) -> list[web.RouteDef]:
        """Everything below /{version}; static paths of the same server win over these."""
        return [
            web.post("/{version}/{node}/messages", self._answered(self.send)),
            web.get("/{version}/debug_token", self._answered(self.debug_token)),
            web.post("/{version}/{node}/media", self._answered(self.upload)),
            web.get("/{version}/{node}/message_templates", self._answered(self.templates)),
            web.post("/{version}/{node}/message_templates", self._answered(self.create_template)),
            web.delete("/{version}/{node}/message_templates", self._answered(self.delete_template)),
            web.get("/{version}/{node}", self._answered(self.number)),
            web.delete("/{version}/{node}", self._answered(self.delete)),
            web.get("/{version}/{node}/phone_numbers", self._answered(self.phone_numbers)),
            web.get("/{version}/{node}/subscribed_apps", self._answered(self.subscriptions)),
            web.post("/{version}/{node}/subscribed_apps", self._answered(self.subscribe)),
            web.get(graph_media.LINKS + "/{secret}", self.fetch),
        ]

    async def send(self, request: web.Request) -> web.StreamResponse:
        """POST /{PHONE_NUMBER_ID}/messages: a message, a read receipt or typing."""
        arrival = next(self._arrivals)
        number = self._authorized_number(request)
        if (scripted := self._meta.script.next_of(number.phone_number_id)) is not None:
            return await self._as_scripted(request, scripted)
        fault = self._meta.faults.fault()
        if fault == "reset_before_accept":
            return _reset(request)
        _refuse_on_purpose(fault)
        raw = await request.read()
        wanted = read_request(raw)
        if isinstance(wanted, MarkRead):
            self._meta.mark_read(number, wanted)
            answer = json_answer({"success": True})
        else:
            answer = json_answer(_receipt(wanted, self._meta.accept(number, wanted, raw=raw, arrival=arrival)))
        return await self._answer_or_fail(request, fault, answer)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """POST /{PHONE_NUMBER_ID}/media: a file to be sent."""
        return await graph_media.upload(self._meta, self._authorized_number(request), request)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE /{MEDIA_ID}: a file is not kept any longer."""
        self._meta.shelf.delete(self._authorized_file(request).media_id)
        return json_answer({"success": True})

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        """GET of a file's address, which the look-up gave."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return await graph_media.fetch(self._meta, token if scheme == "Bearer" else "", request)

    async def number(self, request: web.Request) -> web.StreamResponse:
        """GET /{PHONE_NUMBER_ID}: what a business number says about itself; or GET /{MEDIA_ID}: where a file is."""
        if self._meta.shelf.look_up(request.match_info["node"]) is not None:
            return graph_media.look_up(self._meta, self._authorized_file(request), request)
        number = self._authorized_number(request)
        return json_answer(
            {
                "id": number.phone_number_id,
                "display_phone_number": number.display_phone_number,
                "verified_name": number.verified_name,
                "quality_rating": number.quality_rating,
                "status": "CONNECTED",
                "throughput": {"level": "HIGH" if number.limits.messages_per_second > USUAL_THROUGHPUT else "STANDARD"},
                "whatsapp_business_manager_messaging_limit": number.messaging_limit,
                "webhook_configuration": {"application": number.webhook_url} if number.webhook_url else {},
            }
        )

    async def phone_numbers(self, request: web.Request) -> web.StreamResponse:
        """GET /{WABA_ID}/phone_numbers: the numbers of an account."""
        numbers = self._authorized_account(request)
        ids = [{"id": number.phone_number_id, "verified_name": number.verified_name} for number in numbers]
        return json_answer({"data": ids})

    async def templates(self, request: web.Request) -> web.StreamResponse:
        """GET /{WABA_ID}/message_templates: the account's templates, by pages."""
        self._authorized_account(request)
        query = request.query
        limit = int(query["limit"]) if query.get("limit", "").isdecimal() else 25
        page = self._meta.templates.page(
            request.match_info["node"], name=query.get("name", ""), after=query.get("after", ""), limit=limit
        )
        return json_answer(page)

    async def create_template(self, request: web.Request) -> web.StreamResponse:
        """POST /{WABA_ID}/message_templates: a new template, approved at once."""
        self._authorized_account(request)
        made = self._meta.templates.create(request.match_info["node"], read_object(await request.read()))
        return json_answer({"id": made.id, "status": made.status, "category": made.category})

    async def delete_template(self, request: web.Request) -> web.StreamResponse:
        """DELETE /{WABA_ID}/message_templates?name=…&hsm_id=…: a template, in one language or in all."""
        self._authorized_account(request)
        name, template_id = request.query.get("name", ""), request.query.get("hsm_id", "")
        self._meta.templates.delete(request.match_info["node"], name=name, template_id=template_id)
        return json_answer({"success": True})

    async def subscriptions(self, request: web.Request) -> web.StreamResponse:
        """GET /{WABA_ID}/subscribed_apps: whether webhooks are sent."""
        numbers = self._authorized_account(request)
        app = {"whatsapp_business_api_data": {"id": "1", "name": "PyTake", "link": "https://example.com"}}
        return json_answer({"data": [app] if all(number.subscribed for number in numbers) else []})

    async def subscribe(self, request: web.Request) -> web.StreamResponse:
        """POST /{WABA_ID}/subscribed_apps: from now on webhooks are sent, to an address of its own if it verifies."""
        numbers = self._authorized_account(request)
        override = read_override(await request.read())
        if override and (why := await self._meta.outbox.verify(override.url, override.verify_token)):
            raise GraphError(ErrorKind.NOT_VERIFIED, f"Callback verification failed: {why}")
        for number in numbers:
            url = override.url if override else number.webhook_url
            self._meta.register(replace(number, subscribed=True, webhook_url=url))
        return json_answer({"success": True})

    async def debug_token(self, request: web.Request) -> web.StreamResponse:
        """GET /debug_token?input_token=…: whether a token works, and for which accounts."""
        self._holders(_token(request))
        accounts = sorted({number.waba_id for number in self._known(request.query.get("input_token", ""))})
        if not accounts:
            error = {"code": 190, "message": ErrorKind.WRONG_TOKEN.value.message}
            return json_answer({"data": {"is_valid": False, "scopes": [], "error": error}})
        granular = [{"scope": scope, "target_ids": accounts} for scope in SCOPES]
        data = {
            "app_id": "1",
            "type": "SYSTEM_USER",
            "application": "PyTake",
            "expires_at": 0,
            "is_valid": True,
        }
        return json_answer({"data": data | {"scopes": SCOPES, "granular_scopes": granular}})

    def _answered(self, handler: Handler) -> Handler:
        """The handler with Meta's version check before it and Meta's errors after it."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                if request.match_info["version"] not in VERSIONS:
                    raise GraphError(ErrorKind.UNKNOWN_PATH, f"Unknown path components: {request.path}")
                return await handler(request)
            except GraphError as refusal:
                self._meta.refused[refusal.form.code] += 1
                return json_answer(graph_answer(refusal, secrets.token_urlsafe(12)), refusal.form.http)

        return answer

    def _authorized_number(self, request: web.Request) -> BusinessNumber:
        token = _token(request)
        number = self._meta.numbers.get(request.match_info["node"])
        if number is None:
            raise GraphError(ErrorKind.NO_SUCH_OBJECT)
        if token not in number.access_tokens:
            raise GraphError(ErrorKind.WRONG_TOKEN)
        return number

    def _authorized_file(self, request: web.Request) -> KeptFile:
        """The file of the path; one of another number than phone_number_id says is not there."""
        token = _token(request)
        file = self._meta.shelf.look_up(request.match_info["node"])
        if file is None or request.query.get("phone_number_id", file.phone_number_id) != file.phone_number_id:
            raise GraphError(ErrorKind.NO_SUCH_OBJECT)
        if not graph_media.may_see(self._meta, file, token):
            raise GraphError(ErrorKind.WRONG_TOKEN)
        return file

    def _authorized_account(self, request: web.Request) -> list[BusinessNumber]:
        held = self._holders(_token(request))
        numbers = [number for number in held if number.waba_id == request.match_info["node"]]
        if not numbers:
            raise GraphError(ErrorKind.NO_SUCH_OBJECT)
        return numbers

    def _holders(self, token: str) -> list[BusinessNumber]:
        if numbers := self._known(token):
            return numbers
        raise GraphError(ErrorKind.WRONG_TOKEN)

    def _known(self, token: str) -> list[BusinessNumber]:
        return [number for number in self._meta.numbers.values() if token in number.access_tokens]

    async def _as_scripted(self, request: web.Request, scripted: ScriptedAnswer) -> web.StreamResponse:
        await request.read()
        if scripted.fault is ScriptedFault.READ_TIMEOUT:
            await pause(self._meta.clock, self._meta.faults.plan.hang_seconds)
        if scripted.fault is not ScriptedFault.NONE:
            return _reset(request)
        return web.Response(
            body=scripted.body, status=scripted.http, headers=scripted.headers, content_type="application/json"
        )

    async def _answer_or_fail(self, request: web.Request, fault: str, answer: web.StreamResponse) -> web.StreamResponse:
        """The answer after the planned latency, or what the caller gets instead although Meta accepted."""
        await pause(self._meta.clock, self._meta.faults.plan.latency_ms / 1000)
        match fault:
            case "accept_hang":
                await pause(self._meta.clock, self._meta.faults.plan.hang_seconds)
                return _reset(request)
            case "accept_reset":
                return _reset(request)
            case "accept_502":
                return web.Response(status=502, text=BAD_GATEWAY, content_type="text/html")
            case "accept_garbage":
                return web.Response(text="<html>gateway</html>", content_type="text/html")
        return answer


def _token(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip() if scheme.lower() == "bearer" else request.query.get("access_token", "")
    if not token:
        raise GraphError(ErrorKind.NO_TOKEN)
    return token


def _refuse_on_purpose(fault: str) -> None:
    match fault:
        case "rate_limited":
            raise GraphError(ErrorKind.NUMBER_LIMIT, "Cloud API message throughput has been reached.")
        case "pair_limited":
            raise GraphError(ErrorKind.PAIR_LIMIT, "Too many messages to the same phone number.")
        case "refuse_transient":
            raise GraphError(ErrorKind.TRANSIENT)
        case "refuse_for_good":
            raise GraphError(ErrorKind.UNDELIVERABLE, "Message Undeliverable.")


def _receipt(send: Send, accepted: Accepted) -> dict[str, object]:
    message = {"id": accepted.wamid}
    if accepted.is_for_group:
        message["group_id"] = send.address
    elif send.kind == "template":
        message["message_status"] = "accepted"
    identity = {"user_id": send.address} if send.recipient == "user_id" else {"wa_id": send.address}
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": send.input} | identity],
        "messages": [message],
    }


def _reset(request: web.Request) -> web.StreamResponse:
    """Cut the connection; the caller reads the end of the stream instead of an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
