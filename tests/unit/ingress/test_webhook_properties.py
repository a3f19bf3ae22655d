"""What holds for every body there can be, found by looking for one for which it does not hold."""

import contextlib
import json
from pathlib import Path

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ingress.domain.webhook import MalformedBody, parse_webhook
from services.ingress.domain.webhook.document import MOST_LEVELS, refuse_costly_shape

FOLDER = Path(__file__).parents[2] / "data" / "webhooks"
BODIES = [
    body
    for body in (json.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json")) if path.stem != "expected")
    if isinstance(body, dict) and body["object"] == "whatsapp_business_account"
]

# The machine that runs the tests may be busy; slowness is no failure of the parser.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

texts = st.text(st.characters() | st.sampled_from("\x00\ud800\udfff"), max_size=12)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
bodies = st.sampled_from(BODIES)


def written(document):
    return json.dumps(document).encode()


def texts_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)


def places_of(value, place=()):
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places_of(item, (*place, key))


def replaced(value, place, replacement):
    if not place:
        return replacement
    copy = value.copy()
    copy[place[0]] = replaced(value[place[0]], place[1:], replacement)
    return copy


@st.composite
def damaged_bodies(draw):
    """A good body with a few of its parts replaced by anything."""
    body = draw(bodies)
    for _ in range(draw(st.integers(1, 3))):
        body = replaced(body, draw(st.sampled_from(list(places_of(body)))), draw(anything))
    return body


def assert_storable(events):
    for event in events:
        assert event.dedupe_key
        for text in (*texts_of(event.fields), event.dedupe_key, event.subject or "", event.waba_id or ""):
            assert "\x00" not in text
            text.encode("utf-8")
        orjson.dumps(event.fields)


@unhurried
@given(st.binary(max_size=200))
def test_any_bytes_are_events_or_a_malformed_body(body):
    with contextlib.suppress(MalformedBody):
        assert_storable(parse_webhook(body))


@unhurried
@given(anything)
def test_any_json_is_events(document):
    assert_storable(parse_webhook(written(document)))


@unhurried
@given(anything)
def test_any_json_as_the_entries_of_a_webhook_is_events(entries):
    assert_storable(parse_webhook(written({"object": "whatsapp_business_account", "entry": entries})))


@unhurried
@given(damaged_bodies())
def test_a_damaged_body_is_events(body):
    assert_storable(parse_webhook(written(body)))


@unhurried
@given(damaged_bodies())
def test_the_same_body_gives_the_same_events(body):
    assert parse_webhook(written(body)) == parse_webhook(written(body))


@unhurried
@given(damaged_bodies())
def test_how_the_json_is_written_does_not_matter(body):
    plain, indented = written(body), json.dumps(body, indent=3, sort_keys=False).encode()
    assert parse_webhook(plain) == parse_webhook(indented)


@unhurried
@given(bodies, bodies)
def test_two_bodies_in_one_post_give_the_events_of_both(first, second):
    def told(body):
        return [
            (event.dedupe_key, event.waba_id, {key: value for key, value in event.fields.items() if key != "path"})
            for event in parse_webhook(written(body))
        ]

    joined = {**first, "entry": first["entry"] + second["entry"]}
    assert told(joined) == told(first) + told(second)


@unhurried
@given(bodies, st.integers(0, 3), anything)
def test_a_bad_message_costs_no_other_event(body, position, garbage):
    def others(document):
        return [event.dedupe_key for event in parse_webhook(written(document))]

    entry = {"id": "700100200300", "changes": [garbage] * position}
    joined = {**body, "entry": [entry, *body["entry"]]}
    assert others(joined)[-len(others(body)) or len(others(joined)) :] == others(body)


def levels_of(value):
    """How deep it is: the slow way."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(levels_of, inner), default=0)


# Texts that might be taken for structure.
tricky = st.text(st.sampled_from('[]{}"\\:,aé'), max_size=8)
anything_deep = st.recursive(
    tricky | st.integers(0, 9), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(tricky, inner, max_size=3)
)


wrappings = st.lists(st.sampled_from(["list", "dict"]), min_size=MOST_LEVELS - 4, max_size=MOST_LEVELS + 4)


@unhurried
@given(anything_deep, wrappings | st.just([]), st.lists(tricky, max_size=9))
def test_levels_are_counted_exactly_whatever_texts_hold(core, wrapped_in, neighbours):
    document = core
    for wrapping in wrapped_in:
        document = [*neighbours, document, *neighbours] if wrapping == "list" else {"".join(neighbours): document}
    for ascii_only in (True, False):
        is_refused = False
        try:
            refuse_costly_shape(json.dumps(document, ensure_ascii=ascii_only).encode())
        except MalformedBody:
            is_refused = True
        assert is_refused == (levels_of(document) > MOST_LEVELS)
