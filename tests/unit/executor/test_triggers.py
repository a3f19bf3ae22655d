"""What of a start node starts the flow, what the linter says of the rest, and what router is told."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.executor.domain import patterns
from services.executor.domain.compile import compile_flow
from services.executor.domain.document import FlowDocument, canonical_json, parse_document
from services.executor.domain.importers import import_flow
from services.executor.domain.json_value import is_storable
from services.executor.domain.lint import problems
from services.executor.domain.triggers import MOST_PATTERNS, MOST_TRIGGERS, MOST_WORDS, Trigger, triggers_of
from services.executor.ports import FlowStarts
from services.executor.worker import encode_starts
from services.pb.router.v1 import router_pb2
from services.router.domain import flow_triggers
from services.router.domain import patterns as patterns_of_router

FLOW = UUID("0b7e9a44-5a0c-4f5b-9d6f-1f2c3d4e5f60")
OI: dict[str, Any] = {"kind": "keyword", "keywords": ["oi"]}


def flow(triggers: Any) -> FlowDocument:
    nodes = [{"id": "s", "type": "start", "data": {"triggers": triggers}}, {"id": "f", "type": "end"}]
    return parse_document(
        {"schema": "pytake.flow/1", "name": "t", "nodes": nodes, "edges": [{"source": "s", "target": "f"}]}
    )


def found(triggers: Any) -> list[tuple[str, str]]:
    return [(item.code, item.severity) for item in problems(flow(triggers))]


def test_every_kind_is_read_with_what_it_asks_for() -> None:
    written = [
        {"kind": "keyword", "keywords": ["oi", 24], "match": "starts", "numbers": [1234, "5678"]},
        {"type": "keyword", "keywords": "promo"},
        {"kind": "keyword", "keywords": ["^A-[0-9]+$"], "match": "regex"},
        {"kind": "template_button", "payloads": ["YES"], "texts": ["Quero"]},
        {"kind": "referral", "sourceIds": ["120"], "sourceTypes": ["ad"]},
        {"kind": "any"},
    ]
    assert found(written) == []
    assert triggers_of(flow(written)) == (
        Trigger("keyword", "starts_with", ("oi", "24"), numbers=("1234", "5678")),
        Trigger("keyword", keywords=("promo",)),
        Trigger("keyword", "regex", ("^A-[0-9]+$",)),
        Trigger("template_button", payloads=("YES",), texts=("Quero",)),
        Trigger("referral", source_ids=("120",), source_types=("ad",)),
        Trigger("any"),
    )


@pytest.mark.parametrize(
    ("trigger", "code"),
    [
        ({"kind": "keyword"}, "empty_trigger"),
        ({"kind": "keyword", "keywords": [" "]}, "empty_trigger"),
        ({"kind": "template_button", "texts": [{}]}, "empty_trigger"),
        ({"kind": "keyword", "keywords": ["("], "match": "regex"}, "bad_regex"),
        ({"kind": "keyword", "keywords": ["a(?=b)"], "match": "regex"}, "bad_regex"),
        ({"kind": "keyword", "keywords": ["x" * 1001], "match": "regex"}, "bad_regex"),
        ({"kind": "keyword", "keywords": ["x" * 201]}, "trigger_too_long"),
        ({"kind": "keyword", "keywords": ["x"], "match": "sounds like"}, "unknown_match"),
        ({"kind": "any", "numbers": ["+55"]}, "bad_number"),
    ],
)
def test_a_trigger_that_cannot_work_refuses_publication_with_its_place_and_the_mend(trigger: Any, code: str) -> None:
    document = flow([OI, trigger])
    findings = [item for item in problems(document) if item.severity == "error"]
    assert {item.code for item in findings} == {code}
    assert all(item.node_id == "s" and item.mend and "triggers[1]" in item.message for item in findings)
    assert triggers_of(document) == (Trigger("keyword", keywords=("oi",)),)


@pytest.mark.parametrize(
    "triggers", ["oi", 7, {"kind": "any"}, ["oi"], [None], [{"kind": "webhook", "url": "x"}], [{}]]
)
def test_an_unknown_shape_is_kept_and_starts_nothing(triggers: Any) -> None:
    document = flow(triggers)
    assert found(triggers) == [("unknown_trigger", "warning")]
    assert triggers_of(document) == ()
    assert parse_document(import_flow(document.source).flow).nodes[0].data["triggers"] == triggers
    compile_flow(document)


def test_a_keyword_that_is_there_twice_is_advice() -> None:
    assert found([OI, {"kind": "keyword", "keywords": ["OI "]}]) == [("duplicate_trigger", "warning")]
    assert found([OI, {"kind": "keyword", "keywords": ["oi"], "match": "contains"}]) == []
    assert found([{**OI, "numbers": ["1"]}, {**OI, "numbers": ["2"]}]) == []


@pytest.mark.parametrize(
    "triggers",
    [
        [{"kind": "any"}] * (MOST_TRIGGERS + 1),
        [{"kind": "keyword", "keywords": [f"w{place}" for place in range(MOST_WORDS + 1)]}],
        [{"kind": "keyword", "match": "regex", "keywords": [f"w{place}" for place in range(MOST_PATTERNS + 1)]}],
    ],
)
def test_triggers_have_an_end(triggers: list[Any]) -> None:
    assert found(triggers) == [("too_many_triggers", "error")]
    assert len(triggers_of(flow(triggers))) <= MOST_TRIGGERS


def test_router_takes_as_much_as_a_flow_may_have_and_reads_patterns_alike() -> None:
    assert MOST_WORDS <= flow_triggers.MOST_WORDS
    assert MOST_PATTERNS <= flow_triggers.MOST_PATTERNS
    ours = (patterns.MAX_PATTERN, patterns.MAX_SUBJECT, patterns.MAX_MEMORY_BYTES)
    theirs = (patterns_of_router.MOST_CHARACTERS, patterns_of_router.LONGEST_TEXT, patterns_of_router.MOST_MEMORY_BYTES)
    assert ours == theirs


def test_router_is_told_under_an_id_that_follows_from_what_it_is_told_of() -> None:
    at = datetime(2026, 3, 4, 12, tzinfo=UTC) + timedelta(microseconds=7)
    triggers = (Trigger("keyword", "regex", ("^a",), numbers=("12",)), Trigger("referral", source_types=("ad",)))
    organization_id = uuid4()
    first, again, later = (
        encode_starts(FlowStarts(organization_id, FLOW, sequence, at, triggers)) for sequence in (4, 4, 5)
    )
    assert (first.group_id, first.lane_id) == (organization_id, FLOW)
    assert first == again
    assert later.event_id != first.event_id
    order = router_pb2.Order.FromString(first.payload)
    assert (order.flow_triggers.flow_id, order.flow_triggers.sequence) == (str(FLOW), 4)
    assert order.flow_triggers.published_at_us == 1_772_625_600_000_007
    keyword, referral = order.flow_triggers.triggers
    assert (keyword.kind, keyword.match) == (
        router_pb2.FLOW_TRIGGER_KIND_KEYWORD,
        router_pb2.KEYWORD_MATCH_REGEX,
    )
    assert (list(keyword.keywords), list(keyword.phone_number_ids)) == (["^a"], ["12"])
    assert (referral.kind, list(referral.source_types)) == (router_pb2.FLOW_TRIGGER_KIND_REFERRAL, ["ad"])


TEXT = st.text(st.characters(codec="utf-8"), max_size=12).filter(is_storable)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
WORDS = JSON | st.lists(TEXT | st.integers(0, 99), max_size=3)
TRIGGER = st.fixed_dictionaries(
    {},
    optional={
        "kind": JSON | st.sampled_from(["keyword", "template_button", "referral", "any"]),
        "type": JSON,
        "match": JSON | st.sampled_from(["exact", "starts_with", "contains", "regex"]),
        **dict.fromkeys(("keywords", "payloads", "texts", "sourceIds", "sourceTypes", "numbers"), WORDS),
    },
)


@given(triggers=JSON | st.lists(TRIGGER | JSON, max_size=4))
def test_whatever_stands_there_is_kept_judged_and_told_without_an_exception(triggers: Any) -> None:
    document = flow(triggers)
    findings = problems(document)
    told = triggers_of(document)
    encode_starts(FlowStarts(FLOW, FLOW, 2, datetime(2026, 1, 1, tzinfo=UTC), told))
    assert all(item.message and item.mend for item in findings)
    assert parse_document(import_flow(document.source).flow).nodes[0].data["triggers"] == triggers
    assert canonical_json(document)
    # Whatever is written and does not start the flow is told of.
    if isinstance(triggers, list) and len(told) < len(triggers):
        assert findings
