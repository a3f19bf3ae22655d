"""Store and publish flows: import, lint, compare, save."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID, uuid5

from services.chassis.errors import InvalidArgument
from services.executor.domain.document import FlowDocument, canonical_json, digest, parse_document
from services.executor.domain.finding import Finding, InvalidFlow, Severity
from services.executor.domain.importers import UnreadableFlow, import_flow, read_document
from services.executor.domain.importers.report import ReportItem
from services.executor.domain.lint import problems
from services.executor.ports import Flows, FlowSummary, SaveFlow

LONGEST_NAME = 120
LARGEST_DOCUMENT = 1024 * 1024
MOST_FINDINGS = 500


@dataclass(frozen=True, slots=True)
class Put:
    """What putting a flow did, or would do."""

    flow_id: UUID
    published_version: int
    is_changed: bool
    dialect: str
    findings: tuple[Finding, ...]


class FlowKeeping:
    """Flows for people."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows

    async def put(self, *, organization_id: UUID, name: str, document: bytes, publish: bool, dry_run: bool) -> Put:
        """Store a flow's draft from any dialect; publish it when it has no errors. Raises InvalidArgument."""
        flow_id = flow_id_of(organization_id, name)
        # A large flow takes seconds to read, and conversations go on meanwhile.
        flow, dialect, all_findings = await asyncio.to_thread(_checked, name, document)
        has_errors = any(finding.severity == "error" for finding in all_findings)
        findings = _first_of(all_findings)
        version, published = await self._flows.published_digest(organization_id=organization_id, flow_id=flow_id)
        if dry_run:
            will_change = digest(flow) != published
            return Put(flow_id, version, will_change, dialect, findings)
        saved = await self._flows.save(
            organization_id=organization_id,
            flow=SaveFlow(flow_id, name, canonical_json(flow), digest(flow), publish=publish and not has_errors),
        )
        return Put(flow_id, saved.published_version, saved.is_changed, dialect, findings)

    async def list(self, *, organization_id: UUID) -> list[FlowSummary]:
        """The organization's flows by name."""
        return await self._flows.list_flows(organization_id=organization_id)


def flow_id_of(organization_id: UUID, name: str) -> UUID:
    """A flow's id follows from its name, so that two `apply` at once make one flow."""
    return uuid5(organization_id, f"flow:{name}")


def _checked(name: str, document: bytes) -> tuple[FlowDocument, str, tuple[Finding, ...]]:
    flow, dialect, notes = _read(name, document)
    return flow, dialect, (*notes, *problems(flow))


def _first_of(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """As many as somebody reads, the errors among them; all of them would not fit into an answer."""
    if len(findings) <= MOST_FINDINGS:
        return findings
    first = sorted(findings, key=lambda finding: finding.severity != "error")[:MOST_FINDINGS]
    rest = len(findings) - MOST_FINDINGS
    return (*first, Finding("more_findings", "note", None, f"There are {rest} more findings.", "Mend these first."))


def _read(name: str, document: bytes) -> tuple[FlowDocument, str, tuple[Finding, ...]]:
    if not name.strip() or len(name) > LONGEST_NAME:
        raise InvalidArgument(f"name has {len(name)} characters; use 1 to {LONGEST_NAME}")
    if len(document) > LARGEST_DOCUMENT:
        raise InvalidArgument(f"document has {len(document)} bytes; use at most {LARGEST_DOCUMENT}")
    try:
        imported = import_flow(read_document(document), name=name)
        return parse_document(imported.flow), imported.report.dialect, tuple(map(_finding, imported.report.items))
    except UnreadableFlow as error:
        raise InvalidArgument(f"document holds no flow: {error}") from None
    except InvalidFlow as error:
        first = error.findings[0]
        raise InvalidArgument(f"document cannot be read: {first.message} {first.mend}") from None


def _finding(item: ReportItem) -> Finding:
    severity: Severity = "warning" if item.level in ("dropped", "problem") else "note"
    return Finding(f"import_{item.level}", severity, item.node_id or None, item.message, "")
