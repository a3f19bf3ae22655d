"""A soak's findings as Markdown and JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import orjson

from tests.benchmarks.soak.findings import MIB, SLOWER_SHARE, Findings
from tests.benchmarks.soak.sampling import Look
from tests.benchmarks.soak.trend import RULE

SMALLEST_SHOWN = 0.05 * MIB
"""Tables that stayed smaller are not shown."""


def markdown(findings: Findings) -> str:
    """Return the verdict, and a table each of processes, tables and minutes."""
    verdict = "; ".join(findings.complaints) or "nothing grows that must not"
    figures = (
        f"{findings.messages_per_second:,.0f} messages/s; WAL {findings.wal_bytes_per_message:,.0f} bytes and "
        f"Redis {findings.redis_commands_per_message:.2f} commands per message."
    )
    slowing = f"A p99 grows when the last third's middle is over {SLOWER_SHARE:g} times the first's."
    paragraphs = [
        f"**{verdict[0].upper()}{verdict[1:]}.** {figures}",
        f"Rule: {RULE}. {slowing}",
        _processes(findings),
        _tables(findings),
        _minutes(findings),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _processes(findings: Findings) -> str:
    head = ["process", "MiB at the end", "MiB at most", "MiB/hour", "r²", ""]
    rows = [
        [
            trend.name,
            f"{trend.last_bytes / MIB:.1f}",
            f"{trend.highest_bytes / MIB:.1f}",
            f"{trend.mib_per_hour:+.1f}",
            f"{trend.line.explained:.2f}",
            trend.verdict,
        ]
        for trend in findings.processes
    ]
    return _table([head, *rows])


def _tables(findings: Findings) -> str:
    head = ["table", "MiB at the end", "live", "dead (at most)", "rows/message", "bytes/message", "", "must be flat"]
    rows = [
        [
            trend.name,
            f"{trend.last_bytes / MIB:.2f}",
            f"{trend.live:,}",
            f"{trend.dead:,} ({trend.most_dead:,})",
            f"{trend.rows_per_message:.2f}",
            f"{trend.bytes_per_message:,.0f}",
            trend.verdict,
            "yes" if trend.must_be_flat else "",
        ]
        for trend in findings.tables
        if trend.last_bytes >= SMALLEST_SHOWN
    ]
    return _table([head, *rows])


def _minutes(findings: Findings) -> str:
    head = ["minute", "messages", "webhook answer p99 ms", "reply p50 ms", "reply p99 ms"]
    rows = [
        [
            str(number),
            f"{minute.messages:,}",
            f"{minute.answer_p99_ms:.1f}",
            f"{minute.reply_p50_ms:.1f}",
            f"{minute.reply_p99_ms:.1f}",
        ]
        for number, minute in enumerate(findings.minutes, start=1)
    ]
    return _table([head, *rows])


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *body])


def write_json(file: Path, findings: Findings, looks: Sequence[Look], *, conditions: dict[str, object]) -> None:
    """Keep findings, every look, and the conditions."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "conditions": conditions,
        "complaints": findings.complaints,
        "findings": asdict(findings),
        "looks": [asdict(look) for look in looks],
    }
    file.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
