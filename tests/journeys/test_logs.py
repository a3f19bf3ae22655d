"""What the logs of a house tell: never who wrote, what, or with which secrets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.journeys import webhooks
from tests.journeys.conftest import OpenShop
from tests.journeys.house import ROOMS, House
from tests.journeys.shop import flow_of, texts
from tests.journeys.webhooks import Person


def test_no_log_tells_a_secret_a_person_or_a_text(open_shop: OpenShop) -> None:
    shop = open_shop({"echo": flow_of("echo")})
    person, hidden = shop.person(), Person(user_id=f"BR.7{shop.serial:015d}", name="Canary Hidden")
    token = shop.token()
    shop.hear_text(person, "canary-text-one", "canary-text-two")
    shop.hear_text(hidden, "canary-text-three")
    # What goes wrong is logged most: a forgery, a number of nobody, wrong calls, a send in doubt, a killed room.
    forged = webhooks.body([webhooks.change(shop.number, [person], messages=texts(person, ["canary-text-forged"]))])
    shop.post(forged, secret="canary-forger")
    shop.hear(person, *texts(person, ["canary-text-nowhere"]), number=shop.number.replace("73", "78", 1))
    shop.post(b"canary-text-not-json")
    shop.ask("GET", "/conversations/5511900000000", token=token)
    shop.ask("POST", f"/conversations/{person.wa_id}/send", token=token, json={"message": "canary-text-rest"})
    with gateway_trouble(shop.house):
        shop.hear_text(person, "canary-text-in-doubt")
    shop.house.kill("executor")

    canaries = [
        shop.secret, shop.access_token, f"canary-verify-{shop.serial}", "canary-forger", token,
        person.wa_id, person.name, hidden.user_id, hidden.name, "canary-text", "You said",
    ]  # fmt: skip
    log = shop.house.log()
    assert [canary for canary in canaries if canary in log] == []
    # The log is the one meant: every room wrote to it.
    assert [room for room in ROOMS if f'"service":"{room}"' not in log] == []


@contextlib.contextmanager
def gateway_trouble(house: House) -> Iterator[None]:
    """Meta accepts every message and answers with somebody else's 502."""
    house.web.put(f"{house.meta}/_sim/faults", json={"accept_502": 1.0}).raise_for_status()
    yield
    house.web.put(f"{house.meta}/_sim/faults", json={}).raise_for_status()
