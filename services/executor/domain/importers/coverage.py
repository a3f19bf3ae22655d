"""How much of an imported flow runs as it is: what the table of the documentation says of each source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.executor.domain.document import parse_document
from services.executor.domain.finding import InvalidFlow
from services.executor.domain.importers.report import Report
from services.executor.domain.importers.values import as_list, as_object
from services.executor.domain.lint import problems

# What the linter says of a node that the engine has no behaviour for.
_NOT_RUN: Final = frozenset({"not_runnable", "unknown_type"})


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts of nodes: all, those of a type that runs, and those that run but wait for something of the author's.

    `unfinished` are runnable nodes with an error of the linter or a problem in the report, such as a picture of a
    kind that WhatsApp does not show.
    """

    total: int
    runnable: int
    unfinished: int


def coverage(flow: Mapping[str, object], report: Report) -> Coverage:
    """Count the nodes of an imported flow. A document that cannot be stored runs nowhere."""
    ids = [str(as_object(node).get("id")) for node in as_list(flow.get("nodes"))]
    try:
        findings = problems(parse_document(flow))
    except InvalidFlow:
        return Coverage(len(ids), 0, 0)
    stuck = {finding.node_id for finding in findings if finding.code in _NOT_RUN}
    open_ends = {finding.node_id for finding in findings if finding.severity == "error"}
    open_ends |= {item.node_id for item in report.at("problem")}
    runnable = [node_id for node_id in ids if node_id not in stuck]
    return Coverage(len(ids), len(runnable), sum(node_id in open_ends for node_id in runnable))
