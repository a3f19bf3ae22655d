"""The shapes of flows and their versions over REST."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.ingress.domain.conversation import Flow
from services.ingress.domain.flows import FlowPage, FlowText, Impact, ImportedFlow, Published, Taking, VersionPage
from services.ingress.domain.flows import Version as DomainVersion
from services.ingress.http.rest.flow_bodies import DOCUMENT_EXAMPLE
from services.ingress.http.rest.models import Time
from services.ingress.http.rest.rules import Flag, Whole

LONGEST_NAME = 120
LONGEST_NOTE = 1_000
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

Document = Annotated[
    dict[str, Any],
    Field(
        description="The flow document: native, or in any dialect that can be imported. Unknown keys are kept.",
        examples=[DOCUMENT_EXAMPLE],
    ),
]
Policy = Annotated[
    Literal["pin", "move", "restart"],
    Field(
        description="What becomes of people in older versions: they stay there until they are through (pin), go on in "
        "the new version (move), or begin it at its start with their next message (restart).",
        examples=["move"],
    ),
]
Moves = Annotated[
    dict[str, str],
    Field(
        max_length=2_000,
        description="For move: the node of older versions, and the node of the new one on which its people are to "
        "stand. Nodes that stay need none.",
        examples=[{"ask_flavour": "ask_taste"}],
    ),
]
Note = Annotated[
    str, Field(max_length=LONGEST_NOTE, pattern=r"^[^\x00]*$", description="What it is about.", examples=["New prices"])
]


class FromDomain(BaseModel):
    """Read from the domain's own values."""

    model_config = ConfigDict(from_attributes=True)


class FlowSummary(BaseModel):
    """A flow without its document."""

    id: str = Field(examples=["4c1d3c6e-1a1e-4a57-9d0b-2f6f5f1e0b11"])
    name: str = Field(examples=["Encomendas"])
    published_version: int | None = Field(description="null when none is published.", examples=[3])
    has_unpublished_changes: bool = Field(description="Whether the draft is another than that.", examples=[False])
    draft_digest: str = Field(description="The SHA-256 of the draft in canonical form: its ETag.", examples=[_DIGEST])
    created_at: Time | None = Field(examples=["2026-02-01T08:00:00Z"])
    updated_at: Time | None = Field(examples=["2026-03-01T08:00:00Z"])

    @classmethod
    def of(cls, flow: Flow) -> FlowSummary:
        """From a flow."""
        return cls(
            id=flow.id,
            name=flow.name,
            published_version=flow.published_version or None,
            has_unpublished_changes=flow.has_unpublished_changes,
            draft_digest=flow.draft_digest,
            created_at=flow.created_at,
            updated_at=flow.updated_at,
        )


class FlowList(BaseModel):
    """A page of flows by name."""

    total: int = Field(description="All flows, on all pages.", examples=[1])
    flows: list[FlowSummary]

    @classmethod
    def of(cls, page: FlowPage) -> FlowList:
        """From a page."""
        return cls(total=page.total, flows=[FlowSummary.of(flow) for flow in page.flows])


class FlowDetail(FlowSummary):
    """A flow with one of its documents."""

    version: int | None = Field(description="Whose document this is; null means the draft.", examples=[None])
    digest: str = Field(description="The document's SHA-256 in canonical form.", examples=[_DIGEST])
    document: Document

    @classmethod
    def of_text(cls, text: FlowText, version: int) -> FlowDetail:
        """From a flow and its document; the document itself is written as it is."""
        summary = FlowSummary.of(text.flow).model_dump()
        return cls(**summary, version=version or None, digest=text.digest, document={})


class Finding(FromDomain):
    """What importer or linter remark."""

    code: str = Field(description="For programs.", examples=["dangling_edge"])
    severity: str = Field(description="error (forbids publishing), warning or note.", examples=["error"])
    node_id: str = Field(description="The node it is about; may be empty.", examples=["ask_flavour"])
    message: str = Field(examples=["The edge e7 leads to a node that does not exist."])
    mend: str = Field(description="How to mend it.", examples=["Draw it to a node."])


class NewFlow(BaseModel):
    """A flow to be made."""

    name: str = Field(
        default="",
        max_length=LONGEST_NAME,
        description="Unique in your organization, and for good; left out, the document's own.",
        examples=["Encomendas"],
    )
    document: Document


class FlowChange(BaseModel):
    """Another draft."""

    document: Document


class FlowToCheck(BaseModel):
    """A document to be looked at."""

    document: Document
    strict: Flag = Field(default=False, description="Whether warnings make it invalid too.", examples=[False])


class FlowMade(FlowSummary):
    """What storing a draft did."""

    is_changed: bool = Field(examples=[True])
    dialect: str = Field(description="What the document was read as.", examples=["native"])
    findings: list[Finding]


class FlowVerdict(FromDomain):
    """What is wrong with a document."""

    is_valid: bool = Field(description="Whether it may be published.", examples=[True])
    dialect: str = Field(examples=["native"])
    findings: list[Finding]


class PublishRequest(BaseModel):
    """How to publish."""

    policy: Policy = "pin"
    moves: Moves = Field(default_factory=dict)
    note: Note = ""

    def taking(self) -> Taking:
        """The same, as what becomes of people."""
        return Taking(self.policy, self.moves, self.note)


class RollbackRequest(PublishRequest):
    """Which version to publish again."""

    version: Whole = Field(ge=1, le=2**31 - 1, description="The version to go back to.", examples=[2])


