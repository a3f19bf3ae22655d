"""When a contact wrote, and until when the window is open."""

from uuid import UUID

import pytest

from services.router.domain.conversation import Touch, combine, said_at, window_after

NOW = 1_795_000_000
DAY = 24 * 3600


@pytest.mark.parametrize(
    ("sent_at", "received_at_ms", "expected"),
    [
        (NOW - 60, NOW * 1000, NOW - 60),
        (NOW - 7 * DAY, NOW * 1000, NOW - 7 * DAY),
        (NOW - 9 * DAY, NOW * 1000, NOW),
        (0, (NOW - 5) * 1000, NOW - 5),
        (-7, (NOW - 5) * 1000, NOW - 5),
        (NOW + 120, NOW * 1000, NOW + 120),
        (NOW + DAY, NOW * 1000, NOW + 300),
        (0, 0, NOW),
        (0, (NOW + DAY) * 1000, NOW),
        (2**62, 2**62, NOW + 300),
    ],
)
def test_metas_time_counts_unless_it_is_missing_or_cannot_be_true(sent_at, received_at_ms, expected):
    assert said_at(sent_at=sent_at, received_at_ms=received_at_ms, now=NOW) == expected


@pytest.mark.parametrize(
    ("kind", "window"),
    [("text", NOW + DAY), ("image", NOW + DAY), ("reaction", NOW + DAY), ("system", 0), ("unsupported", 0)],
)
def test_whatever_the_contact_writes_opens_a_day_and_metas_own_words_open_nothing(kind, window):
    assert window_after(kind=kind, said_at=NOW) == window


def test_a_batch_touches_each_conversation_once_with_its_latest_times():
    organization_id, first, second = (UUID(int=n) for n in (1, 2, 3))
    touches = [
        Touch(organization_id, second, first, "1", 5, 9),
        Touch(organization_id, first, first, "1", 3, 0),
        Touch(organization_id, second, first, "1", 4, 0, "person"),
    ]
    assert combine(touches) == [
        Touch(organization_id, first, first, "1", 3, 0),
        Touch(organization_id, second, first, "1", 5, 9, "person"),
    ]
