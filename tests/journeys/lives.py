"""People who leave something wherever a person may: what they wrote, what was answered, and Meta's repeats of it."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass

from tests.journeys import webhooks
from tests.journeys.canaries import places_of
from tests.journeys.shop import Shop
from tests.journeys.webhooks import Person


@dataclass(frozen=True)
class Life:
    """Somebody in a shop, what they wrote, and the webhooks that told of it."""

    shop: Shop
    person: Person
    words: tuple[str, ...]
    posts: tuple[bytes, ...]

    @property
    def canaries(self) -> list[str]:
        """What must be nowhere once the person is erased."""
        return [self.person.wa_id, self.person.user_id, self.person.name, *self.words]

    def places(self) -> dict[str, int]:
        """Where any of it lies, with the number of rows."""
        return dict(places_of(self.shop.house, self.canaries))

    def repeat(self) -> None:
        """Meta posts everything once more."""
        for post in self.posts:
            self.shop.deliver(post)
        self.shop.house.settle()


def live(shop: Shop, nth: int, *, number: str = "") -> Life:
    """Write, be answered, stop marketing, write to a number that rests, have statuses told, be listed: a whole life."""
    wa_id = shop.person(nth).wa_id
    person = Person(wa_id, f"BR.7{shop.serial:07d}{nth:03d}", f"Canary Person {shop.serial}-{nth}")
    words = tuple(f"canary words {shop.serial}-{nth}-{each}" for each in range(3))
    # Meta's ids hold the phone number, and so do these.
    messages = [
        webhooks.text(person, line) | {"id": wamid_of(person, f"in-{index}")} for index, line in enumerate(words)
    ]
    at_rest = webhooks.text(person, words[0]) | {"id": wamid_of(person, "at-rest")}
    statuses = [webhooks.status(person, wamid_of(person, "of-nobody"), word) for word in ("sent", "delivered")]
    posts = (
        *(webhooks.body([webhooks.change(shop.number, [person], messages=[message])]) for message in messages),
        webhooks.body([webhooks.change(shop.second_number, [person], messages=[at_rest])]),
        webhooks.body([webhooks.change(shop.number, statuses=statuses)]),
        preference(shop, person),
    )
    for post in posts:
        shop.deliver(post)
    shop.house.settle()
    sent = shop.sent_to(person)
    told = [webhooks.status(person, entry["wamid"], "read") for entry in sent]
    read = webhooks.body([webhooks.change(shop.number, statuses=told)])
    shop.deliver(read)
    shop.house.settle()
    be_listed(shop, person, words[0])
    return Life(shop, person, words, (*posts, read))


def be_listed(shop: Shop, person: Person, words: str) -> None:
    """Become the recipient of a campaign, with words of one's own."""
    token = shop.token()
    body = {"template": {"name": "spring", "language": "pt_BR", "body": [{"text": "{{words}}"}]}}
    wish = {"idempotency_key": person.user_id, "name": "Spring", "phone_number_id": shop.number, "content": body}
    made = shop.ask("POST", "/campaigns", token=token, json=wish)
    assert made.status_code == 200, made.text
    recipient = {"phone_number": person.wa_id, "parameters": {"words": words}}
    added = shop.ask(
        "POST", f"/campaigns/{made.json()['id']}/recipients", token=token, json={"recipients": [recipient]}
    )
    assert added.status_code == 200, added.text


def wamid_of(person: Person, mark: str) -> str:
    """An id as Meta makes it: some bytes, the phone number, and more."""
    return "wamid." + base64.b64encode(b"\x1c\x18\x0d" + f"{person.wa_id}/{mark}".encode()).decode()


def preference(shop: Shop, person: Person) -> bytes:
    """An event that drives no conversation and names the person."""
    said = {"wa_id": person.wa_id, "user_id": person.user_id, "category": "marketing_messages", "value": "stop"}
    value = webhooks.change(shop.number, [person])["value"] | {"user_preferences": [said | {"timestamp": now()}]}
    return webhooks.body([{"field": "user_preferences", "value": value}])


def now() -> str:
    return str(int(time.time()))
