"""Flow documents as people hand them in: read from any dialect, looked at, refused with a sentence."""

from __future__ import annotations

import json
from dataclasses import dataclass

from services.chassis.errors import InvalidArgument
from services.executor.domain.document import FlowDocument, parse_document
from services.executor.domain.finding import Finding, InvalidFlow, Severity
from services.executor.domain.importers import UnreadableFlow, import_flow, read_document
from services.executor.domain.importers.report import ReportItem
from services.executor.domain.lint import Known, problems

LARGEST_DOCUMENT = 1024 * 1024
LONGEST_NAME = 120
MOST_FINDINGS = 500


@dataclass(frozen=True, slots=True)
class Read:
    """A document that can be stored, what it was read as, and everything importer and linter found."""

    flow: FlowDocument
    dialect: str
    findings: tuple[Finding, ...]

    @property
    def has_errors(self) -> bool:
        """Whether it must not be published."""
        return has_errors(self.findings)


def read(document: bytes, *, name: str | None, known: Known | None = None) -> Read:
    """Read a document; `name` replaces that of a foreign one. Raises InvalidArgument.

    `known` is what the organization has.

    A large flow takes seconds: call it in a thread.
    """
    source = _parsed(document)
    try:
        imported = import_flow(source, name=name)
        flow = parse_document(imported.flow)
    except UnreadableFlow as error:
        raise InvalidArgument(f"document holds no flow: {error}") from None
    except InvalidFlow as error:
        first = error.findings[0]
        raise InvalidArgument(f"document cannot be read: {first.message} {first.mend}") from None
    return Read(flow, imported.report.dialect, (*map(_finding, imported.report.items), *problems(flow, known)))


def look_at(document: bytes, known: Known) -> tuple[str, tuple[Finding, ...]]:
    """The dialect of a document and everything that is wrong with it, its structure too. Raises InvalidArgument."""
    source = _parsed(document)
    try:
        imported = import_flow(source)
        notes = tuple(map(_finding, imported.report.items))
        return imported.report.dialect, (*notes, *problems(parse_document(imported.flow), known))
    except UnreadableFlow as error:
        raise InvalidArgument(f"document holds no flow: {error}") from None
    except InvalidFlow as error:
        return imported.report.dialect, error.findings


def stored(document: bytes) -> FlowDocument:
    """A document as it was stored."""
    return parse_document(json.loads(document))


def has_errors(findings: tuple[Finding, ...]) -> bool:
    """Whether one of them forbids publishing."""
    return any(finding.severity == "error" for finding in findings)


def first_of(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """As many as somebody reads, the errors among them; all of them would not fit into an answer."""
    if len(findings) <= MOST_FINDINGS:
        return findings
    first = sorted(findings, key=lambda finding: finding.severity != "error")[:MOST_FINDINGS]
    rest = len(findings) - MOST_FINDINGS
    return (*first, Finding("more_findings", "note", None, f"There are {rest} more findings.", "Mend these first."))


def check_name(name: str) -> None:
    """Raise InvalidArgument for a name that a flow cannot have."""
    if not name.strip() or len(name) > LONGEST_NAME or "\0" in name:
        raise InvalidArgument(f"name has {len(name)} characters; use 1 to {LONGEST_NAME}, and no NUL")


def _parsed(document: bytes) -> object:
    if len(document) > LARGEST_DOCUMENT:
        raise InvalidArgument(f"document has {len(document)} bytes; use at most {LARGEST_DOCUMENT}")
    try:
        return read_document(document)
    except UnreadableFlow as error:
        raise InvalidArgument(f"document holds no flow: {error}") from None


def _finding(item: ReportItem) -> Finding:
    severity: Severity = "warning" if item.level in ("dropped", "problem") else "note"
    return Finding(f"import_{item.level}", severity, item.node_id or None, item.message, "")
