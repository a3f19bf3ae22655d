"""That it is to be seen that a benchmark lives."""

import io

from tests.benchmarks.progress import Progress


def test_it_tells_what_runs_how_far_it_is_and_how_long_the_rest_takes() -> None:
    out, times = io.StringIO(), iter((0.0, 60.0))
    progress = Progress(3, out=out, clock=lambda: next(times))
    with progress.step("saturation, round 1/3, PyTake") as done:
        done("100 messages/s")
    begun, ended = out.getvalue().splitlines()
    assert begun.endswith("1/3 saturation, round 1/3, PyTake …")
    assert ended.endswith("1/3 saturation, round 1/3, PyTake: 100 messages/s (about 2 min of measuring left)")
