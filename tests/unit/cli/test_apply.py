import json

from tests.unit.cli.conftest import FLOW, Line, acme
from tests.unit.cli.fake_house import BROKEN


async def test_a_second_run_changes_nothing_and_says_so(line: Line) -> None:
    file = line.write(acme())
    first = await line.run("apply", file)
    assert (first.exit_code, first.output.splitlines()[-1]) == (0, "6 of 6 objects changed")
    second = await line.run("apply", file)
    assert (second.exit_code, second.output.splitlines()[-1]) == (0, "nothing to change")


async def test_everything_is_stored_and_bound_by_name(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    (organization,) = {key[0] for key in line.kept.values if key[1] == "chatbot"}
    number = line.kept.values[organization, "number", "300000000000003"]
    assert (number.chatbot_id, number.app, number.is_active) == ("bot-shop", f"{organization}/main", True)
    assert line.kept.values["token", "300000000000003"] == "EAAtest"
    assert line.kept.values[organization, "chatbot", "shop"] == ("flow-sales", True)
    assert line.kept.values[organization, "triggers"] == [("promo", 1, "flow-sales", "")]


async def test_a_dry_run_prints_the_difference_and_stores_nothing(line: Line) -> None:
    result = await line.run("apply", line.write(acme()), "--dry-run")
    assert "new       acme: number 300000000000003" in result.output
    assert line.kept.puts == 0


async def test_a_dry_run_after_applying_finds_only_what_was_edited(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    edited = acme(chatbots=[{"name": "shop", "default_flow": "sales", "active": False}])
    result = await line.run("apply", line.write(edited), "--dry-run", "--json")
    changes = {it["kind"]: it["change"] for it in json.loads(result.output)["objects"]}
    assert changes.pop("chatbot") == "changed"
    assert set(changes.values()) == {"unchanged"}


async def test_a_flow_with_errors_stops_everything_before_it_begins(line: Line) -> None:
    flow = FLOW | {"note": BROKEN}
    result = await line.run("apply", line.write(acme(flows=[{"name": "sales", "document": flow}])))
    assert result.exit_code == 2
    assert "flow 'sales': node n1: It is broken. Glue it." in result.output
    assert line.kept.puts == 0


async def test_a_document_that_holds_no_flow_is_named_with_its_place(line: Line) -> None:
    result = await line.run("apply", line.write(acme(flows=[{"name": "sales", "document": {}}])))
    assert result.exit_code == 2
    assert "shop.json: organizations[0].flows[0]: flow 'sales': document holds no flow" in result.output


async def test_a_number_of_another_organization_is_refused_with_its_place(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    result = await line.run("apply", line.write(acme(name="globex")))
    assert result.exit_code == 1
    assert "shop.json: organizations[0].numbers[0]: another organization has this number" in result.output


async def test_one_organizations_failure_does_not_stop_the_others(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    others = [*acme(name="globex")["organizations"], *acme(name="initech", numbers=[])["organizations"]]
    result = await line.run("apply", line.write({"organizations": others}))
    assert result.exit_code == 1
    assert len({key[0] for key in line.kept.values if key[1] == "triggers"}) == 2


async def test_a_later_file_may_use_flows_and_apps_that_the_house_has(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    later = acme(flows=[], meta_apps=[])
    result = await line.run("apply", line.write(later, "later.json"))
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "nothing to change")


async def test_a_flow_that_is_only_a_draft_cannot_be_a_chatbots_flow(line: Line) -> None:
    result = await line.run("apply", line.write(acme(flows=[{"name": "sales", "document": FLOW, "publish": False}])))
    assert result.exit_code == 2
    assert "organizations[0].chatbots[0].default_flow is 'sales', a flow that is not published" in result.output


async def test_a_number_takes_the_app_of_another_organization_in_the_file(line: Line) -> None:
    agency = {"name": "agency", "meta_apps": [{"name": "shared", "app_secret": "x", "verify_token": "y"}]}
    document = acme(numbers=[acme()["organizations"][0]["numbers"][0] | {"app": "shared"}])
    document["organizations"].append(agency)
    result = await line.run("apply", line.write(document))
    assert result.exit_code == 0
    (number,) = (value for key, value in line.kept.values.items() if key[1] == "number")
    (owner,) = (key[0] for key in line.kept.values if key[1:] == ("app", "shared"))
    assert number.app == f"{owner}/shared"


async def test_settings_change_only_when_a_file_names_them(line: Line) -> None:
    await line.run("apply", line.write(acme(time_zone="Europe/Lisbon", fallback_flow="sales")))
    await line.run("apply", line.write(acme()))
    assert line.kept.values["organization", "acme"] == ("Europe/Lisbon", "flow-sales")


async def test_the_file_with_applied_secrets_is_for_its_owner_alone(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    assert (line.data / "secrets" / "applied.json").stat().st_mode & 0o777 == 0o600


async def test_without_a_house_apply_says_how_to_start_one(line: Line) -> None:
    (line.data / "elsewhere").mkdir()
    elsewhere = Line(line.data / "elsewhere", line.kept)
    result = await elsewhere.run("apply", line.write(acme()))
    assert result.exit_code == 3
    assert "pytake up" in result.output
