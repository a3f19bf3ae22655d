"""No method of a running house answers with a secret that was given to it."""

from __future__ import annotations

import asyncio

from services.chassis.tenancy import ServiceSigner
from services.embedded.keys import key_file
from tests.journeys import rooms
from tests.journeys.conftest import OpenShop
from tests.journeys.shop import flow_of
from tests.walls import watch
from tests.walls.canaries import Source, look
from tests.walls.provoking import rpc_answers


def test_no_answer_holds_a_secret(open_shop: OpenShop) -> None:
    shop = open_shop({"echo": flow_of("echo")})
    house, person = shop.house, shop.person()
    shop.hear_text(person, "one", "two")
    known = {
        "organization_id": rooms.organization_of(shop.token()),
        "phone_number_id": shop.number,
        "phone_number": person.wa_id,
        "name": shop.name,
    }

    async def ask_everything() -> list[Source]:
        answers: list[Source] = []
        for room, its in house.status()["services"].items():
            signer = ServiceSigner.from_file("operator", str(key_file(house.data / "secrets", "operator")))
            answers += await rpc_answers(room, its["grpc"], signer.token_for(room), known, only_reading=True)
        return answers

    answers = asyncio.run(ask_everything())
    gathered = watch.gather(house.data)
    secrets = {name: value for name, value in gathered.items() if not name.startswith(watch.OF_PEOPLE)}

    scan = look(answers, secrets)
    print(scan.table())
    assert shop.access_token in secrets.values()
    assert shop.secret in secrets.values()
    assert scan.found == ()
    # The answers are of this house: they tell what an operator may see.
    assert any(shop.number.encode() in answer for _, answer in answers)
    assert scan.sources >= 12
