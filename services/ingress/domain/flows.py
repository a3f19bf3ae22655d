"""Flows and their versions as the REST API shows them. Documents are JSON bytes in canonical form, times aware UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.ingress.domain.conversation import Flow

Policy = Literal["pin", "move", "restart"]
Fate = Literal["stays", "changes", "goes"]
Form = Literal["native", "envelope"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What importer or linter remark; `node_id` may be empty."""

    code: str
    severity: str
    node_id: str
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class FlowPage:
    """Some flows, and how many there are."""

    flows: tuple[Flow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class FlowText:
    """A flow with one of its documents."""

    flow: Flow
    document: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """What storing a draft did."""

    flow_id: str
    is_changed: bool
    dialect: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a document."""

    is_valid: bool
    dialect: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Taking:
    """What is to become of people in older versions, and what the new one is about."""

    policy: Policy
    moves: Mapping[str, str]
    note: str


@dataclass(frozen=True, slots=True)
class Migration:
    """How people of older versions are taken along."""

    policy: Policy
    moves: Mapping[str, str]
    people_moved: int
    people_left: int
    is_done: bool
    begun_at: datetime | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Version:
    """A version without its document; `rollback_of` is None when it is no rollback."""

    version: int
    author: str
    published_at: datetime | None
    digest: str
    note: str
    rollback_of: int | None
    is_published: bool
    migration: Migration | None


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Some versions, newest first, and how many there are."""

    versions: tuple[Version, ...]
    total: int


@dataclass(frozen=True, slots=True)
class VersionText:
    """A version with its document."""

    version: Version
    document: bytes


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing, or rolling back, did."""

    version: int
    is_changed: bool
    is_draft_changed: bool
    findings: tuple[Finding, ...]
    migration: Migration | None


@dataclass(frozen=True, slots=True)
class NodePeople:
    """People on one node of one version, and what the draft makes of the node."""

    version: int
    node_id: str | None
    node_type: str | None
    people: int
    fate: Fate


@dataclass(frozen=True, slots=True)
class Impact:
    """What publishing the draft would mean."""

    nodes: tuple[NodePeople, ...]
    people: int
    people_on_changed_nodes: int
    people_on_gone_nodes: int
    unmapped_node_ids: tuple[str, ...]
    draft_digest: str
    published_version: int | None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A value that is another one now, as JSON texts; None where there is none."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class NodeChange:
    """A node that is new, gone or another."""

    node_id: str
    node_type: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class EdgeChange:
    """A way that is new or gone."""

    source: str
    target: str
    handle: str
    label: str


@dataclass(frozen=True, slots=True)
class Difference:
    """How two documents differ; None as the first version is no version, as the second the draft."""

    from_version: int | None
    to_version: int | None
    added_nodes: tuple[NodeChange, ...]
    removed_nodes: tuple[NodeChange, ...]
    changed_nodes: tuple[NodeChange, ...]
    added_edges: tuple[EdgeChange, ...]
    removed_edges: tuple[EdgeChange, ...]
    settings: tuple[FieldChange, ...]
    variables: tuple[FieldChange, ...]
    others: tuple[FieldChange, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class ImportedFlow:
    """What an import came to; no flow when nothing was stored."""

    flow: Flow | None
    dialect: str
    findings: tuple[Finding, ...]
    document: bytes


@dataclass(frozen=True, slots=True)
class ExportedFlow:
    """A flow as a file."""

    file_name: str
    content: bytes
    digest: str
