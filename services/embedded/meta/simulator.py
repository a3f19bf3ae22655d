"""The simulated Meta without HTTP: numbers, accepted messages, statuses to tell, phones to show."""

import random
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from .bodies import MarkRead, Send
from .clock import Clock
from .conversations import Conversation
from .delivery import Webhook
from .drawing import draw
from .faults import FaultDice
from .ledger import Ledger
from .limits import Gate
from .media import Shelf
from .outbox import Outbox
from .people import People, Person
from .plans import BusinessNumber
from .posting import Poster
from .refusals import ErrorKind
from .screen import Bubble
from .scripted import Script
from .statuses import Accepted, StatusTeller
from .templates import Templates, refuse_unsendable
from .wamids import address_in, mint
from .webhooks import message_value, preference_value

DEFAULT_NAME = "Simulated phone"
WINDOW_CLOSED = "More than 24 hours have passed since the customer last replied to this number."


class SimulatedMeta:
    """One Meta for any number of business numbers, in memory; its ids stay unique across restarts."""

    def __init__(
        self,
        *,
        poster: Poster,
        clock: Clock,
        dice: random.Random | None = None,
        nonce: Callable[[], str] = lambda: secrets.token_hex(10),
    ) -> None:
        self.clock = clock
        self.numbers: dict[str, BusinessNumber] = {}
        self.faults = FaultDice()
        self.ledger = Ledger()
        self.script = Script()
        self.people = People()
        self.shelf = Shelf(clock.now)
        self.templates = Templates()
        self.refused: Counter[int] = Counter()
        jitter = dice or random.Random()  # noqa: S311 (jitter is no secret)
        self.outbox = Outbox(numbers=self.numbers, poster=poster, clock=clock, dice=jitter)
        self._nonce = nonce
        self._gate = Gate()
        self._names: dict[str, str] = {}
        self._conversations: defaultdict[tuple[str, str], Conversation] = defaultdict(Conversation)
        self._statuses = StatusTeller(faults=self.faults, outbox=self.outbox, clock=clock, name_of=self.name_of)

    def register(self, number: BusinessNumber) -> None:
        """Add or replace a number; webhooks that still wait go to its new address under its new secret."""
        self.numbers[number.phone_number_id] = number

    def conversation(self, number: BusinessNumber, person: Person) -> Conversation:
        """What this person's phone shows of this number."""
        return self._conversations[number.phone_number_id, person.key]

    def name_of(self, person: Person) -> str:
        """The profile name this person last used."""
        return self._names.get(person.key, DEFAULT_NAME)

    def rename(self, person: Person, name: str) -> None:
        """The person changes the profile name."""
        self._names[person.key] = name

    def accept(self, number: BusinessNumber, send: Send, *, raw: bytes, arrival: int) -> Accepted:
        """Take a message for delivery. Raises GraphError at a limit or for a file that is gone: nothing happened."""
        if send.kind == "template":
            refuse_unsendable(self.templates, number, send.body)
        self.shelf.refuse_gone(number, send.body)
        person = self._recipient(number, send)
        now = self.clock.now()
        self._gate.pass_message(number.phone_number_id, person.key, number.limits, now)
        wamid = mint(person.key, self._nonce())
        accepted = Accepted(number, person, wamid, send.kind, send.opaque, send.recipient == "group")
        self.ledger.append(accepted, arrival=arrival, accepted_at=int(now * 1e9), body=raw)
        self._forward(accepted, send.body)
        return accepted

    def mark_read(self, number: BusinessNumber, receipt: MarkRead) -> None:
        """The business read a phone's message, and perhaps types; unknown ids are taken in silence."""
        conversation = self._conversations.get((number.phone_number_id, address_in(receipt.message_id)))
        if conversation:
            conversation.tick_up_to(receipt.message_id, "read")
            if receipt.typing:
                conversation.show_typing()

    def hear(self, number: BusinessNumber, person: Person, message: Mapping[str, object], text: str) -> str:
        """A phone sends `message` (type, content, context as in a webhook), shown as `text`; its wamid."""
        now = self.clock.now()
        wamid = mint(person.key, self._nonce())
        conversation = self.conversation(number, person)
        self._gate.heard_from(number.phone_number_id, person.key, now)
        conversation.show(Bubble(wamid, True, str(message["type"]), text, int(now * 1000), status="sent"))
        whole = {"id": wamid, "timestamp": str(int(now))} | dict(message)
        value = message_value(number, person, self.name_of(person), whole)
        on_taken = partial(conversation.tick, wamid, "delivered")
        self.outbox.tell(number.phone_number_id, Webhook(f"message/{person.key}", value, on_taken))
        return wamid

    def prefer(self, number: BusinessNumber, person: Person, value: str) -> None:
        """A person stops marketing messages of a number, or wants them again."""
        preference = {
            "category": "marketing_messages",
            "value": value,
            "detail": f"User asked to {value} marketing messages",
            "timestamp": int(self.clock.now()),
        }
        told = preference_value(number, person, self.name_of(person), preference)
        self.outbox.tell(number.phone_number_id, Webhook(f"preference/{person.key}", told))

    def tell_of_account(self, waba_id: str, values: Sequence[Mapping[str, object]]) -> None:
        """Tell what concerns a whole account, through its first number that listens."""
        numbers = [each for each in self.numbers.values() if each.waba_id == waba_id and each.webhook_url]
        for value in values if numbers else ():
            self.outbox.tell(numbers[0].phone_number_id, Webhook(f"account/{waba_id}", value))

    def stats(self) -> dict[str, object]:
        """Counts: `accepted` and `duplicates` since the ledger was cleared, all others since the start."""
        return {
            "accepted": self.ledger.accepted,
            "ledger_dropped": self.ledger.dropped,
            "duplicates": sum(self.ledger.duplicates.values()),
            "duplicate_ids": dict(self.ledger.duplicates.most_common(100)),
            "refused": {str(code): count for code, count in self.refused.items()},
            "faults": {kind: count for kind, count in self.faults.rolled.items() if count},
        } | self.outbox.counts()

    def close_screens(self) -> None:
        """End every event stream, so that a server can stop."""
        for conversation in self._conversations.values():
            conversation.close()

    def _recipient(self, number: BusinessNumber, send: Send) -> Person:
        match send.recipient:
            case "phone":
                return self.people.with_phone(number.waba_id, send.address)
            case "user_id":
                return self.people.with_user_id(send.address)
        return Person(send.address, "")

    def _forward(self, accepted: Accepted, body: Mapping[str, object]) -> None:
        """Show the message on its phone, or let it fail when Meta's window is closed."""
        number, person, now = accepted.number, accepted.person, self.clock.now()
        is_open = self._gate.is_window_open(number.phone_number_id, person.key, number.limits, now)
        if not is_open and accepted.kind != "template":
            self._statuses.tell_failure(accepted, ErrorKind.WINDOW_CLOSED, WINDOW_CLOSED)
            return
        conversation = self.conversation(number, person)
        conversation.show(draw(accepted.wamid, accepted.kind, body, int(now * 1000)))
        self._statuses.tell_progress(accepted, self._progress(accepted, conversation))

    def _progress(self, accepted: Accepted, conversation: Conversation) -> tuple[str, ...]:
        """The planned statuses; `read` comes with them if the phone is looked at, else once it will be."""
        planned = self._statuses.planned
        if not planned or "read" in planned:
            return planned
        if conversation.is_open:
            return (*planned, "read")
        conversation.unread.append(partial(self._statuses.tell_progress, accepted, ("read",)))
        return planned
