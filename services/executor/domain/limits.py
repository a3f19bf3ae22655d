"""What one turn may do at most."""

from dataclasses import dataclass

from services.executor.domain.budget import MAX_WORK


@dataclass(frozen=True, slots=True)
class Limits:
    """Guards of one turn: nodes entered (MAX_FLOW_ITERATIONS), milliseconds (FLOW_EXECUTION_TIMEOUT_MS), work."""

    max_iterations: int = 100
    timeout_ms: int = 30_000
    work: int = MAX_WORK
