import json
from pathlib import Path

import pytest

from services.cli.apply.document import read_documents
from services.cli.apply.wanted import Organization
from services.cli.ending import WrongInput
from tests.unit.cli.conftest import FLOW, acme

NUMBER = {"phone_number_id": "1", "display_phone_number": "+1", "access_token": "t"}
APP = {"name": "main", "app_secret": "s", "verify_token": "v"}


# Ten lists of ten of the one before: a thousand characters that mean a hundred thousand million.
LAUGHS = "a0: &a0 [0]\n" + "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(11))


def read(tmp_path: Path, *documents: object, environment: dict[str, str] | None = None) -> tuple[Organization, ...]:
    paths = [tmp_path / f"{index}.yaml" for index in range(len(documents))]
    for path, document in zip(paths, documents, strict=True):
        path.write_text(document if isinstance(document, str) else json.dumps(document))
    return read_documents(paths, environment or {})


ANA = {"email": "ana@example.com", "role": "agent"}
TILL = {"name": "till", "scopes": ["flows:read"]}


def one(**organization: object) -> dict[str, object]:
    return {"organizations": [{"name": "acme"} | organization]}


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("organizations: [", "0.yaml: this is not YAML in line"),
        ("- acme", "0.yaml: is not an object; write keys and values"),
        ({}, "organizations is missing; list at least one organization"),
        ({"organisations": []}, "organisations is not a known key; did you mean organizations?"),
        ({"organizations": {}}, "organizations is an object, not a list"),
        ({"organizations": [{}]}, "organizations[0].name is missing; give it a value"),
        (one(chatbot=[]), "organizations[0].chatbot is not a known key; did you mean chatbots?"),
        (one(name=True), "organizations[0].name is true or false, not a text; put it in quotes"),
        (one(name="x" * 121), "organizations[0].name has 121 characters; at most 120 are allowed"),
        (one(time_zone="Brasil/Leste"), "organizations[0].time_zone is 'Brasil/Leste', no time zone"),
        (one(templates=[{}]), "organizations[0].templates cannot be applied by this version of PyTake; take it out"),
        ({"organizations": [], "templates": [{}]}, "templates cannot be applied by this version"),
        ({"organizations": [], "users": [{}]}, "users is not a known key"),
        (one(api_keys=[1]), "api_keys[0] is not an object"),
        (one(users=[{"role": "agent"}]), "users[0].email is missing"),
        (one(users=[{"email": "ana@example.com"}]), "users[0].role is missing"),
        (one(users=[{**ANA, "email": "ana"}]), "users[0].email must be an e-mail address"),
        (one(users=[{**ANA, "role": "boss"}]), "users[0].role is 'boss'; use super_admin, org_admin"),
        (one(users=[{**ANA, "password": "short"}]), "users[0].password must have 8 to 256 characters"),
        (one(users=[{**ANA, "active": "no"}]), "users[0].active is a text; write true or false"),
        (one(users=[{**ANA, "admin": True}]), "users[0].admin is not a known key"),
        (one(users=[ANA, {**ANA, "email": "ANA@example.com"}]), "users[1].email is 'ana@example.com', as of the user"),
        (one(api_keys=[{"scopes": ["flows:read"]}]), "api_keys[0].name is missing"),
        (one(api_keys=[{"name": "till"}]), "api_keys[0].scopes is missing; list at least one permission"),
        (one(api_keys=[{**TILL, "scopes": ["flow:read"]}]), "has 'flow:read', which is no permission; did you mean"),
        (one(api_keys=[{**TILL, "scopes": "flows:read"}]), "api_keys[0].scopes is a text, not a list"),
        (one(api_keys=[{**TILL, "key": "short"}]), "api_keys[0].key must be 20 to 200 letters"),
        (one(api_keys=[{**TILL, "expires_in_days": 0}]), "expires_in_days must be a whole number from 1 to 3650"),
        (one(api_keys=[{**TILL, "requests_per_minute": "many"}]), "requests_per_minute must be a whole number"),
        (one(api_keys=[TILL, TILL]), "api_keys[1].name is 'till', as of the API key at"),
        (one(numbers=[NUMBER, {**NUMBER, "phone_number_id": "x1"}]), "numbers[1].phone_number_id is 'x1'; it must be"),
        (one(numbers=[{"access_token": "EAAx"}]), "numbers[0].phone_number_id is missing"),
        (one(numbers=[NUMBER, NUMBER]), "numbers[1].phone_number_id is '1', as of the number at"),
        (one(numbers=[{**NUMBER, "chatbot": "x"}]), "numbers[0].chatbot is 'x', which is not a chatbot"),
        (one(numbers=[{**NUMBER, "active": "yes"}]), "numbers[0].active is a text; write true or false"),
        (one(numbers=["1"]), "numbers[0] is not an object"),
        (one(meta_apps=[{**APP, "name": "a b"}]), "meta_apps[0].name is 'a b'; use 1 to 64 letters"),
        (one(meta_apps=[APP, APP]), "meta_apps[1].name is 'main', as of the Meta app at"),
        (one(flows=[{"name": "f"}]), "flows[0].file is missing; give it a value (or document)"),
        (one(flows=[{"name": "f", "file": "no.json"}]), "no.json, but it cannot be read"),
        (one(flows=[{"name": "f", "file": "x", "document": {}}]), "flows[0] has both file and document"),
        (one(chatbots=[{"name": "c"}]), "chatbots[0].default_flow is missing; give it a value (or main_flow)"),
        (one(triggers=[{"keyword": "a", "flow": "f", "match": "regex"}]), "triggers[0].match is 'regex'; use exact"),
        (one(triggers=[{"keyword": "a"}]), "triggers[0].flow is missing"),
        (one(triggers=[{"flow": "f"}]), "triggers[0].keyword is missing"),
        ({"organizations": [{"name": "a"}, {"name": "a"}]}, "organizations[1].name is 'a', as of the organization at"),
        ("organizations:\n  - name: a\n    name: b\n", "the key 'name' stands twice"),
        (LAUGHS, "0.yaml: this is too large once its aliases are written out"),
        ("a: &a [*a]", "0.yaml: this is not YAML"),
        ("[" * 5000, "0.yaml: this is"),
        (one(name="${NOWHERE}"), "organizations[0].name needs the environment variable NOWHERE, which is not set"),
    ],
)
def test_wrong_input_is_told_with_its_place_and_mend(tmp_path: Path, document: object, sentence: str) -> None:
    with pytest.raises(WrongInput) as caught:
        read(tmp_path, document)
    assert sentence in str(caught.value)
    assert "nothing was changed" in str(caught.value)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(WrongInput) as caught:
        read(tmp_path, one(numbers=[{}], chatbots=[{}]))
    assert len(str(caught.value).splitlines()) == 4


