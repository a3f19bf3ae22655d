"""The phone: a page to hold in the browser and the JSON API that it and the terminal use."""

from importlib import resources

import orjson
from aiohttp import web

from .answers import json_answer, json_request
from .conversations import Conversation
from .people import Person
from .plans import BusinessNumber, InputError
from .refusals import GraphError
from .screen import Bubble, Choice
from .simulator import SimulatedMeta
from .utterances import read_message, words_of

PREFIX = "/phone"
PAGE = {
    PREFIX: ("phone.html", "text/html"),
    f"{PREFIX}/phone.css": ("phone.css", "text/css"),
    f"{PREFIX}/phone.js": ("phone.js", "text/javascript"),
}
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
LONGEST_TEXT = 4096
LONGEST_NAME = 100
LONGEST_REPLY = 512
REPLY_KINDS = ("button_reply", "list_reply", "button")


class PhoneApp:
    """Handlers of /phone. What they do reaches PyTake only as signed webhooks."""

    def __init__(self, meta: SimulatedMeta) -> None:
        self._meta = meta
        package = resources.files(__package__) / "page"
        self._page = {path: ((package / name).read_bytes(), kind) for path, (name, kind) in PAGE.items()}

    def routes(self) -> list[web.RouteDef]:
        """The page with its files, and the API."""
        chat = PREFIX + "/api/{phone_number_id}/{from}"
        return [
            *(web.get(path, self.page) for path in PAGE),
            web.get("/", self.entrance),
            web.get(f"{PREFIX}/api/numbers", self.numbers),
            web.post(f"{chat}/messages", self.write),
            web.get(f"{chat}/history", self.history),
            web.get(f"{chat}/events", self.events),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """One of the page's files."""
        content, kind = self._page[request.path]
        return web.Response(body=content, content_type=kind, charset="utf-8", headers=PAGE_HEADERS)

    async def entrance(self, _request: web.Request) -> web.Response:
        """Whoever opens the bare address wants the phone."""
        raise web.HTTPFound(PREFIX)

    async def numbers(self, _request: web.Request) -> web.Response:
        """The business numbers one can write to."""
        numbers = [
            {
                "phone_number_id": number.phone_number_id,
                "display_phone_number": number.display_phone_number,
                "verified_name": number.verified_name,
            }
            for number in self._meta.numbers.values()
        ]
        return json_answer({"numbers": numbers})

    async def write(self, request: web.Request) -> web.Response:
        """Send {"text"}, tap {"reply": {"kind", "id", "title"}}, or send any other {"message"}; answers {"id"}.

        With "name" the phone's owner is called so from now on.
        """
        number, person = self._place(request)
        wanted = await json_request(request)
        if not isinstance(wanted, dict):
            raise InputError("a JSON object is expected")
        if "name" in wanted:
            self._meta.rename(person, _words(wanted, "name", LONGEST_NAME))
        if "reply" in wanted:
            message, text = _tap(number, self._meta.conversation(number, person), wanted["reply"])
        elif "message" in wanted:
            message = read_message(wanted["message"])
            text = words_of(message)
            if message["type"] == "interactive":
                message |= _quoting(number, self._meta.conversation(number, person).newest("flow"))
        else:
            text = _words(wanted, "text", LONGEST_TEXT)
            message = {"type": "text", "text": {"body": text}}
        return json_answer({"id": self._meta.hear(number, person, message, text)})

    async def history(self, request: web.Request) -> web.Response:
        """The bubbles so far, and the sequence to ask `events` for what follows."""
        number, person = self._place(request)
        conversation = self._meta.conversation(number, person)
        bubbles = [bubble.to_json() for bubble in conversation.bubbles]
        return json_answer({"bubbles": bubbles, "sequence": conversation.sequence})

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events after ?since= or Last-Event-ID; while the stream is open, messages get read."""
        conversation = self._meta.conversation(*self._place(request))
        since = request.headers.get("Last-Event-ID") or request.query.get("since", "0")
        if not since.isdecimal():
            raise InputError("since is a whole number")
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await answer.prepare(request)
        with conversation.on_screen():
            async for event in conversation.events(int(since)):
                data = orjson.dumps(event.to_json())
                await answer.write(b"id: %d\ndata: %b\n\n" % (event.sequence, data))
        return answer

    def _place(self, request: web.Request) -> tuple[BusinessNumber, Person]:
        """The business number and the person that the path names."""
        phone_number_id, sender = request.match_info["phone_number_id"], request.match_info["from"]
        number = self._meta.numbers.get(phone_number_id)
        if number is None:
            known = ", ".join(self._meta.numbers) or "none yet: `pytake apply` adds them"
            raise InputError(f"number is {phone_number_id}, which is no business number here; use one of: {known}")
        try:
            return number, self._meta.people.holding(number.waba_id, sender)
        except GraphError:
            form = "write a phone number of 7 to 15 digits with its country code, or a user id"
            raise InputError(f"from is {sender!r}; {form}") from None


def _words(wanted: dict[str, object], name: str, most: int) -> str:
    value = wanted.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise InputError(f"{name} is a text of 1 to {most} characters")
    return value


def _quoting(number: BusinessNumber, bubble: Bubble | None) -> dict[str, object]:
    """The context of an answer to this bubble of the business."""
    digits = "".join(filter(str.isdigit, number.display_phone_number))
    return {"context": {"from": digits, "id": bubble.id}} if bubble else {}


def _tap(number: BusinessNumber, conversation: Conversation, reply: object) -> tuple[dict[str, object], str]:
    """The webhook message of a tapped choice, quoting the newest bubble that offers it, and its title."""
    if not isinstance(reply, dict) or reply.get("kind") not in REPLY_KINDS:
        raise InputError(f"reply has a kind, one of {', '.join(REPLY_KINDS)}, an id and a title")
    choice = Choice(reply["kind"], _words(reply, "id", LONGEST_REPLY), _words(reply, "title", LONGEST_REPLY))
    content: dict[str, object] = {"id": choice.id, "title": choice.title}
    message: dict[str, object] = {}
    if found := conversation.offering(choice):
        bubble, offered = found
        message |= _quoting(number, bubble)
        content |= {"description": offered.description} if offered.description else {}
    if choice.kind == "button":
        return message | {"type": "button", "button": {"payload": choice.id, "text": choice.title}}, choice.title
    return message | {"type": "interactive", "interactive": {"type": choice.kind, choice.kind: content}}, choice.title
