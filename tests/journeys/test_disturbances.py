"""Processes that end in the middle of a dialogue, all replicas at once, and the house itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.journeys import webhooks
from tests.journeys.conftest import OpenShop
from tests.journeys.house import ROOMS, House, running_house
from tests.journeys.patience import eventually
from tests.journeys.shop import Shop, flow_of, texts


@pytest.mark.parametrize("room", ROOMS)
def test_a_dialogue_goes_on_when_a_service_is_killed_in_the_middle(room: str, open_shop: OpenShop) -> None:
    shop = open_shop({"echo": flow_of("echo")})
    person = shop.person()
    shop.hear_text(person, "hello")
    content = webhooks.body([webhooks.change(shop.number, [person], messages=texts(person, ["one", "two", "three"]))])
    # Killed while it may be working on these three.
    shop.deliver(content)
    shop.house.kill(room)
    eventually(lambda: is_taken(shop, content), "a webhook taken")
    shop.house.settle()
    assert shop.replies(person) == ["You said: ", "You said: one", "You said: two", "You said: three"]


def test_a_dialogue_goes_on_without_redis(open_shop: OpenShop) -> None:
    shop = open_shop({"echo": flow_of("echo")})
    person = shop.person()
    shop.hear_text(person, "hello")
    os.kill(shop.house.status()["redis"]["pid"], signal.SIGKILL)
    shop.hear(person, *texts(person, ["one", "two"]))
    assert shop.replies(person)[1:] == ["You said: one", "You said: two"]


def test_two_replicas_stopped_and_started_again_keep_the_conversation(
    house_folder: Path, serials: Iterator[int]
) -> None:
    with running_house(house_folder, "--replicas", "2") as house:
        shop = Shop(house, next(serials))
        shop.apply(shop.document({"seedlings": flow_of("seedlings")}))
        assert [len(house.pids(room)) for room in ROOMS] == [2] * len(ROOMS)
        shop.hear_text(shop.person(), "Oi", "Bia")
        assert shop.replies(shop.person())[2:] == [
            "Bia, hoje temos:\n🍅 tomate\n🌶️ pimenta\n🥬 couve",
            "Quantas bandejas?",
        ]
        family = descendants(house)
        assert house.stop() == 0
        assert len(family) > 2 * len(ROOMS)
        assert [process for process in family if process.is_running()] == []

    with running_house(house_folder) as house:
        shop = Shop(house, shop.serial)
        shop.hear_text(shop.person(), "7")
        assert shop.replies(shop.person()) == ["Separadas 7 bandejas para Bia. Até sábado! 🪴"]


def is_taken(shop: Shop, content: bytes) -> bool:
    """Post again what may not have been answered, as Meta does."""
    try:
        return shop.post(content).status_code == 200
    except httpx.TransportError:
        return False


def descendants(house: House) -> list[psutil.Process]:
    """Every process of a house but `pytake up` itself."""
    return psutil.Process(house.process.pid).children(recursive=True)
