"""`pytake flow test`; it needs no running house."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import WrongInput, told

if TYPE_CHECKING:
    from services.cli.flow.suites import CaseRun, Report
    from services.executor.domain.flowtest import Coverage


def run_tests(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files *.test.yaml, or folders of them.")],
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the results as JUnit XML too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object in place of lines.")] = False,
    min_coverage: Annotated[float, typer.Option(min=0, max=100, help="Percent of each flow's nodes to enter.")] = 0,
    min_edges: Annotated[float, typer.Option(min=0, max=100, help="Percent of each flow's edges to take.")] = 0,
) -> None:
    """Run flow tests (docs/flow-tests.md) and tell what they cover; 1 when one fails or too little is covered."""
    with told():
        from services.cli.flow.suites import run_files, test_files

        report = run_files(test_files(paths))
        short = [*_short(report, min_coverage, min_edges)]
        if junit is not None:
            _write_junit(junit, report)
    for line in [json.dumps(_as_json(report, short), ensure_ascii=False)] if as_json else _lines(report, short):
        typer.echo(line)
    raise typer.Exit(1 if short or any(suite.failed for suite in report.suites) else 0)


def _short(report: "Report", min_nodes: float, min_edges: float) -> Iterator[str]:
    """A sentence for each flow of which too little is covered."""
    for path, coverage in report.coverage.items():
        for what, percent, least in (
            ("nodes", coverage.nodes_percent, min_nodes),
            ("edges", coverage.edges_percent, min_edges),
        ):
            if percent < least:
                yield f"{path.name}: {percent:.1f} % of its {what} are covered; {least:g} % are asked for"


def _lines(report: "Report", short: list[str]) -> Iterator[str]:
    for suite in report.suites:
        for case in suite.failed:
            yield f"{suite.file}: {_failure(case)}"
    for path, coverage in report.coverage.items():
        yield f"{path.name}: {_counts(coverage)}"
        if coverage.missing_nodes:
            yield f"  never entered: {', '.join(coverage.missing_nodes)}"
        if coverage.missing_edges:
            yield f"  never taken: {', '.join(coverage.missing_edges)}"
    yield from short
    failed, all_cases = (sum(len(getattr(suite, what)) for suite in report.suites) for what in ("failed", "cases"))
    seconds = sum(case.seconds for suite in report.suites for case in suite.cases)
    yield f"{all_cases} cases in {len(report.suites)} files, {failed} failed ({seconds * 1000:.0f} ms)"


def _failure(case: "CaseRun") -> str:
    assert case.failure is not None
    return f'case "{case.name}", step {case.failure.step}: {case.failure.sentence}'


def _counts(coverage: "Coverage") -> str:
    nodes, edges = coverage.nodes, coverage.edges
    return (
        f"nodes {nodes - len(coverage.missing_nodes)} of {nodes} ({coverage.nodes_percent:.0f} %), "
        f"edges {edges - len(coverage.missing_edges)} of {edges} ({coverage.edges_percent:.0f} %)"
    )


def _as_json(report: "Report", short: list[str]) -> dict[str, object]:
    suites = [
        {
            "file": str(suite.file),
            "cases": [
                {
                    "name": case.name,
                    "passed": case.failure is None,
                    "seconds": round(case.seconds, 6),
                    **({"step": case.failure.step, "message": case.failure.sentence} if case.failure else {}),
                }
                for case in suite.cases
            ],
        }
        for suite in report.suites
    ]
    coverage = [
        {
            "flow": str(path),
            "nodes": {"all": one.nodes, "percent": round(one.nodes_percent, 2), "missing": one.missing_nodes},
            "edges": {"all": one.edges, "percent": round(one.edges_percent, 2), "missing": one.missing_edges},
        }
        for path, one in report.coverage.items()
    ]
    return {"suites": suites, "coverage": coverage, "short": short}


def _write_junit(file: Path, report: "Report") -> None:
    from services.cli.flow.junit import junit_xml

    try:
        file.write_text(junit_xml(report), encoding="utf-8")
    except OSError as error:
        raise WrongInput(f"{file} cannot be written: {error.strerror}") from None
