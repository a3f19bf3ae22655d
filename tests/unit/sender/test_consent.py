"""Whose word keeps what from leaving."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.sender.domain.consent import OPTED_OUT_CODE, OptOut, judged, refusal
from services.sender.domain.settling import Wish

DAY = 24 * 3600.0
SAID = 1_000_000.0
STOPPED = [OptOut("all", SAID)]
NO_ADS = [OptOut("marketing", SAID)]

# An answer to the very message that said stop.
ANSWER = Wish(UUID(int=1), 1, SAID + DAY, recipients=("351900000001",), window_closed_at=SAID + DAY)
TEMPLATE = replace(ANSWER, template="offer/pt_PT", window_expires_at=float("inf"))


def test_nothing_is_refused_to_who_said_nothing() -> None:
    assert judged(TEMPLATE, [], category="MARKETING") is TEMPLATE


def test_after_a_stop_word_nothing_leaves_not_even_the_answer_to_it() -> None:
    wish = judged(ANSWER, STOPPED, category="")
    assert wish.refusal_code == OPTED_OUT_CODE
    assert (wish.refusal or "").startswith("OPTED_OUT")


def test_the_answer_to_what_was_written_afterwards_leaves() -> None:
    later = replace(ANSWER, window_closed_at=SAID + DAY + 1)
    assert refusal(later, STOPPED, category="") is None


@pytest.mark.parametrize("opt_outs", [STOPPED, NO_ADS])
def test_advertising_never_leaves_to_who_wants_none(opt_outs: list[OptOut]) -> None:
    later = replace(TEMPLATE, window_closed_at=SAID + 2 * DAY)
    assert refusal(later, opt_outs, category="MARKETING") is not None


def test_a_template_that_nobody_knows_may_be_advertising() -> None:
    assert refusal(TEMPLATE, NO_ADS, category="") is not None


def test_who_wants_no_advertising_gets_all_else() -> None:
    assert refusal(TEMPLATE, NO_ADS, category="UTILITY") is None
    assert refusal(ANSWER, NO_ADS, category="") is None


def test_the_confirmation_and_read_receipts_leave() -> None:
    assert refusal(replace(ANSWER, is_confirmation=True), STOPPED, category="") is None
    assert refusal(replace(ANSWER, is_read_receipt=True), STOPPED, category="") is None
