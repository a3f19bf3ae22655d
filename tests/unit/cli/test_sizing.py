"""Sizing: the batch effect is fitted from measurements, and limits decide how many processes and cells there are."""

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.app import app
from services.cli.ending import WrongInput
from services.cli.sizing.batches import Curve, Point, checks, fit
from services.cli.sizing.command import size
from services.cli.sizing.costs import PROCESSES, Amount, Costs, ProcessCost, costs_of
from services.cli.sizing.plan import Demand, Limits, most_per_replica, plan

CHEAP = ProcessCost(Curve(marginal_ms=0.5, fixed_ms=20.0, alone_ms=5.0), status_ms=0.1)
COSTS = Costs(
    about="made up",
    underway_ms=200.0,
    processes=dict.fromkeys(PROCESSES, CHEAP),
    wal_bytes=Amount(10_000, 5_000),
    item_bytes=Amount(2_000, 1_000),
    kept_bytes=Amount(1_000, 0),
    redis_commands=Amount(2, 0),
)
DEMAND = Demand(rate=1000.0, statuses=0.0, underway_ms=200.0)
LIMITS = Limits()


def document() -> dict[str, object]:
    return json.loads(files("services.cli.sizing").joinpath("costs.json").read_text())


def test_points_on_a_curve_give_that_curve() -> None:
    curve = Curve(2.0, 100.0, alone_ms=52.0)
    found = fit([Point(n, curve.in_company_ms(n)) for n in (2.0, 8.0, 64.0)])

    assert (found.marginal_ms, found.fixed_ms, found.alone_ms) == pytest.approx((2.0, 100.0, 52.0))


def test_every_measurement_weighs_the_same_whatever_its_size() -> None:
    """A cheap message off by a fifth pulls the fit as hard as a dear one."""
    found = fit([Point(1.0, 100.0), Point(100.0, 2.0), Point(100.0, 1.0)])

    assert 1.0 < found.in_company_ms(100.0) < 1.5


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        pytest.param([Point(1.0, 10.0), Point(10.0, 0.5)], (0.0, 8.0), id="cheaper than any batch explains"),
        pytest.param([Point(1.0, 1.0), Point(10.0, 2.0)], (1.2, 0.0), id="dearer in company"),
    ],
)
def test_no_cost_is_ever_below_nothing(points: list[Point], expected: tuple[float, float]) -> None:
    found = fit(points)
    assert min(found.marginal_ms, found.fixed_ms) == 0.0
    assert (found.marginal_ms, found.fixed_ms) == pytest.approx(expected, abs=2.1)


def test_one_number_in_flight_says_nothing_of_batches() -> None:
    with pytest.raises(ValueError, match="two different numbers"):
        fit([Point(64.0, 5.0), Point(64.0, 6.0)])


def test_a_lone_message_costs_at_most_what_the_dearest_measured_did() -> None:
    curve = Curve(2.0, 100.0, alone_ms=30.0)
    assert (curve.cpu_ms(0.0), curve.cpu_ms(0.1), curve.cpu_ms(50.0)) == (30.0, 30.0, 4.0)


def test_a_kept_measurement_is_told_with_its_error() -> None:
    (check,) = checks([Point(1.0, 11.0), Point(10.0, 2.0)], [Point(2.0, 8.0)])
    assert (check.predicted_ms, check.error) == (pytest.approx(6.0), pytest.approx(-0.25))


def test_a_process_takes_what_keeps_it_below_its_share() -> None:
    # 600 ms CPU in a second, less 20 / 0.2 s for batches, at 0.5 ms a message.
    assert most_per_replica(CHEAP, DEMAND, LIMITS) == pytest.approx(1000.0)
    assert most_per_replica(CHEAP, replace(DEMAND, statuses=5.0), LIMITS) == pytest.approx(500.0)


def test_a_process_whose_batches_alone_are_too_dear_takes_messages_one_by_one() -> None:
    dear = ProcessCost(Curve(0.5, 1000.0, alone_ms=60.0), 0.0)
    assert most_per_replica(dear, DEMAND, LIMITS) == pytest.approx(10.0)


