import json

from tests.unit.cli.conftest import FLOW, Line, acme
from tests.unit.cli.fake_flows import BROKEN


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


PEOPLE = {
    "users": [
        {"email": "ana@example.com", "name": "Ana", "role": "org_admin", "password": "três tigres tristes"},
        {"email": "rui@example.com", "role": "agent"},
    ],
    "api_keys": [
        {"name": "till", "scopes": ["flows:read"]},
        {"name": "own", "scopes": ["flows:read"], "key": "k" * 20},
    ],
}


async def test_people_and_keys_are_provided_and_what_was_made_is_told_once(line: Line) -> None:
    file = line.write(acme(**PEOPLE))
    first, second = await line.run("apply", file), await line.run("apply", file)

    assert "new       acme: user ana@example.com\n" in first.output
    assert "invitation_token pti_for_rui@example.com (told this once)" in first.output
    assert "key ptk_for_till (told this once)" in first.output
    assert "k" * 20 not in first.output
    assert (second.exit_code, second.output.splitlines()[-1]) == (0, "nothing to change")
    assert "pti_" not in second.output
    assert "acme" in line.kept.of("named").values()


async def test_secrets_that_were_made_are_in_the_json_as_well(line: Line) -> None:
    result = await line.run("apply", line.write(acme(**PEOPLE)), "--json")

    objects = {(it["kind"], it["name"]): it for it in json.loads(result.output)["objects"]}
    assert objects["user", "rui@example.com"]["invitation_token"] == "pti_for_rui@example.com"
    assert objects["API key", "till"]["key"] == "ptk_for_till"
    assert "key" not in objects["API key", "own"]


async def test_a_dry_run_asks_ingress_about_people_and_keys_and_makes_none(line: Line) -> None:
    await line.run("apply", line.write(acme(**PEOPLE)))
    puts = line.kept.puts
    users = [PEOPLE["users"][0] | {"role": "viewer"}, PEOPLE["users"][1], {"email": "leo@example.com", "role": "agent"}]
    edited = acme(users=users, api_keys=[{"name": "till", "scopes": ["users:read"]}])

    result = await line.run("apply", line.write(edited), "--dry-run", "--json")

    changes = {it["name"]: it["change"] for it in json.loads(result.output)["objects"]}
    assert [changes[name] for name in ("ana@example.com", "rui@example.com", "leo@example.com", "till")] == [
        "changed", "unchanged", "new", "changed",
    ]  # fmt: skip
    assert line.kept.puts == puts


async def test_in_a_new_organization_everybody_is_new(line: Line) -> None:
    result = await line.run("apply", line.write(acme(**PEOPLE)), "--dry-run")

    assert "new       acme: user rui@example.com" in result.output
    assert "new       acme: API key till" in result.output
    assert line.kept.puts == 0


async def test_what_was_made_before_a_refusal_is_told_with_it(line: Line) -> None:
    line.kept.refused_password = "três tigres alegres"
    users = [*PEOPLE["users"], {"email": "leo@example.com", "role": "agent", "password": "três tigres alegres"}]

    result = await line.run("apply", line.write(acme(users=users)))

    assert result.exit_code == 1
    assert "users[2]: password must be another one" in result.output
    assert "acme: user rui@example.com was made: invitation_token pti_for_rui@example.com" in result.output
