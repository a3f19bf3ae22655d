"""Versions of flows: publish, take people along, roll back, compare."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.chassis.errors import FailedPrecondition, InvalidArgument
from services.executor.domain.diff import Difference, difference_of
from services.executor.domain.document import FlowDocument
from services.executor.domain.finding import Finding
from services.executor.domain.json_value import Json
from services.executor.domain.lint import Known, problems
from services.executor.domain.publishing import (
    Ground,
    NodePeople,
    Policy,
    Stand,
    gone_nodes,
    impact_of,
    problems_of_moves,
    sentence_on,
)
from services.executor.domain.triggers import triggers_of
from services.executor.domain.variables import is_system_name
from services.executor.ports import FlowChanged, Flows, FlowSummary, Publication, Templates, Versions, VersionView
from services.executor.usecases.documents import first_of, has_errors, stored
from services.executor.usecases.flow_keeping import Given, changed, check_page, no_flow, no_version
from services.pb.common.v1 import errors_pb2

LONGEST_NOTE = 1_000
MOST_MOVES = 2_000
USUAL_PAGE = 50
_NAMED_FINDINGS = 3


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did; `view` is the version that is published now."""

    view: VersionView
    is_changed: bool
    findings: tuple[Finding, ...]
    is_draft_changed: bool = False


@dataclass(frozen=True, slots=True)
class Impact:
    """Where people stand, and what the draft makes of it."""

    flow: FlowSummary
    nodes: Sequence[NodePeople]
    unmapped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Compared:
    """How two documents differ; version 0 is no version as the first, the draft as the second."""

    from_version: int
    to_version: int
    difference: Difference


@dataclass(frozen=True, slots=True)
class Taking:
    """What is to become of people in older versions, and what the new one is about."""

    policy: Policy
    moves: Sequence[tuple[str, str]]
    note: str

    def checked(self) -> Mapping[str, str]:
        """The moves by node. Raises InvalidArgument."""
        if len(self.note) > LONGEST_NOTE or "\0" in self.note:
            raise InvalidArgument(f"note has {len(self.note)} characters; use at most {LONGEST_NOTE}, and no NUL")
        if len(self.moves) > MOST_MOVES:
            raise InvalidArgument(f"moves has {len(self.moves)} entries; use at most {MOST_MOVES}")
        if self.moves and self.policy != "move":
            raise InvalidArgument("moves is for the policy that moves people; leave it out, or choose that policy")
        moves = dict(self.moves)
        if len(moves) != len(self.moves):
            raise InvalidArgument("moves names a node twice; name each once")
        return moves