def test_no_process_is_busier_than_its_share() -> None:
    for rate in (1.0, 50.0, 999.0, 12_345.0):
        found = plan(COSTS, replace(DEMAND, rate=rate), LIMITS)
        assert all(it.count >= LIMITS.least_replicas and it.share <= LIMITS.share for it in found.replicas.values())


def test_what_is_shared_in_a_cell_is_in_proportion_to_its_rate() -> None:
    found = plan(COSTS, replace(DEMAND, statuses=2.0), LIMITS)

    assert (found.cells, found.bound_by) == (1, ())
    assert found.wal_mb == pytest.approx(20.0)
    assert found.redis_operations == pytest.approx(2000.0)
    assert found.kept_gb_a_day_in_all == pytest.approx(86.4)
    assert found.disk_gb_a_day_in_all == pytest.approx(86.4 * 5)
    assert found.connections == sum(it.count for it in found.replicas.values()) * LIMITS.pool_size


@pytest.mark.parametrize(
    ("limits", "bound_by"),
    [
        (Limits(wal_mb=25.0), "WAL"),
        (Limits(connections=120), "connections"),
        (Limits(postgres_cores=5), "Postgres cores"),
    ],
)
def test_a_limit_that_one_cell_would_pass_makes_more_cells(limits: Limits, bound_by: str) -> None:
    found = plan(COSTS, replace(DEMAND, rate=6000.0), limits)

    assert found.cells > 1
    assert found.bound_by == (bound_by,)
    assert found.wal_mb <= limits.wal_mb
    assert found.connections <= limits.connections
    assert found.postgres_cores <= limits.postgres_cores


def test_limits_that_no_number_of_cells_keeps_are_refused() -> None:
    with pytest.raises(WrongInput, match="connections would be passed"):
        plan(COSTS, DEMAND, Limits(connections=5))


def test_longer_underway_makes_larger_batches_and_less_cpu() -> None:
    short, long = (plan(COSTS, replace(DEMAND, underway_ms=ms), LIMITS) for ms in (100.0, 400.0))
    assert long.cpu_ms_per_message < short.cpu_ms_per_message


def test_the_shipped_costs_can_be_read_and_planned_with() -> None:
    costs = costs_of(document())
    found = plan(costs, Demand(rate=100_000.0, statuses=3.0, underway_ms=costs.underway_ms), LIMITS)
    assert found.cells > 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"underway_ms": None}, "underway_ms must be a number"),
        ({"wal_bytes": {"message": 1}}, "wal_bytes.status is missing"),
        ({"processes": {}}, "processes.ingress.points is missing"),
        ({"processes": {"ingress": {"points": [[1]]}}}, "processes.ingress.points must be a list"),
        ({"processes": {"ingress": {"points": [[1, 2]]}}}, "processes.ingress.points: the batch effect"),
    ],
)
def test_costs_that_cannot_be_used_are_named(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(WrongInput, match=sentence):
        costs_of(document() | change)


def test_the_command_prints_lines_for_people_and_json_for_programs() -> None:
    told = CliRunner().invoke(app, ["sizing", "--rate", "100000"])
    as_json = CliRunner().invoke(app, ["sizing", "--rate", "100000", "--statuses", "1", "--json"])

    assert (told.exit_code, as_json.exit_code) == (0, 0)
    assert told.output.startswith("100,000 messages/s, 3 statuses each")
    found = json.loads(as_json.output)
    assert found["demand"]["statuses"] == 1.0
    assert set(found["plan"]["replicas"]) == {"ingress", "router", "executor", "sender", "analytics"}


def test_a_file_that_is_no_json_is_refused_by_name(tmp_path: Path) -> None:
    wrong = tmp_path / "costs.json"
    wrong.write_text("{")
    result = CliRunner().invoke(app, ["sizing", "--rate", "1", "--costs", str(wrong)])
    assert (result.exit_code, "costs.json cannot be read as JSON" in result.output) == (2, True)


def test_sizes_are_told_in_gigabytes_or_terabytes() -> None:
    assert (size(12.34), size(12_345.0)) == ("12.3 GB", "12.3 TB")
