"""What the command line asks for."""

import pytest

from tests.benchmarks.baselines.names import BASELINES
from tests.benchmarks.measure import count_steps
from tests.benchmarks.names import ROAD
from tests.benchmarks.plan import QUICK, read_plan
from tests.benchmarks.scenarios import SCENARIOS, measurements, sides


def test_the_full_form_plays_every_scenario() -> None:
    assert read_plan([]).scenarios == tuple(SCENARIOS)


def test_the_quick_form_plays_saturation_and_a_hundred_a_second() -> None:
    plan = read_plan(["--quick"])
    loads = [each.load.name for each in measurements(plan.scenarios, "baselines", plan.sizes)]
    assert loads == ["saturation, 64 in flight", "100 messages a second"]


def test_scenarios_are_played_in_the_order_of_the_table_whatever_was_typed_first() -> None:
    assert read_plan(["--scenario", "replicas", "backlog", "rates"]).scenarios == ("rates", "backlog", "replicas")


def test_an_unknown_scenario_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_plan(["--scenario", "teleport"])
    assert "teleport" in capsys.readouterr().err


def test_what_is_given_replaces_only_that() -> None:
    plan = read_plan(["--quick", "--organizations", "7", "--rounds", "1"])
    assert (plan.rounds, plan.sizes.organizations, plan.sizes.people) == (1, 7, QUICK.people)


def test_every_baseline_runs_at_saturation_and_at_the_rates_alone() -> None:
    everybody = {name for name, each in SCENARIOS.items() if set(each.variants(QUICK)) == {ROAD, *BASELINES}}
    assert everybody == {"saturation", "rates"}


def test_a_side_is_opened_once_for_all_scenarios_that_need_it() -> None:
    assert sides(["saturation", "backlog", "replicas"]) == ["baselines", "replicas"]
    assert sides(["conversations"]) == ["conversations"]


def test_every_measurement_is_a_step_in_every_round() -> None:
    assert count_steps(measurements(["saturation"], "baselines", QUICK), rounds=3) == 3 * (1 + len(BASELINES))


def test_no_load_needs_more_people_than_there_are() -> None:
    plan = read_plan(["--people", "50", "--scenario", "backlog", "campaign"])
    names = [each.load.name for each in measurements(plan.scenarios, "baselines", plan.sizes)]
    assert names == ["a campaign of 50 sends", "a backlog of 50 messages, executor stopped"]


def test_no_two_loads_of_a_run_share_a_name_but_those_of_two_sides() -> None:
    plan = read_plan([])
    names = [each.load.name for each in measurements(plan.scenarios, "baselines", plan.sizes)]
    assert len(set(names)) == len(names)
