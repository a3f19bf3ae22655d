"""A sealing key is exchanged under a house that keeps its tokens and app secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import webhooks
from tests.journeys.house import CommandFailed, House, running_house
from tests.journeys.shop import Shop, flow_of, texts


def keys_of(house: House) -> list[str]:
    """The sealing keys that the house keeps, the active one first."""
    kept: dict[str, str] = json.loads((house.data / "secrets" / "secrets.json").read_text())
    return kept["SEALING_KEYS"].split(",")


def under(house: House) -> set[str]:
    """Under which kinds of keys values lie."""
    return {json.loads(line)["key"] for line in house.pytake("secrets", "status", "--json").splitlines()}


def test_after_a_rotation_everything_opens_with_the_new_key_alone(house_folder: Path, serials: Iterator[int]) -> None:
    serial = next(serials)
    with running_house(house_folder) as house:
        shop = Shop(house, serial)
        shop.apply(shop.document({"echo": flow_of("echo")}))
        (old,) = keys_of(house)
        house.pytake("secrets", "rotate")
        # The services do not have the new key yet: nothing may be thrown away.
        with pytest.raises(CommandFailed, match="start it again first"):
            house.pytake("secrets", "retire")
    with running_house(house_folder) as house:
        house.pytake("secrets", "reseal")
        assert under(house) == {"active"}
        house.pytake("secrets", "retire")
        assert old not in keys_of(house)
        assert len(keys_of(house)) == 1
    with running_house(house_folder) as house:
        shop = Shop(house, serial)
        # The app's secret opens: what it signed is believed. The token opens too, or doctor would say so.
        shop.deliver(
            webhooks.body([webhooks.change(shop.number, [shop.person()], messages=texts(shop.person(), ["hi"]))])
        )
        assert under(house) == {"active"}
        checks = [json.loads(line) for line in house.pytake("doctor", "--json").splitlines()]
        assert [check["result"] for check in checks if check["check"] == "access token"] == ["ok"]
