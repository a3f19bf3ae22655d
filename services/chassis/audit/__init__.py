"""The audit log every room keeps: who changed what, written in the transaction of the change, as a chain of hashes.

See docs/decisions/0018-audit-in-every-room.md for why, and what such a chain can and cannot prove.
"""

from services.chassis.audit.chain import (
    HOUSE,
    START,
    AuditEntry,
    AuditRecord,
    Link,
    Verdict,
    digest_of,
    flaw_of,
)
from services.chassis.audit.log import AuditLog
from services.chassis.audit.schema import create_audit
from services.chassis.audit.server import AuditServer, audit_servicer

__all__ = [
    "HOUSE",
    "START",
    "AuditEntry",
    "AuditLog",
    "AuditRecord",
    "AuditServer",
    "Link",
    "Verdict",
    "audit_servicer",
    "create_audit",
    "digest_of",
    "flaw_of",
]