class Migration(FromDomain):
    """How people of older versions are taken along."""

    policy: Policy
    moves: Moves
    people_moved: int = Field(description="Who has been taken along.", examples=[120])
    people_left: int = Field(description="Who is still to be taken along.", examples=[3])
    is_done: bool = Field(description="Whether nobody is left, and nobody can come any more.", examples=[False])
    begun_at: Time | None = Field(examples=["2026-03-01T08:00:00Z"])
    done_at: Time | None = Field(examples=[None])


class Version(FromDomain):
    """A version without its document. It never changes."""

    version: int = Field(examples=[3])
    author: str = Field(
        description="Who published it: operator, user:…, api_key:…, team:… or service:….",
        examples=["user:0b8e4a4e-7a0c-4a44-9a53-8f3e7f5f1c11"],
    )
    published_at: Time | None = Field(examples=["2026-03-01T08:00:00Z"])
    digest: str = Field(examples=[_DIGEST])
    note: str = Field(examples=["New prices"])
    rollback_of: int | None = Field(description="The version whose document this is again.", examples=[None])
    is_published: bool = Field(description="Whether new conversations begin in it.", examples=[True])
    migration: Migration | None = Field(description="null when people of older versions stay there.")


class VersionDetail(Version):
    """A version with its document."""

    document: Document

    @classmethod
    def of_version(cls, version: DomainVersion) -> VersionDetail:
        """From a version; its document is written as it is."""
        return cls(**Version.model_validate(version).model_dump(), document={})


class VersionList(FromDomain):
    """A page of versions, newest first."""

    total: int = Field(description="All of the flow, on all pages.", examples=[3])
    versions: list[Version]

    @classmethod
    def of(cls, page: VersionPage) -> VersionList:
        """From a page."""
        return cls.model_validate(page)


class PublishAnswer(FromDomain):
    """What publishing, or rolling back, did."""

    version: int = Field(description="The version that is published now.", examples=[3])
    is_changed: bool = Field(description="Whether a version was made; what is published already makes none.")
    is_draft_changed: bool = Field(description="Whether rolling back changed the draft, too.", examples=[False])
    findings: list[Finding] = Field(description="What the linter remarks.")
    migration: Migration | None = Field(description="null when people of older versions stay there.")

    @classmethod
    def of(cls, published: Published) -> PublishAnswer:
        """From what it did."""
        return cls.model_validate(published)


class NodePeople(FromDomain):
    """People on one node of one version."""

    version: int = Field(examples=[2])
    node_id: str | None = Field(
        description="null: they begin at the start with their next message.", examples=["ask_flavour"]
    )
    node_type: str | None = Field(examples=["question"])
    people: int = Field(examples=[12])
    fate: Literal["stays", "changes", "goes"] = Field(description="What the draft makes of the node.")


class PublishImpact(FromDomain):
    """What publishing the draft would mean."""

    nodes: list[NodePeople] = Field(description="Newest version first, then where most people stand.")
    people: int = Field(description="Everybody in the flow.", examples=[40])
    people_on_changed_nodes: int = Field(examples=[12])
    people_on_gone_nodes: int = Field(examples=[0])
    unmapped_node_ids: list[str] = Field(description="Nodes that the policy move needs a move for.", examples=[[]])
    draft_digest: str = Field(examples=[_DIGEST])
    published_version: int | None = Field(examples=[3])

    @classmethod
    def of(cls, impact: Impact) -> PublishImpact:
        """From an impact."""
        return cls.model_validate(impact)


class FieldChange(FromDomain):
    """A value that is another one now."""

    path: str = Field(examples=["data.content"])
    before: str | None = Field(description="JSON, cut after 1,000 characters.", examples=['"Qual sabor?"'])
    after: str | None = Field(description="JSON, cut after 1,000 characters.", examples=['"Que sabor?"'])


class NodeChange(FromDomain):
    """A node that is new, gone or another."""

    node_id: str = Field(examples=["ask_flavour"])
    node_type: str = Field(examples=["question"])
    fields: list[FieldChange] = Field(description="What changed in it; empty for one that is new or gone.")


class EdgeChange(FromDomain):
    """A way that is new or gone."""

    source: str = Field(examples=["ask_flavour"])
    target: str = Field(examples=["bye"])
    handle: str = Field(examples=["answered"])
    label: str = Field(examples=[""])


class FlowDifference(FromDomain):
    """How two documents of a flow differ."""

    from_version: int | None = Field(description="null: nothing, since no version is published.", examples=[2])
    to_version: int | None = Field(description="null: the draft.", examples=[None])
    added_nodes: list[NodeChange]
    removed_nodes: list[NodeChange]
    changed_nodes: list[NodeChange]
    added_edges: list[EdgeChange]
    removed_edges: list[EdgeChange]
    settings: list[FieldChange]
    variables: list[FieldChange]
    others: list[FieldChange] = Field(description="Name, language, and keys of the builder's own.")
    is_cut: bool = Field(description="Whether there is more than is told here (2,000 changes).", examples=[False])


class ImportAnswer(BaseModel):
    """What importing did."""

    flow: FlowSummary | None = Field(description="null when it was only tried.")
    dialect: str = Field(description="What the file was read as.", examples=["export"])
    findings: list[Finding] = Field(description="What was kept, changed or dropped on the way, and what is wrong.")
    document: Document

    @classmethod
    def of(cls, imported: ImportedFlow) -> ImportAnswer:
        """From an import; the document is written as it is."""
        return cls(
            flow=FlowSummary.of(imported.flow) if imported.flow else None,
            dialect=imported.dialect,
            findings=[Finding.model_validate(finding) for finding in imported.findings],
            document={},
        )
