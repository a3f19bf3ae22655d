"""The control API: numbers, ledger, plans, counts."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from services.embedded.meta.app import build_simulator
from services.embedded.meta.control import keep_control_local
from services.embedded.meta.ledger import Ledger
from services.embedded.meta.people import Person
from services.embedded.meta.plans import InputError
from services.embedded.meta.statuses import Accepted
from tests.unit.simulated_meta.world import AUTHORIZED, NUMBER, PHONE, World, text

OTHER = {
    "display_phone_number": "+1 555 0100",
    "waba_id": "12",
    "access_tokens": ["t"],
    "app_secret": "s",
    "limits": {"pair_burst": 3},
}


def accepted(opaque: str) -> Accepted:
    return Accepted(NUMBER, Person(PHONE, ""), "wamid.x", "text", opaque, is_for_group=False)


async def test_a_number_registers_with_defaults_and_is_listed(world: World) -> None:
    answer = await world.client.put("/_sim/numbers/77", json=OTHER)
    assert answer.status == 200
    _, listed = await world.get("/_sim/numbers")
    number = next(number for number in listed["numbers"] if number["phone_number_id"] == "77")
    assert number["limits"]["pair_burst"] == 3
    assert number["limits"]["messages_per_second"] == 80
    assert number["webhook_url"] == ""


async def test_a_registered_number_accepts_messages_at_once(world: World) -> None:
    await world.client.put("/_sim/numbers/77", json=OTHER)
    answer = await world.client.post("/v26.0/77/messages", json=text(), headers={"Authorization": "Bearer t"})
    assert answer.status == 200


@pytest.mark.parametrize(
    "change", [{"waba_id": 12}, {"access_tokens": "t"}, {"limits": {"burst": 3}}, {"limits": 3}, {"colour": "red"}]
)
async def test_a_faulty_registration_is_refused_with_a_sentence(world: World, change: dict[str, object]) -> None:
    answer = await world.client.put("/_sim/numbers/77", json=OTHER | change)
    assert answer.status == 400
    assert (await answer.json())["detail"]
    assert "77" not in world.meta.numbers


async def test_a_registration_without_secret_says_what_is_missing(world: World) -> None:
    lacking = {name: value for name, value in OTHER.items() if name != "app_secret"}
    answer = await world.client.put("/_sim/numbers/77", json=lacking)
    assert answer.status == 400
    assert "app_secret" in (await answer.json())["detail"]


async def test_the_ledger_holds_what_was_sent_in_order(world: World) -> None:
    for words in ("one", "two", "three"):
        await world.send(text(words, biz_opaque_callback_data=f"id-{words}"))
    _, ledger = await world.get("/_sim/ledger")
    assert [entry["body"]["text"]["body"] for entry in ledger["messages"]] == ["one", "two", "three"]
    assert [entry["sequence"] for entry in ledger["messages"]] == [1, 2, 3]
    first = ledger["messages"][0]
    assert first["biz_opaque_callback_data"] == "id-one"
    assert first["to"] == PHONE
    assert first["accepted_at"] == 1_800_000_000 * 10**9


async def test_arrival_counts_refused_requests_too(world: World) -> None:
    await world.send(text(""))
    await world.send(text())
    _, ledger = await world.get("/_sim/ledger")
    assert [(entry["sequence"], entry["arrival"]) for entry in ledger["messages"]] == [(1, 2)]


async def test_the_ledger_can_be_asked_for_one_conversation_and_in_pages(world: World) -> None:
    for to in (PHONE, "447700900777", PHONE):
        await world.send(text(to=to))
    _, mine = await world.get("/_sim/ledger", to=f"+{PHONE}", phone_number_id=NUMBER.phone_number_id)
    _, others = await world.get("/_sim/ledger", phone_number_id="1")
    _, page = await world.get("/_sim/ledger", after="1", limit="1")
    assert [entry["sequence"] for entry in mine["messages"]] == [1, 3]
    assert others["messages"] == []
    assert [entry["sequence"] for entry in page["messages"]] == [2]


async def test_receipts_are_not_in_the_ledger(world: World) -> None:
    await world.send({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x"})
    assert (await world.get("/_sim/ledger"))[1] == {"messages": []}


async def test_a_cleared_ledger_is_empty_and_counts_from_one(world: World) -> None:
    await world.send(text(biz_opaque_callback_data="a"))
    await world.client.delete("/_sim/ledger")
    await world.send(text(biz_opaque_callback_data="a"))
    stats = (await world.get("/_sim/stats"))[1]
    assert (stats["accepted"], stats["duplicates"]) == (1, 0)


async def test_a_message_sent_twice_under_one_opaque_id_is_a_duplicate(world: World) -> None:
    for opaque in ("a", "b", "a", "a"):
        await world.send(text(biz_opaque_callback_data=opaque))
    await world.send(text())
    await world.send(text())
    stats = (await world.get("/_sim/stats"))[1]
    assert (stats["accepted"], stats["duplicates"], stats["duplicate_ids"]) == (6, 2, {"a": 2})


async def test_refusals_are_counted_by_code(world: World) -> None:
    await world.send(text(""))
    await world.send(text(), headers={})
    assert (await world.get("/_sim/stats"))[1]["refused"] == {"131008": 1, "0": 1}


async def test_a_put_plan_replaces_the_whole_plan(world: World) -> None:
    await world.client.put("/_sim/faults", json={"accept_502": 0.5, "delay_ms": 7})
    await world.client.put("/_sim/faults", json={"delay_ms": 9, "statuses": ["sent"]})
    _, plan = await world.get("/_sim/faults")
    assert (plan["accept_502"], plan["delay_ms"], plan["statuses"]) == (0, 9, ["sent"])


async def test_a_faulty_plan_leaves_the_old_one_in_force(world: World) -> None:
    await world.client.put("/_sim/delivery", json={"batch_size": 50})
    answer = await world.client.put("/_sim/delivery", json={"batch_size": 5000})
    assert answer.status == 400
    assert (await world.get("/_sim/delivery"))[1]["batch_size"] == 50


async def test_a_form_of_a_foreign_page_is_not_taken(world: World) -> None:
    answer = await world.client.put("/_sim/faults", data="{}", headers={"Content-Type": "text/plain"})
    assert answer.status == 400


@pytest.mark.parametrize(
    ("remote", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 403), ("fe80::1%eth0", 403)]
)
async def test_the_control_api_answers_this_machine_only(remote: str, status: int) -> None:
    async def secrets(_request: web.Request) -> web.StreamResponse:
        return web.Response()

    request = make_mocked_request("GET", "/_sim/numbers").clone(remote=remote)
    assert (await keep_control_local(request, secrets)).status == status


def test_a_full_ledger_drops_its_oldest_entries_and_says_how_many() -> None:
    ledger = Ledger(capacity=2)
    for opaque in ("a", "b", "c", "a"):
        ledger.append(accepted(opaque), arrival=1, accepted_at=1, body=b"{}")
    assert [entry.opaque for entry in ledger.read()] == ["c", "a"]
    assert (ledger.accepted, ledger.dropped, ledger.duplicates["a"]) == (4, 2, 1)


def test_a_configuration_registers_numbers_and_sets_plans() -> None:
    meta = build_simulator(
        {
            "numbers": [OTHER | {"phone_number_id": "77"}],
            "faults": {"accept_502": 0.25},
            "delivery": {"batch_size": 9},
        }
    )
    assert meta.numbers["77"].limits.pair_burst == 3
    assert (meta.faults.plan.accept_502, meta.outbox.plan.batch_size) == (0.25, 9)


@pytest.mark.parametrize("config", [{"number": []}, {"numbers": {}}, {"numbers": [OTHER]}])
def test_a_faulty_configuration_is_refused(config: dict[str, object]) -> None:
    with pytest.raises(InputError):
        build_simulator(config)


async def test_paths_of_the_control_api_are_no_graph_paths(world: World) -> None:
    answer = await world.client.get("/_sim/nothing", headers=AUTHORIZED)
    assert answer.status in (400, 404)
    assert "numbers" not in await answer.text()