def test_ids_keep_the_digits_they_were_written_with(tmp_path: Path) -> None:
    text = (
        "organizations:\n- name: 42\n  numbers:\n"
        "  - {phone_number_id: 010203040506070, display_phone_number: 5511, access_token: 12e5}\n"
    )
    (organization,) = read(tmp_path, text)
    (number,) = organization.numbers
    assert (organization.name, number.name, number.display_phone_number) == ("42", "010203040506070", "5511")


def test_what_is_not_served_may_be_named_when_it_is_empty(tmp_path: Path) -> None:
    (organization,) = read(tmp_path, one(templates=[], users=None, api_keys=[]))
    assert organization.name == "acme"


def test_users_and_keys_are_read_in_their_forms_and_their_secrets_are_not_shown(tmp_path: Path) -> None:
    user = {**ANA, "email": "Ana@Example.com", "name": "Ana", "password": "três tigres tristes", "active": False}
    key = {**TILL, "scopes": ["users:read", "flows:read"], "expires_in_days": 90, "key": "k" * 20}

    (organization,) = read(tmp_path, one(users=[user], api_keys=[key]))

    (read_user,), (read_key,) = organization.users, organization.api_keys
    assert (read_user.name, read_user.display_name, read_user.is_active) == ("ana@example.com", "Ana", False)
    assert (read_key.scopes, read_key.expires_in_days) == (("flows:read", "users:read"), 90)
    assert "tigres" not in repr(read_user)
    assert "k" * 20 not in repr(read_key)


