"""The growth model against measurements: `tests/data/sizing` holds the road's samples of docs/performance.md."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.cli.sizing.batches import Check
from services.cli.sizing.costs import PROCESSES, Amount, costs_of
from tests.benchmarks.errors import Void
from tests.benchmarks.growth.__main__ import STATED_ERROR, check_model, costs_document, markdown
from tests.benchmarks.growth.measured import amounts_of, has_statuses, loads_of, status_ms_of

DATA = Path(__file__).parents[2] / "data" / "sizing"


def run(name: str) -> dict[str, Any]:
    return json.loads((DATA / name).read_text())


def soaked(item: float, wal: float) -> dict[str, Any]:
    tables = [
        {"name": "executor.inbox_item", "bytes_per_message": item},
        {"name": "analytics.conversation_logs", "bytes_per_message": 100.0},
        {"name": "executor.inbox_lane", "bytes_per_message": -3.0},
    ]
    return {"findings": {"tables": tables, "wal_bytes_per_message": wal, "redis_commands_per_message": 2.0}}


PLAIN, WITH_STATUSES = run("benchmark.json"), run("benchmark_with_statuses.json")


def test_company_is_the_loops_number_or_rate_times_reply_time() -> None:
    loads = {load.name: load for load in loads_of(PLAIN)}

    assert loads["saturation, 64 in flight"].in_flight == 64
    assert loads["1000 messages a second"].in_flight == pytest.approx(30.5, abs=0.5)
    assert not loads["1000 messages a second"].is_closed


def test_fed_with_the_ends_of_saturation_the_model_predicts_every_rate() -> None:
    found = check_model(loads_of(PLAIN))

    assert [name for name, _ in found] == ["500 messages a second", "1000 messages a second"]
    assert max(abs(check.error) for _, check in found) <= STATED_ERROR


def test_one_load_at_saturation_is_too_little_to_check() -> None:
    loads = [load for load in loads_of(PLAIN) if not load.is_closed]
    with pytest.raises(Void, match="two loads at saturation"):
        check_model(loads)


def test_the_check_is_told_with_its_errors() -> None:
    assert "| 20 a second | 4.0 | 10.00 | 12.00 | +20% |" in markdown([("20 a second", Check(4.0, 10.0, 12.0))])


def test_a_status_costs_a_third_of_what_three_add() -> None:
    found = status_ms_of(loads_of(PLAIN), loads_of(WITH_STATUSES))

    assert set(found) == set(PROCESSES)
    assert 0.2 < sum(found.values()) < 1.0


def test_runs_without_a_common_load_tell_nothing_of_statuses() -> None:
    with pytest.raises(Void, match="share no load"):
        status_ms_of(loads_of(PLAIN), [])


def test_two_soaks_tell_message_and_status_apart_and_one_cannot() -> None:
    both = amounts_of(soaked(item=1000.0, wal=8000.0), soaked(item=400.0, wal=5000.0))
    one = amounts_of(soaked(item=1000.0, wal=8000.0), None)

    assert (both["item_bytes"], both["wal_bytes"]) == (Amount(400.0, 200.0), Amount(5000.0, 1000.0))
    assert both["kept_bytes"] == Amount(100.0, 0.0)
    assert one["item_bytes"] == Amount(250.0, 250.0)


def test_what_is_written_can_be_read_by_the_command() -> None:
    document = costs_document(PLAIN, WITH_STATUSES, soaked(1000.0, 8000.0), soaked(400.0, 5000.0))

    costs = costs_of(json.loads(json.dumps(document)))

    assert costs.wal_bytes == Amount(5000.0, 1000.0)
    assert costs.underway_ms == pytest.approx(14.3)
    assert (has_statuses(PLAIN), has_statuses(WITH_STATUSES)) == (False, True)
