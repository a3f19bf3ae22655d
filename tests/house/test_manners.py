"""Every method has the manners of all: lists come in pages, changes say what they mean, streams can be gone on with."""

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from services.pb.common.v1 import policy_pb2
from tests.house.calls import COMMON
from tests.house.test_callers import ROOMS, services_of

WITHOUT_PAGES = {
    "ingress.Accounts.ListRoles": "there are five of them",
    "common.DeadLetters.ListDeadLetters": "the operator's: they become fewer as they are mended",
    "ingress.Apps.ListApps": "the operator's: an organization has one or two",
    "ingress.Events.ListEvents": "the operator's: the newest are looked at",
    "router.Directory.ListNumbers": "the operator's: an organization has a handful",
    "router.Directory.ListOrganizations": "the house's, for the operator and ingress",
    "router.Privacy.ListRetentions": "the house's, for ingress",
    "sender.Numbers.ListPauses": "the operator's: what is paused is mended, not paged",
}
"""Lists whose requests have no limit and cursor."""

STREAMS_OF_ONE_THING = {
    "sender.Media.GetMediaContent": "a file has an end; what was lost is asked for again",
}
"""Streams that tell no cursor."""

LIST, UPDATE, WATCH = ("List",), ("Update",), ("Watch",)


def methods(*words: str) -> Iterator[tuple[str, MethodDescriptor]]:
    """Methods that begin with one of the words, or are nothing but one, by room, service and name."""
    for room in (*ROOMS, COMMON):
        for service in services_of(room):
            for method in service.methods:
                if method.name.startswith(words):
                    yield f"{room}.{service.name}.{method.name}", method


def kind_of(message: Descriptor, name: str) -> str:
    """The type of a field, or nothing when there is none."""
    field = message.fields_by_name.get(name)
    if field is None:
        return ""
    if field.message_type is not None:
        return str(field.message_type.full_name)
    return {FieldDescriptor.TYPE_STRING: "string", FieldDescriptor.TYPE_INT32: "int32"}.get(field.type, "else")


def test_every_list_has_a_limit_and_a_cursor_and_tells_the_next_one() -> None:
    without = {
        name
        for name, method in methods(*LIST)
        if (kind_of(method.input_type, "limit"), kind_of(method.input_type, "cursor")) != ("int32", "string")
        or kind_of(method.output_type, "cursor") != "string"
    }

    assert without == WITHOUT_PAGES.keys()


def test_a_list_without_pages_is_no_teams_unless_it_is_short_for_good() -> None:
    found = dict(methods(*LIST))
    for_teams = {
        name for name in WITHOUT_PAGES if "team" in found[name].GetOptions().Extensions[policy_pb2.policy].callers
    }

    assert for_teams == {"ingress.Accounts.ListRoles"}


def test_every_update_says_by_a_mask_which_fields_are_meant() -> None:
    kinds = {name: kind_of(method.input_type, "update_mask") for name, method in methods(*UPDATE)}

    assert len(kinds) >= 6
    assert set(kinds.values()) == {"google.protobuf.FieldMask"}


def test_every_stream_can_be_gone_on_with() -> None:
    streams = {name: method for name, method in methods("") if method.server_streaming}
    without = {
        name
        for name, method in streams.items()
        if (kind_of(method.input_type, "cursor"), kind_of(method.output_type, "cursor")) != ("string", "string")
    }

    assert without == STREAMS_OF_ONE_THING.keys()
    assert {name for name, _ in methods(*WATCH)} == streams.keys() - without


@pytest.mark.parametrize("word", ["Get", "List", "Watch"])
def test_a_team_that_looks_needs_no_right_to_change(word: str) -> None:
    changing = (":manage", ":send", ":publish", ":execute", ":close")
    scopes = {name: method.GetOptions().Extensions[policy_pb2.policy].scope for name, method in methods(word)}

    wrong = {name for name, scope in scopes.items() if scope.endswith(changing)}
    # A turn is asked for by who tried the flow; whoever invites sees who is invited.
    assert wrong <= {"executor.States.GetTurn", "ingress.Accounts.ListInvitations"}