class Publishing:
    """Versions for people."""

    def __init__(self, flows: Flows, versions: Versions, templates: Templates) -> None:
        self._flows = flows
        self._templates = templates
        self._versions = versions

    async def publish(
        self, *, organization_id: UUID, flow_id: UUID, taking: Taking, expected_digest: str = ""
    ) -> Published:
        """Publish the draft.

        Raises InvalidArgument, NotFound, or FailedPrecondition: the draft is not the expected one, it has errors, or
        people stand on nodes that go.
        """
        flow = await self._head(organization_id, flow_id)
        if expected_digest not in ("", flow.draft_digest):
            raise changed()
        document = await self._document(organization_id, flow, 0)
        return await self._publish(organization_id, document, taking, rollback_of=0)

    async def rollback(self, *, organization_id: UUID, flow_id: UUID, version: int, taking: Taking) -> Published:
        """Publish an old version's document again, as a new version.

        A draft that is published takes it over; one with changes that never were stays. Raises as `publish`.
        """
        if version < 1:
            raise InvalidArgument(f"version is {version}; name the version to go back to, 1 or more")
        flow = await self._head(organization_id, flow_id)
        document = await self._document(organization_id, flow, version)
        return await self._publish(organization_id, document, taking, rollback_of=version)

    async def impact(self, *, organization_id: UUID, flow_id: UUID) -> Impact:
        """What publishing the draft would mean. Raises NotFound."""
        flow = await self._head(organization_id, flow_id)
        stands, documents = await self._people(organization_id, flow)
        draft = await self._document(organization_id, flow, 0)

        def work() -> Impact:
            ground = Ground(stored(draft.document))
            nodes = impact_of(stands, documents, ground)
            return Impact(flow, nodes, gone_nodes(stands, documents, ground))

        return await asyncio.to_thread(work)

    async def versions(
        self, *, organization_id: UUID, flow_id: UUID, skip: int, limit: int, before: int | None = None
    ) -> tuple[FlowSummary, int, list[VersionView]]:
        """Versions, newest first, one more than `limit` if there is one, and how many there are; only those numbered
        less than `before`. Raises InvalidArgument or NotFound.
        """
        check_page(skip, limit)
        flow = await self._head(organization_id, flow_id)
        total, views = await self._versions.versions(
            organization_id=organization_id, flow_id=flow_id, skip=skip, limit=(limit or USUAL_PAGE) + 1, before=before
        )
        return flow, total, views

    async def version(self, *, organization_id: UUID, flow_id: UUID, version: int) -> tuple[VersionView, Given]:
        """A version (0: the published one) with its document. Raises NotFound."""
        flow = await self._head(organization_id, flow_id)
        number = version or flow.published_version
        given = await self._document(organization_id, flow, number) if number else None
        if given is None:
            raise no_version(0)
        return await self._view(organization_id, flow_id, number), given

    async def progress(self, *, organization_id: UUID, flow_id: UUID, version: int) -> tuple[FlowSummary, VersionView]:
        """A version (0: the published one), with how far people have been taken along to it. Raises NotFound."""
        flow = await self._head(organization_id, flow_id)
        return flow, await self._view(organization_id, flow_id, version or flow.published_version)

    async def diff(self, *, organization_id: UUID, flow_id: UUID, before: int, after: int) -> Compared:
        """How two versions differ; `before` 0 is the published one or nothing, `after` 0 the draft. Raises NotFound."""
        flow = await self._head(organization_id, flow_id)
        first = before or flow.published_version
        then = await self._document(organization_id, flow, first) if first else None
        now = await self._document(organization_id, flow, after)

        def work() -> Difference:
            return difference_of(stored(then.document) if then else None, stored(now.document))

        return Compared(first, after, await asyncio.to_thread(work))

    async def _publish(self, organization_id: UUID, given: Given, taking: Taking, *, rollback_of: int) -> Published:
        moves, flow = taking.checked(), given.flow
        known = await self._known(organization_id, flow)
        document, findings = await asyncio.to_thread(_publishable, given.document, known)
        if taking.policy == "move":
            stands, documents = await self._people(organization_id, flow)
            await asyncio.to_thread(_check_moves, moves, stands, documents, document)
        is_draft_too = bool(rollback_of) and flow.draft_digest == flow.published_digest
        try:
            version, is_made = await self._versions.publish(
                organization_id=organization_id,
                publication=Publication(
                    flow_id=flow.flow_id,
                    document=given.document,
                    digest=given.digest,
                    note=taking.note,
                    rollback_of=rollback_of,
                    draft_digest=flow.draft_digest,
                    published_version=flow.published_version,
                    policy=taking.policy,
                    moves=moves,
                    node_ids=[node.id for node in document.nodes],
                    variables=_first_values(document),
                    is_draft_too=is_draft_too,
                    triggers=triggers_of(document),
                ),
            )
        except FlowChanged:
            raise changed() from None
        view = await self._view(organization_id, flow.flow_id, version)
        return Published(view, is_made, findings, is_draft_too and is_made)

    async def _known(self, organization_id: UUID, publishing: FlowSummary) -> Known:
        """Templates, and the flows that others can lead to: those that are published, and the one that will be."""
        _, flows = await self._flows.list_flows(organization_id=organization_id, skip=0, limit=0)
        there = [flow for flow in (*flows, publishing) if flow.published_version or flow is publishing]
        return Known(
            flows=frozenset(text for flow in there for text in (str(flow.flow_id), flow.name)),
            templates=await self._templates.known(organization_id=organization_id),
        )

    async def _people(self, organization_id: UUID, flow: FlowSummary) -> tuple[list[Stand], dict[int, FlowDocument]]:
        """Where people stand, and the documents they are in; the published one is where others begin at any moment."""
        stands = await self._versions.standing(organization_id=organization_id, flow_id=flow.flow_id)
        numbers = {stand.version for stand in stands} | ({flow.published_version} - {0})
        given = [await self._document(organization_id, flow, number) for number in sorted(numbers)]
        documents = await asyncio.to_thread(_all_stored, given)
        return stands, dict(zip(sorted(numbers), documents, strict=True))

    async def _document(self, organization_id: UUID, flow: FlowSummary, version: int) -> Given:
        found = await self._flows.document(organization_id=organization_id, flow_id=flow.flow_id, version=version)
        if found is None:
            raise no_version(version)
        return Given(flow, *found)

    async def _view(self, organization_id: UUID, flow_id: UUID, version: int) -> VersionView:
        view = await self._versions.version(organization_id=organization_id, flow_id=flow_id, version=version)
        if view is None:
            raise no_version(version)
        return view

    async def _head(self, organization_id: UUID, flow_id: UUID) -> FlowSummary:
        flow = await self._flows.head(organization_id=organization_id, flow_id=flow_id)
        if flow is None:
            raise no_flow()
        return flow


def _publishable(document: bytes, known: Known) -> tuple[FlowDocument, tuple[Finding, ...]]:
    flow = stored(document)
    findings = problems(flow, known)
    if has_errors(findings):
        raise FailedPrecondition(_refusal(findings), reason=errors_pb2.ERROR_REASON_FLOW_INVALID)
    return flow, first_of(findings)


def _refusal(findings: Iterable[Finding]) -> str:
    errors = [f"{found.message} {found.mend}" for found in findings if found.severity == "error"]
    more = f" There are {len(errors) - _NAMED_FINDINGS} more." if len(errors) > _NAMED_FINDINGS else ""
    return f"the flow has errors and was not published: {' '.join(errors[:_NAMED_FINDINGS])}{more}"


def _check_moves(
    moves: Mapping[str, str], stands: Sequence[Stand], documents: Mapping[int, FlowDocument], document: FlowDocument
) -> None:
    ground = Ground(document)
    wrong = list(problems_of_moves(moves, documents, ground))
    if wrong:
        raise InvalidArgument("moves: " + "; ".join(wrong))
    unmapped = {node: people for node, people in gone_nodes(stands, documents, ground).items() if node not in moves}
    if unmapped:
        raise FailedPrecondition(
            f"nothing was published: these nodes go and no move says where their people are to stand: "
            f"{sentence_on(unmapped)}",
            reason=errors_pb2.ERROR_REASON_NODE_MAP_INCOMPLETE,
        )


def _first_values(document: FlowDocument) -> dict[str, Json]:
    return {name: value for name, value in document.variables.items() if not is_system_name(name)}


def _all_stored(given: Sequence[Given]) -> list[FlowDocument]:
    return [stored(each.document) for each in given]
