"""Flow tests: what a contact does and what must come of it, run on the engine that runs in production.

Pure: tests and flows come in as Python values, and results go out. There is no clock but the test's own and no network:
what a flow calls outside is answered by the test.
"""

from services.executor.domain.flowtest.coverage import Coverage, Watch, coverage_of
from services.executor.domain.flowtest.flows import Flows, watched_flow
from services.executor.domain.flowtest.machine import Machine, TooManyTimers
from services.executor.domain.flowtest.plain import Spoken, plain
from services.executor.domain.flowtest.reading import read_suite
from services.executor.domain.flowtest.replay import Recorded, ReplayedTurn, TooLong, first_difference, replay
from services.executor.domain.flowtest.running import Failure, run_case
from services.executor.domain.flowtest.steps import BadTest, Case, Scene, Suite
from services.executor.domain.flowtest.world import World

__all__ = [
    "BadTest",
    "Case",
    "Coverage",
    "Failure",
    "Flows",
    "Machine",
    "Recorded",
    "ReplayedTurn",
    "Scene",
    "Spoken",
    "Suite",
    "TooLong",
    "TooManyTimers",
    "Watch",
    "World",
    "coverage_of",
    "first_difference",
    "plain",
    "read_suite",
    "replay",
    "run_case",
    "watched_flow",
]
