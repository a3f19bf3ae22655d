"""How large lists of calls and answers may be."""

import pytest

from services.chassis.errors import InvalidArgument
from services.chassis.rpc.sizes import MOST_ENTRIES, MOST_LISTED_BYTES, MOST_TEXT, fitting, refuse_oversized
from services.pb.common.v1 import results_pb2
from services.pb.sender.v1 import sender_pb2


def test_a_list_within_the_limit_is_whole() -> None:
    messages = [results_pb2.ItemResult(reason="x" * 100)] * 50

    assert fitting(messages) == messages
    assert fitting([]) == []


def test_a_list_is_cut_where_the_answer_would_be_too_large() -> None:
    messages = [results_pb2.ItemResult(reason="x" * 1_000_000)] * 50

    assert fitting(messages) == messages[: MOST_LISTED_BYTES // 1_000_000]


def test_a_list_holds_one_entry_at_least() -> None:
    messages = [results_pb2.ItemResult(reason="x" * (MOST_LISTED_BYTES + 1))] * 2

    assert len(fitting(messages)) == 1


def test_a_list_of_a_request_has_an_end() -> None:
    statuses = [sender_pb2.OrganizationStatus()] * MOST_ENTRIES
    refuse_oversized(sender_pb2.ApplyStatusesRequest(statuses=statuses))

    with pytest.raises(InvalidArgument, match="statuses has 20001 entries"):
        refuse_oversized(sender_pb2.ApplyStatusesRequest(statuses=[*statuses, sender_pb2.OrganizationStatus()]))


def test_a_text_of_a_request_has_an_end() -> None:
    refuse_oversized(sender_pb2.ListMessagesRequest(state="é" * MOST_TEXT))

    with pytest.raises(InvalidArgument, match="state has 65537 characters"):
        refuse_oversized(sender_pb2.ListMessagesRequest(state="é" * (MOST_TEXT + 1)))


def test_texts_of_entries_are_left_to_who_reads_them() -> None:
    status = sender_pb2.OrganizationStatus(organization_id="x" * (MOST_TEXT + 1))

    refuse_oversized(sender_pb2.ApplyStatusesRequest(statuses=[status]))
