"""The control API under /_sim: what tests, benchmarks and the embedded run use to steer and to count."""

import ipaddress

from aiohttp import web

from .answers import Handler, json_answer, json_request
from .plans import BusinessNumber, DeliveryPlan, Faults, InputError, plan_to_json, read_plan
from .scripted import read_answers
from .simulator import SimulatedMeta

PREFIX = "/_sim"


@web.middleware
async def keep_control_local(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse /_sim to other machines: it shows access tokens and app secrets."""
    if request.path.startswith(PREFIX) and request.remote and not _is_loopback(request.remote):
        return json_answer({"detail": "the control API answers on the loopback interface only"}, 403)
    return await handler(request)


class ControlApp:
    """Handlers of /_sim."""

    def __init__(self, meta: SimulatedMeta) -> None:
        self._meta = meta

    def routes(self) -> list[web.RouteDef]:
        """Every control path."""
        return [
            web.get(f"{PREFIX}/numbers", self.numbers),
            web.put(PREFIX + "/numbers/{phone_number_id}", self.put_number),
            web.put(PREFIX + "/numbers/{phone_number_id}/answers", self.put_answers),
            web.get(f"{PREFIX}/ledger", self.ledger),
            web.delete(f"{PREFIX}/ledger", self.clear_ledger),
            web.get(f"{PREFIX}/faults", self.faults),
            web.put(f"{PREFIX}/faults", self.put_faults),
            web.get(f"{PREFIX}/delivery", self.delivery),
            web.put(f"{PREFIX}/delivery", self.put_delivery),
            web.put(PREFIX + "/templates/{waba_id}/{name}/{language}", self.change_template),
            web.post(f"{PREFIX}/preferences", self.prefer),
            web.post(PREFIX + "/media/{phone_number_id}", self.keep_file),
            web.get(f"{PREFIX}/stats", self.stats),
        ]

    async def numbers(self, _request: web.Request) -> web.Response:
        """All registered numbers, secrets included."""
        return json_answer({"numbers": [plan_to_json(number) for number in self._meta.numbers.values()]})

    async def put_number(self, request: web.Request) -> web.Response:
        """Register a number, or replace all its settings."""
        values = await json_request(request)
        if not isinstance(values, dict):
            raise InputError("a JSON object is expected")
        phone_number_id = request.match_info["phone_number_id"]
        number = read_plan(BusinessNumber, values | {"phone_number_id": phone_number_id})
        self._meta.register(number)
        return json_answer(plan_to_json(number))

    async def put_answers(self, request: web.Request) -> web.Response:
        """Lay down what the next sends of a number are answered."""
        answers = read_answers(await json_request(request))
        self._meta.script.put(request.match_info["phone_number_id"], answers)
        return json_answer({"answers": len(answers)})

    async def ledger(self, request: web.Request) -> web.StreamResponse:
        """Accepted messages in order, narrowed by ?phone_number_id=, ?to=, ?after= (a sequence), ?limit=."""
        query = request.query
        to = query.get("to", "").lstrip("+ ")  # an unescaped plus arrives as a blank
        entries = self._meta.ledger.read(query.get("phone_number_id", ""), to, _whole(query.get("after", "0")))
        limit = _whole(query.get("limit", "0")) or self._meta.ledger.accepted
        found = [entry.to_json() for entry, _ in zip(entries, range(limit), strict=False)]
        return json_answer({"messages": found})

    async def clear_ledger(self, _request: web.Request) -> web.Response:
        """Forget accepted messages and the duplicates counted."""
        self._meta.ledger.clear()
        return json_answer({"success": True})

    async def faults(self, _request: web.Request) -> web.Response:
        """The fault plan in force."""
        return json_answer(plan_to_json(self._meta.faults.plan))

    async def put_faults(self, request: web.Request) -> web.Response:
        """Replace the fault plan; what is not named goes back to its default."""
        plan = read_plan(Faults, await json_request(request))
        self._meta.faults.set_plan(plan)
        return json_answer(plan_to_json(plan))

    async def delivery(self, _request: web.Request) -> web.Response:
        """The delivery plan in force."""
        return json_answer(plan_to_json(self._meta.outbox.plan))

    async def put_delivery(self, request: web.Request) -> web.Response:
        """Replace the delivery plan; what is not named goes back to its default."""
        plan = read_plan(DeliveryPlan, await json_request(request))
        self._meta.outbox.plan = plan
        return json_answer(plan_to_json(plan))

    async def change_template(self, request: web.Request) -> web.Response:
        """Change a template's status, quality, category or components, and tell it by webhook."""
        values = await json_request(request)
        if not isinstance(values, dict):
            raise InputError("a JSON object is expected")
        waba_id, name, language = (request.match_info[key] for key in ("waba_id", "name", "language"))
        told = self._meta.templates.change(waba_id, name, language, values)
        self._meta.tell_of_account(waba_id, told)
        return json_answer({"told": len(told)})

    async def prefer(self, request: web.Request) -> web.Response:
        """A person stops or resumes marketing messages: {"phone_number_id", "wa_id", "value": "stop" or "resume"}."""
        values = await json_request(request)
        if not isinstance(values, dict) or values.get("value") not in ("stop", "resume", "signup"):
            raise InputError("an object with the value stop, resume or signup is expected")
        number = self._meta.numbers.get(str(values.get("phone_number_id")))
        if number is None:
            raise InputError("phone_number_id is no number of the simulator")
        person = self._meta.people.with_phone(number.waba_id, str(values.get("wa_id") or ""))
        self._meta.prefer(number, person, str(values["value"]))
        return json_answer({"success": True})

    async def keep_file(self, request: web.Request) -> web.Response:
        """Keep the body as a file that a phone sends to a number, for the webhook that tells of it."""
        phone_number_id = request.match_info["phone_number_id"]
        mime_type = request.headers.get("Content-Type", "application/octet-stream")
        kept = self._meta.shelf.send(phone_number_id, mime_type, await request.content.read())
        return json_answer({"id": kept.media_id, "mime_type": kept.mime_type, "sha256": kept.sha256})

    async def stats(self, _request: web.Request) -> web.Response:
        """Counts of everything."""
        return json_answer(self._meta.stats())


def _is_loopback(remote: str) -> bool:
    try:
        return ipaddress.ip_address(remote).is_loopback
    except ValueError:
        return False


def _whole(value: str) -> int:
    if not value.isdecimal():
        raise InputError("after and limit are whole numbers")
    return int(value)
