"""A campaign through all five rooms: made and filled by `pytake campaign`, watched over REST, answered by people."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.journeys import webhooks
from tests.journeys.conftest import OpenShop
from tests.journeys.house import CommandFailed
from tests.journeys.patience import eventually
from tests.journeys.shop import Shop, sign
from tests.journeys.webhooks import Person

TEMPLATE = {"template": {"name": "spring", "language": "pt_BR", "body": [{"text": "{{name}}"}]}}


def campaign(shop: Shop, *arguments: str) -> str:
    verb, *others = arguments
    return shop.house.pytake("campaign", verb, *others, "--organization", shop.name).strip()


def made(shop: Shop, folder: Path, *options: str, name: str = "Spring") -> str:
    """A draft; its id."""
    file = folder / "spring.json"
    file.write_text(json.dumps(TEMPLATE))
    options = ("--number", shop.number, "--template", str(file), "--per-hour", "3600000", *options)
    return campaign(shop, "create", name, *options)


def filled(shop: Shop, folder: Path, people: list[Person], *, name: str = "Spring") -> str:
    """The same with people in it."""
    draft = made(shop, folder, name=name)
    file = folder / "people.csv"
    file.write_text("name,phone_number\n" + "".join(f"{each.name},+{each.wa_id}\n" for each in people))
    assert campaign(shop, "add", draft, str(file)) == f"{len(people)} added, 0 there already, 0 refused"
    return draft


def figures(shop: Shop, campaign_id: str, *, token: str) -> dict[str, int]:
    answer = shop.ask("GET", f"/campaigns/{campaign_id}", token=token)
    assert answer.status_code == 200, answer.text
    found: dict[str, int] = answer.json()["figures"]
    return found


def words_of(shop: Shop, person: Person) -> list[str]:
    """What stood for the placeholder in each template the person got."""
    bodies = [entry["body"] for entry in shop.sent_to(person) if entry["body"]["type"] == "template"]
    return [body["template"]["components"][0]["parameters"][0]["text"] for body in bodies]


def test_everybody_gets_the_template_once_and_who_answers_is_counted(open_shop: OpenShop, tmp_path: Path) -> None:
    shop = open_shop({"sign": sign("Here we are.")})
    people = [shop.person(nth) for nth in range(1, 5)]
    ana, bia, cai, _ = people
    token = shop.token()
    draft = filled(shop, tmp_path, people)
    assert campaign(shop, "start", draft) == f"running   {draft}"
    campaign(shop, "show", draft, "--watch")
    assert [words_of(shop, person) for person in people] == [[person.name] for person in people]

    eventually(lambda: figures(shop, draft, token=token)["delivered"] == 4, "everybody's phone")
    assert figures(shop, draft, token=token)["replies"] == 0
    # Ana answers twice, and Meta tells one of it twice; Cai wants no more.
    answer = webhooks.text(ana, "How lovely")
    shop.hear(ana, answer)
    shop.hear(ana, answer)
    shop.hear_text(ana, "Thank you")
    shop.hear_text(bia, "Who is this?")
    shop.hear_text(cai, "STOP")

    counted = figures(shop, draft, token=token)
    assert (counted["replies"], counted["opt_outs"], counted["sent"], counted["failed"]) == (3, 1, 4, 0)
    told = json.loads(campaign(shop, "show", draft, "--json"))
    assert (told["state"], told["figures"]) == ("completed", counted)
    assert f"{draft} completed 4/4 Spring" in campaign(shop, "list")


def test_analytics_tells_of_campaigns_what_they_count_and_of_messages_what_they_cost(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    shop = open_shop({"sign": sign("Here we are.")})
    house, token = shop.house, shop.token()
    people = [shop.person(nth) for nth in range(1, 4)]
    spring = filled(shop, tmp_path, people)
    campaign(shop, "start", spring)
    campaign(shop, "show", spring, "--watch")
    eventually(lambda: figures(shop, spring, token=token)["delivered"] == 3, "everybody's phone")
    # Read twice, and told once more that it was delivered.
    (entry,) = shop.sent_to(people[0])
    told = [webhooks.status(people[0], entry["wamid"], word) for word in ("read", "read", "delivered")]
    shop.deliver(webhooks.body([webhooks.change(shop.number, statuses=told)]))
    shop.hear_text(people[1], "Thank you")
    autumn = filled(shop, tmp_path, [shop.person(4), shop.person(5)], name="Autumn")
    house.web.put(f"{house.meta}/_sim/faults", json={"refuse_for_good": 1.0}).raise_for_status()
    try:
        campaign(shop, "start", autumn)
        eventually(lambda: figures(shop, autumn, token=token)["failed"] == 2, "two refusals")
    finally:
        house.web.put(f"{house.meta}/_sim/faults", json={}).raise_for_status()

    counted = {each: figures(shop, each, token=token) for each in (spring, autumn)}
    names = ("sent", "delivered", "read", "failed", "retries")

    def results() -> dict[str, dict[str, int]]:
        report = shop.ask("GET", "/analytics/campaigns", token=token).json()
        assert {each["name"] for each in report["campaigns"]} <= {"Spring", "Autumn"}
        return {each["campaign_id"]: {name: each[name] for name in names} for each in report["campaigns"]}

    expected = {each: {name: counted[each][name] for name in names} for each in counted}
    assert (expected[spring]["read"], expected[autumn]["failed"]) == (1, 2)
    eventually(lambda: results() == expected, "analytics knows all of it")
    (one,) = shop.ask("GET", f"/analytics/campaigns?campaign_id={spring}", token=token).json()["campaigns"]
    assert (one["replies"], one["opt_outs"], one["delivery_rate"], one["read_rate"]) == (1, 0, 100.0, 33.33)
    (lost,) = shop.ask("GET", f"/analytics/campaigns?campaign_id={autumn}", token=token).json()["campaigns"]
    assert [failure["messages"] for failure in lost["failures"]] == [2]

    def utility() -> list[dict[str, Any]]:
        (number,) = shop.ask("GET", "/analytics/costs?days=1", token=token).json()["numbers"]
        return [each for each in number["by_country"] if each["category"] == "utility"]

    billed = {"category": "utility", "type": "regular", "messages": 3, "is_billed": True, "calling_code": 55}
    eventually(lambda: utility() == [billed], "the price of what was delivered")


def test_a_paused_campaign_goes_on_and_a_cancelled_one_is_over(open_shop: OpenShop, tmp_path: Path) -> None:
    shop = open_shop({"sign": sign("Here we are.")})
    draft = filled(shop, tmp_path, [shop.person()])
    assert campaign(shop, "schedule", draft, "2099-12-01T09:00") == f"scheduled {draft}"
    assert re.match(rf"{draft} scheduled 0/1 Spring", campaign(shop, "list"))
    assert campaign(shop, "cancel", draft) == f"cancelled {draft}"
    with pytest.raises(CommandFailed, match="only a campaign that is draft or scheduled can start"):
        campaign(shop, "start", draft)
    assert shop.sent_to(shop.person()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("create", "Spring", "--number", "1", "--template", "gone.json"), "gone.json cannot be read"),
        (("create", "Spring", "--number", "1", "--template", "words.txt"), "words.txt is no content of the contract"),
        (("add", "ID", "gone.csv"), "gone.csv cannot be read"),
        (("add", "ID", "words.txt"), "words.txt has no column phone_number or user_id in its first line"),
        (("show", "0b7d6b0e-0000-4000-8000-000000000000"), "no campaign has this id"),
    ],
)
def test_wrong_input_ends_in_one_sentence(
    open_shop: OpenShop, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    shop = open_shop({"sign": sign("Here we are.")})
    (tmp_path / "words.txt").write_text("just words\n")
    placed = [str(tmp_path / each) if each.endswith((".json", ".txt", ".csv")) else each for each in arguments]
    with pytest.raises(CommandFailed, match=re.escape(sentence)) as failed:
        campaign(shop, *placed)
    assert "Traceback" not in str(failed.value)


def test_a_line_that_names_nobody_is_refused_and_the_others_are_added(open_shop: OpenShop, tmp_path: Path) -> None:
    shop = open_shop({"sign": sign("Here we are.")})
    file = tmp_path / "people.csv"
    file.write_text("name,phone_number\nAna,+55 11 98888-7777\nBia,no number\n,5511988887778\n")
    with pytest.raises(CommandFailed) as failed:
        campaign(shop, "add", made(shop, tmp_path), str(file))
    said = str(failed.value)
    assert "line 3: phone_number is no phone number" in said
    assert "line 4: the template's name has no value" in said


def test_all_contacts_are_an_audience_and_who_is_talking_may_be_left_out(open_shop: OpenShop, tmp_path: Path) -> None:
    shop = open_shop({"sign": sign("Here we are.")})
    person, other = shop.person(1), shop.person(2)
    shop.hear_text(person, "Oi")
    shop.hear_text(other, "Oi")
    draft = made(shop, tmp_path, "--audience", "all_contacts", "--skip-active")
    campaign(shop, "start", draft)
    told: dict[str, Any] = json.loads(campaign(shop, "show", draft, "--watch", "--json"))
    # Both are in a conversation: everybody is looked at, nobody is written to.
    assert (told["state"], told["figures"]["recipients"], told["figures"]["skipped"]) == ("completed", 2, 2)
    assert words_of(shop, person) == []
