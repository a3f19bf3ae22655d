"""Flows and their versions: protobuf to the domain's words and back."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from services.chassis.clock import now
from services.chassis.errors import InvalidArgument
from services.chassis.rpc.pages import page_of, read_place
from services.executor.domain.publishing import Policy
from services.executor.server.messages import (
    POLICIES,
    difference_message,
    finding_message,
    flow_message,
    impact_message,
    migration_message,
    replay_message,
    version_message,
)
from services.executor.server.reading import Context, uuid_of
from services.executor.usecases import FlowKeeping, Publishing, Replaying, Taking
from services.executor.usecases.publishing import USUAL_PAGE
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc


class FlowServer(executor_pb2_grpc.FlowServiceServicer):
    """Flows, their drafts and their versions."""

    def __init__(self, flows: FlowKeeping, publishing: Publishing, replaying: Replaying) -> None:
        self._flows = flows
        self._publishing = publishing
        self._replaying = replaying

    async def PutFlow(self, request: executor_pb2.PutFlowRequest, context: Context) -> executor_pb2.PutFlowResponse:
        """Store and maybe publish a flow."""
        put = await self._flows.put(
            organization_id=_organization(request.organization_id),
            name=request.name,
            document=request.document,
            publish=request.publish,
            dry_run=request.dry_run,
            flow_id=_flow(request.flow_id) if request.flow_id else None,
            expected_digest=request.expected_digest,
            must_be_new=request.must_be_new,
        )
        return executor_pb2.PutFlowResponse(
            flow_id=str(put.flow_id),
            published_version=put.published_version,
            is_changed=put.is_changed,
            dialect=put.dialect,
            findings=map(finding_message, put.findings),
            draft_digest=put.draft_digest,
        )

    async def ListFlows(
        self, request: executor_pb2.ListFlowsRequest, context: Context
    ) -> executor_pb2.ListFlowsResponse:
        """The organization's flows."""
        place = read_place(request.cursor, str)
        total, flows = await self._flows.list(
            organization_id=_organization(request.organization_id),
            skip=request.skip,
            limit=request.limit,
            after=str(place[0]) if place else "",
        )
        told, cursor = page_of(flows, flow_message, lambda flow: (flow.name,), request.limit or None)
        return executor_pb2.ListFlowsResponse(total=total, flows=told, cursor=cursor)

    async def ValidateFlow(
        self, request: executor_pb2.ValidateFlowRequest, context: Context
    ) -> executor_pb2.ValidateFlowResponse:
        """What is wrong with a document."""
        verdict = await self._flows.validate(
            organization_id=_organization(request.organization_id), document=request.document, strict=request.strict
        )
        return executor_pb2.ValidateFlowResponse(
            is_valid=verdict.is_valid, dialect=verdict.dialect, findings=map(finding_message, verdict.findings)
        )

    async def GetFlow(self, request: executor_pb2.GetFlowRequest, context: Context) -> executor_pb2.GetFlowResponse:
        """A flow with one of its documents."""
        given = await self._flows.get(
            organization_id=_organization(request.organization_id),
            flow_id=_flow(request.flow_id),
            version=_number(request.version, "version"),
        )
        return executor_pb2.GetFlowResponse(flow=flow_message(given.flow), document=given.document, digest=given.digest)

    async def DeleteFlow(
        self, request: executor_pb2.DeleteFlowRequest, context: Context
    ) -> executor_pb2.DeleteFlowResponse:
        """Take a flow out of service."""
        people = await self._flows.delete(
            organization_id=_organization(request.organization_id),
            flow_id=_flow(request.flow_id),
            force=request.force,
        )
        return executor_pb2.DeleteFlowResponse(people=people)

    async def PublishFlow(
        self, request: executor_pb2.PublishFlowRequest, context: Context
    ) -> executor_pb2.PublishFlowResponse:
        """Publish the draft."""
        published = await self._publishing.publish(
            organization_id=_organization(request.organization_id),
            flow_id=_flow(request.flow_id),
            taking=Taking(_policy(request.policy), _moves(request.moves), request.note),
            expected_digest=request.expected_digest,
        )
        return executor_pb2.PublishFlowResponse(
            version=published.view.version,
            is_changed=published.is_changed,
            findings=map(finding_message, published.findings),
            migration=migration_message(published.view.migration),
        )

    async def GetPublish(
        self, request: executor_pb2.GetPublishRequest, context: Context
    ) -> executor_pb2.GetPublishResponse:
        """How far a publish has come."""
        flow, view = await self._publishing.progress(
            organization_id=_organization(request.organization_id),
            flow_id=_flow(request.flow_id),
            version=_number(request.version, "version"),
        )
        return executor_pb2.GetPublishResponse(version=version_message(view, flow.published_version))

    async def GetPublishImpact(
        self, request: executor_pb2.GetPublishImpactRequest, context: Context
    ) -> executor_pb2.GetPublishImpactResponse:
        """What publishing the draft would mean."""
        impact = await self._publishing.impact(
            organization_id=_organization(request.organization_id), flow_id=_flow(request.flow_id)
        )
        return impact_message(impact)

    async def ListVersions(
        self, request: executor_pb2.ListVersionsRequest, context: Context
    ) -> executor_pb2.ListVersionsResponse:
        """Versions, newest first."""
        place = read_place(request.cursor, int)
        flow, total, views = await self._publishing.versions(
            organization_id=_organization(request.organization_id),
            flow_id=_flow(request.flow_id),
            skip=request.skip,
            limit=request.limit,
            before=int(place[0]) if place else None,
        )
        versions, cursor = page_of(
            views,
            lambda view: version_message(view, flow.published_version),
            lambda view: (view.version,),
            request.limit or USUAL_PAGE,
        )
        return executor_pb2.ListVersionsResponse(versions=versions, total=total, cursor=cursor)

    async def GetVersion(
        self, request: executor_pb2.GetVersionRequest, context: Context
    ) -> executor_pb2.GetVersionResponse:
        """A version with its document."""
        view, given = await self._publishing.version(
            organization_id=_organization(request.organization_id),
            flow_id=_flow(request.flow_id),
            version=_number(request.version, "version"),
        )
        version = version_message(view, given.flow.published_version)
        return executor_pb2.GetVersionResponse(version=version, document=given.document)

    async def DiffVersions(
        self, request: executor_pb2.DiffVersionsRequest, context: Context
    ) -> executor_pb2.DiffVersionsResponse:
        """How two documents differ."""
        compared = await self._publishing.diff(
            organization_id=_organization(request.organization_id),
            flow_id=_flow(request.flow_id),
            before=_number(request.from_version, "from_version"),
            after=_number(request.to_version, "to_version"),
        )
        return difference_message(compared)

    async def RollbackFlow(
        self, request: executor_pb2.RollbackFlowRequest, context: Context
    ) -> executor_pb2.RollbackFlowResponse:
        """Publish an old version again."""
        published = await self._publishing.rollback(
            organization_id=_organization(request.organization_id),
            flow_id=_flow(request.flow_id),
            version=request.version,
            taking=Taking(_policy(request.policy), _moves(request.moves), request.note),
        )
        return executor_pb2.RollbackFlowResponse(
            version=published.view.version,
            is_changed=published.is_changed,
            migration=migration_message(published.view.migration),
            is_draft_changed=published.is_draft_changed,
        )

    async def ImportFlow(
        self, request: executor_pb2.ImportFlowRequest, context: Context
    ) -> executor_pb2.ImportFlowResponse:
        """Store a flow from elsewhere."""
        imported = await self._flows.import_(
            organization_id=_organization(request.organization_id),
            name=request.name,
            document=request.document,
            dry_run=request.dry_run,
        )
        return executor_pb2.ImportFlowResponse(
            flow=flow_message(imported.flow) if imported.flow else None,
            dialect=imported.dialect,
            findings=map(finding_message, imported.findings),
            document=imported.document,
        )

    async def ExportFlow(
        self, request: executor_pb2.ExportFlowRequest, context: Context
    ) -> executor_pb2.ExportFlowResponse:
        """A flow as a file."""
        file = await self._flows.export(
            organization_id=_organization(request.organization_id),
            flow_id=_flow(request.flow_id),
            version=_number(request.version, "version"),
            form="envelope" if request.form == executor_pb2.EXPORT_FORM_ENVELOPE else "native",
            now=now(),
        )
        return executor_pb2.ExportFlowResponse(file_name=file.file_name, content=file.content, digest=file.digest)

    async def ReplayConversation(
        self, request: executor_pb2.ReplayConversationRequest, context: Context
    ) -> executor_pb2.ReplayConversationResponse:
        """What a conversation would have been."""
        replayed = await self._replaying.replay(
            organization_id=_organization(request.organization_id),
            conversation_id=uuid_of(request.conversation_id, "conversation_id"),
            flow_id=_flow(request.flow_id) if request.flow_id else None,
            document=request.document,
        )
        return replay_message(replayed)


def _organization(text: str) -> UUID:
    return uuid_of(text, "organization_id")


def _flow(text: str) -> UUID:
    return uuid_of(text, "flow_id")


def _number(version: int, field: str) -> int:
    if version < 0:
        raise InvalidArgument(f"{field} is {version}; use 0 or more")
    return version


def _policy(policy: executor_pb2.PublishPolicy.ValueType) -> Policy:
    if policy not in POLICIES:
        raise InvalidArgument(f"policy is {policy}; use one that the contract names")
    return POLICIES[policy]


def _moves(moves: Iterable[executor_pb2.NodeMove]) -> list[tuple[str, str]]:
    return [(move.from_node_id, move.to_node_id) for move in moves]
