"""What a check of a flow document has to say."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about a flow: an error refuses publication, a warning does not."""

    code: str
    severity: Severity
    node_id: str | None
    message: str
    mend: str


def error(code: str, node_id: str | None, message: str, mend: str) -> Finding:
    """Make a finding that refuses publication."""
    return Finding(code, "error", node_id, message, mend)


def warning(code: str, node_id: str | None, message: str, mend: str) -> Finding:
    """Make a finding that publication tolerates."""
    return Finding(code, "warning", node_id, message, mend)


class InvalidFlow(ValueError):
    """A document that is no flow, or a flow with errors; `findings` lists every one."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = findings
