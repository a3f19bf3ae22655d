"""The page tells teams what they may call: the table is the policies, and the policies are the table."""

import re

from tests.house.calls import COMMON
from tests.house.files import ROOT
from tests.house.test_callers import ROOMS, policies_of, services_of

PAGE = ROOT / "docs" / "api.md"
ROW = re.compile(r"^\| `pytake\.(\w+)\.v1\.(\w+)`[^|]*\| (.+) \|$", re.MULTILINE)
GROUP = re.compile(r"((?:`\w+`(?:, )?)+) \(`([a-z_]+:[a-z_]+)`\)")

Permitted = dict[tuple[str, str, str], str]


def told(text: str) -> Permitted:
    """What a table says, as room, service and method, with the permission of each."""
    found = {}
    for room, service, methods in ROW.findall(text):
        assert re.sub(r"[,;]? ?", "", GROUP.sub("", methods)) == "", methods
        for names, scope in GROUP.findall(methods):
            for name in re.findall(r"\w+", names):
                assert (room, service, name) not in found
                found[room, service, name] = scope
    return found


def declared() -> Permitted:
    """What the policies say."""
    return {
        (room, service, method): str(policy.scope)
        for room in (*ROOMS, COMMON)
        for (service, method), policy in policies_of(room).items()
        if "team" in policy.callers
    }


def test_the_page_lists_every_method_of_teams_with_its_permission_and_no_other() -> None:
    on_page, in_policies = told(PAGE.read_text()), declared()

    assert len(in_policies) > 100
    assert {key: scope for key, scope in on_page.items() if in_policies.get(key) != scope} == {}
    assert in_policies.keys() - on_page.keys() == set()


def test_a_page_that_leaves_out_or_invents_something_is_found() -> None:
    text = PAGE.read_text()

    for old, new in (("`ListNotes`, ", ""), ("`ListUsers`", "`ListPeople`"), ("users:read", "users:manage")):
        changed = text.replace(old, new)
        assert changed != text
        assert told(changed) != declared()


def test_the_contracts_page_lists_every_service() -> None:
    """`ingress/v1/ingress.proto | Intake (watermark), Apps …` is what the services are."""
    page = (ROOT / "protos" / "README.md").read_text()
    for room in ROOMS:
        (row,) = re.findall(rf"^\| `{room}/v1/{room}\.proto` \| (.+) \|$", page, re.MULTILINE)
        assert re.sub(r" \([^)]*\)", "", row).split(", ") == [service.name for service in services_of(room)]