def test_values_are_taken_from_the_environment_and_two_dollars_keep_them(tmp_path: Path) -> None:
    document = one(meta_apps=[{**APP, "app_secret": "a-${SECRET}", "verify_token": "$${SECRET}"}])
    (organization,) = read(tmp_path, document, environment={"SECRET": "b"})
    assert (organization.apps[0].app_secret, organization.apps[0].verify_token) == ("a-b", "${SECRET}")


def test_an_inline_flow_is_taken_as_it_is(tmp_path: Path) -> None:
    flow = {"nodes": [{"id": "a", "data": {"content": "${NOWHERE} 07", "limit": 7, "on": True}}]}
    (organization,) = read(tmp_path, one(flows=[{"name": "f", "document": flow}]))
    assert json.loads(organization.flows[0].document) == flow


def test_a_flow_file_lies_beside_the_apply_file(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(json.dumps(FLOW))
    (organization,) = read(tmp_path, one(flows=[{"name": "f", "file": "f.json"}]))
    assert json.loads(organization.flows[0].document) == FLOW
    assert organization.flows[0].is_published


def test_several_files_merge_by_the_organizations_name(tmp_path: Path) -> None:
    (organization,) = read(tmp_path, one(numbers=[NUMBER]), one(meta_apps=[APP], time_zone="UTC"))
    assert ([it.name for it in organization.numbers], organization.time_zone) == (["1"], "UTC")


def test_files_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match=r"1\.yaml: organizations\[0\]\.time_zone is 'UTC' here"):
        read(tmp_path, one(time_zone="America/Sao_Paulo"), one(time_zone="UTC"))


def test_a_number_may_stand_once_in_all_files(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match=r"1\.yaml: organizations\[0\]\.numbers\[0\]\.phone_number_id is '1', as of"):
        read(tmp_path, one(numbers=[NUMBER]), {"organizations": [{"name": "globex", "numbers": [NUMBER]}]})


def test_keywords_become_one_trigger_each(tmp_path: Path) -> None:
    (organization,) = read(tmp_path, one(triggers=[{"keywords": ["a", 2], "flow": "f", "match": "starts_with"}]))
    assert [(it.keyword, it.match) for it in organization.triggers or ()] == [("a", 3), ("2", 3)]


def test_triggers_that_are_not_named_are_left_alone_and_an_empty_list_removes_them(tmp_path: Path) -> None:
    assert read(tmp_path, one())[0].triggers is None
    assert read(tmp_path, one(triggers=[]))[0].triggers == ()


def test_anchors_may_be_merged_and_overridden(tmp_path: Path) -> None:
    text = (
        "organizations:\n- name: acme\n  numbers:\n"
        "  - &first {phone_number_id: 1, display_phone_number: '+1', access_token: t}\n"
        "  - {<<: *first, phone_number_id: 2}\n"
    )
    (organization,) = read(tmp_path, text)
    assert [number.name for number in organization.numbers] == ["1", "2"]


def test_a_json_file_is_read_as_json(tmp_path: Path) -> None:
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(acme(), indent="\t"))
    assert read_documents([path], {})[0].name == "acme"


def test_a_file_that_is_too_large_to_be_one_of_ours_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cli.apply.reading.MOST_FILE_BYTES", 10)

    with pytest.raises(WrongInput, match="it has more than 10 bytes; split it"):
        read(tmp_path, one())
