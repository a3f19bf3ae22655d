"""The command line against a running house: what it sends, and what it says to wrong input."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import webhooks
from tests.journeys.conftest import OpenShop
from tests.journeys.house import ROOMS, CommandFailed, House
from tests.journeys.shop import Shop, flow_of, sign, texts

BROKEN_FLOW = {
    "nodes": [{"id": "begin", "type": "start", "data": {}}, {"id": "bye", "type": "end", "data": {"content": "x"}}],
    "edges": [{"source": "begin", "target": "nowhere"}],
}


def test_five_services_run_as_processes_of_their_own(house: House) -> None:
    status = house.status()
    pids = [pid for room in ROOMS for pid in status["services"][room]["pids"]]
    assert list(status["services"]) == list(ROOMS)
    assert len(set(pids)) == len(pids) == len(ROOMS)
    assert house.web.get(f"{status['http']}/readyz").status_code == 200


def test_chat_prints_what_the_flow_replies(open_shop: OpenShop) -> None:
    shop = open_shop({"echo": flow_of("echo")})
    said = shop.house.pytake("chat", "--number", shop.number, "--from", shop.person().wa_id, "Oi", "tudo bem?")
    assert said.splitlines() == ["You said: ", "You said: tudo bem?"]


def test_files_that_are_sent_are_signed_and_run_a_flow(open_shop: OpenShop, tmp_path: Path) -> None:
    shop = open_shop({"sign": sign("Read you.")})
    person = shop.person()
    files = [tmp_path / name for name in ("first.json", "second.json")]
    for file in files:
        file.write_bytes(webhooks.body([webhooks.change(shop.number, [person], messages=texts(person, [file.stem]))]))
    said = shop.house.pytake("webhook", "send", *map(str, files), "--app", shop.app)
    assert said.splitlines() == [f"200 {file}" for file in files]
    shop.house.settle()
    assert shop.replies(person) == ["Read you."] * 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"numbers": [{"access_token": "t"}]}, "numbers[0].phone_number_id is missing; give it a value"),
        ({"numberz": []}, "numberz is not a known key; did you mean numbers?"),
        ({"flows": [{"name": "f", "document": BROKEN_FLOW}]}, "nowhere"),
        ({"triggers": [{"keyword": "a", "flow": "gone"}]}, "triggers[0].flow is 'gone'"),
        ({"time_zone": "Mars/Olympus"}, "time_zone is 'Mars/Olympus', no time zone"),
        (
            {"meta_apps": [{"name": "m", "app_secret": "${JOURNEY_UNSET}", "verify_token": "v"}]},
            "app_secret needs the environment variable JOURNEY_UNSET, which is not set; export it",
        ),
    ],
)
def test_a_wrong_file_changes_nothing_and_says_which_field_and_why(
    house: House, serials: Iterator[int], change: dict[str, object], sentence: str
) -> None:
    shop = Shop(house, next(serials))
    with pytest.raises(CommandFailed) as failure:
        shop.apply(shop.document({}, **change))
    assert sentence in str(failure.value)
    with pytest.raises(CommandFailed, match=f"no organization is called '{shop.name}'"):
        shop.token()


def test_a_token_of_an_unknown_role_or_organization_is_refused_with_the_choices(house: House) -> None:
    with pytest.raises(CommandFailed, match="use one of super_admin, org_admin, supervisor, agent, viewer"):
        house.pytake("token", "--organization", "any", "--role", "boss")
    with pytest.raises(CommandFailed, match="no organization is called 'any'"):
        house.pytake("token", "--organization", "any", "--role", "agent")
