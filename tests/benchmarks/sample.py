"""What one measurement gives, in figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.benchmarks.arithmetic import percentile, share_above
from tests.benchmarks.errors import Void
from tests.benchmarks.load import Outcome

SLOW_ANSWER_SECONDS = 1.0
"""Meta's own standard: fewer than one webhook answer in a hundred may take longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One variant under one load in one round. CPU is milliseconds per message; latencies are milliseconds.

    `gap` is between the replies to one message, None where there is only one; `memory_mb` is resident memory at the
    load's end; `is_kept_up` is False when a rate was more than the variant takes; `offered_per_second` is how fast
    an overload really came, and `slow_answers` the share of webhook answers that took over a second.
    """

    scenario: str
    load: str
    round: int
    variant: str
    messages: int
    messages_per_second: float
    cpu_ms: Mapping[str, float]
    answer_p50_ms: float
    answer_p99_ms: float
    slow_answers: float
    reply_p50_ms: float
    reply_p99_ms: float
    gap_p50_ms: float | None = None
    gap_p99_ms: float | None = None
    is_kept_up: bool = True
    refusals: int = 0
    offered_per_second: float | None = None
    memory_mb: Mapping[str, float] = field(default_factory=dict)

    @property
    def cpu_ms_in_all(self) -> float:
        """CPU of every process together, per message."""
        return sum(self.cpu_ms.values())


def sample_of(
    outcome: Outcome,
    cpu_seconds: Mapping[str, float],
    *,
    scenario: str,
    load: str,
    number: int,
    variant: str,
    graph_seconds: float = 0.0,
    memory_mb: Mapping[str, float] | None = None,
) -> Sample:
    """Turn what was seen and used into figures per message; the Graph's answer time is taken off the gaps."""
    count = len(outcome.exchanges)
    if count == 0:
        raise Void(f"{variant} answered no message")
    answers = sorted(exchange.answer_seconds for exchange in outcome.exchanges)
    replies = sorted(exchange.reply_seconds for exchange in outcome.exchanges)
    gaps = sorted(gap - graph_seconds for exchange in outcome.exchanges for gap in exchange.gap_seconds)
    return Sample(
        scenario=scenario,
        load=load,
        round=number,
        variant=variant,
        messages=count,
        messages_per_second=outcome.messages_per_second,
        cpu_ms={name: 1000 * seconds / count for name, seconds in cpu_seconds.items()},
        answer_p50_ms=1000 * percentile(answers, 50),
        answer_p99_ms=1000 * percentile(answers, 99),
        slow_answers=share_above(answers, SLOW_ANSWER_SECONDS),
        reply_p50_ms=1000 * percentile(replies, 50),
        reply_p99_ms=1000 * percentile(replies, 99),
        gap_p50_ms=1000 * percentile(gaps, 50) if gaps else None,
        gap_p99_ms=1000 * percentile(gaps, 99) if gaps else None,
        is_kept_up=outcome.is_kept_up,
        refusals=outcome.refusals,
        offered_per_second=outcome.offered_per_second,
        memory_mb=memory_mb or {},
    )


def describe(sample: Sample) -> str:
    """One line of progress."""
    verdict = "" if sample.is_kept_up else ", CANNOT KEEP UP"
    return (
        f"{sample.messages_per_second:,.0f} messages/s, {sample.cpu_ms_in_all:.2f} ms CPU each, "
        f"reply p50 {sample.reply_p50_ms:.1f} ms{verdict}"
    )
