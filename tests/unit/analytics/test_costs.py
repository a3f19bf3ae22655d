"""What Meta charges: by whose country, and which of it costs something."""

from datetime import date
from uuid import uuid4

import pytest

from services.analytics.domain.calling import calling_code
from services.analytics.domain.figures import CampaignResults, Charge, NumberCosts


@pytest.mark.parametrize(
    ("phone_number", "code"),
    [
        ("5511987654321", 55), ("+5511987654321", 55),
        ("14155550100", 1), ("77011234567", 7), ("351215550100", 351), ("4930123456", 49),
        ("97230000000", 972), ("", 0), ("55", 55), ("PT.4711", 0), ("999123", 0), ("٥٥١١", 0),
    ],
)  # fmt: skip
def test_a_phone_number_tells_its_country(phone_number: str, code: int) -> None:
    assert calling_code(phone_number) == code


@pytest.mark.parametrize(
    ("kind", "is_billed"),
    [
        ("regular", True), ("free_customer_service", False), ("free_entry_point", False),
        ("free_group_customer_service", False), ("free", False), ("something_new", True), ("", False),
    ],
)  # fmt: skip
def test_everything_is_billed_that_is_not_told_to_be_free(kind: str, is_billed: bool) -> None:
    assert Charge("service", kind, 55, 1).is_billed == is_billed


def test_a_numbers_messages_are_billed_or_free_or_without_a_price() -> None:
    charges = [
        Charge("utility", "regular", 55, 4), Charge("utility", "regular", 351, 2),
        Charge("service", "free_entry_point", 55, 3), Charge("service", "", 55, 1),
    ]  # fmt: skip
    costs = NumberCosts("7001", 12, charges)
    assert (costs.billed, costs.free, costs.unpriced) == (6, 3, 3)
    assert NumberCosts("7001", 8, charges).unpriced == 0


def test_a_failure_that_was_tried_again_is_none_for_good() -> None:
    def results(retries: int) -> CampaignResults:
        return CampaignResults(
            campaign_id=uuid4(), last_day=date(2026, 3, 4), sent=0, delivered=0, read=0, retries=retries,
            failures=[(131000, 2), (131026, 1)],
        )  # fmt: skip

    assert [results(retries).failed for retries in (0, 2, 4)] == [3, 1, 0]
