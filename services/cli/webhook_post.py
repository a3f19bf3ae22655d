"""Posts webhooks as Meta does: the exact bytes, signed by a Meta app of the house."""

import hashlib
import hmac
import http.client
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from services.cli.apply.memory import Memory, RememberedApp
from services.cli.ending import Failed, WrongInput
from services.cli.rooms import house_secret, secrets_folder
from services.embedded.rooms import WEBHOOK_PATH
from services.embedded.state import State
from services.ingress.domain.webhook import MalformedBody, parse_webhook

SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Signer:
    """A secret, and the app of the webhook path it belongs to; empty for the path without one."""

    secret: str
    app: str


def choose_signer(state: State, body: bytes, app: str) -> Signer:
    """The app that is named, else that of a number in the body, else the first applied, else the house's own.

    Raises WrongInput when no secret is known for a named app.
    """
    memory = Memory.of(secrets_folder(state))
    if app:
        return _named(memory, app)
    found = _app_of(memory, body) or next(iter(memory.apps.values()), None)
    return Signer(found.app_secret, found.name) if found else Signer(house_secret(state), "")


def _named(memory: Memory, app: str) -> Signer:
    organization, _, name = app.rpartition("/")
    for known in memory.apps.values():
        if known.name == name and organization in ("", known.organization):
            return Signer(known.app_secret, name)
    names = ", ".join(f"{known.organization}/{known.name}" for known in memory.apps.values()) or "none"
    raise WrongInput(f"--app {app} was not applied to this house from here; the apps known are: {names}")


def _app_of(memory: Memory, body: bytes) -> RememberedApp | None:
    for phone_number_id in _numbers_in(body):
        if number := memory.numbers.get(phone_number_id):
            return memory.app_of(number)
    return None


def _numbers_in(body: bytes) -> Iterable[str]:
    try:
        return [event.phone_number_id for event in parse_webhook(body) if event.phone_number_id]
    except MalformedBody:
        return []


class WebhookPost:
    """Sends to the ingress of one house over one connection."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)

    def send(self, body: bytes, signer: Signer) -> tuple[int, str]:
        """Post one body; the status and the answer's text. Raises Failed when nobody answers."""
        path = f"{WEBHOOK_PATH}/{quote(signer.app)}" if signer.app else WEBHOOK_PATH
        signature = hmac.new(signer.secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
        try:
            self._connection.request("POST", path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Failed(f"ingress does not answer ({error}); `pytake status` tells what runs") from None

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
