"""Flows, versions and what publishing means, as messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.chassis.rpc.sizes import fitting
from services.executor.domain.diff import EdgeChange, FieldChange, NodeChange
from services.executor.domain.finding import Finding
from services.executor.domain.flowtest import ReplayedTurn, first_difference
from services.executor.domain.publishing import Fate, NodePeople, Policy
from services.executor.ports import FlowSummary, Migration, VersionView
from services.executor.usecases import Compared, Impact, Replayed, ToldMessage
from services.pb.executor.v1 import executor_pb2

POLICIES: Final[dict[int, Policy]] = {
    executor_pb2.PUBLISH_POLICY_UNSPECIFIED: "pin",
    executor_pb2.PUBLISH_POLICY_PIN: "pin",
    executor_pb2.PUBLISH_POLICY_MOVE: "move",
    executor_pb2.PUBLISH_POLICY_RESTART: "restart",
}
_WORDS: Final = {policy: number for number, policy in POLICIES.items()}
_FATES: Final[dict[Fate, executor_pb2.NodeFate.ValueType]] = {
    "stays": executor_pb2.NODE_FATE_STAYS,
    "changes": executor_pb2.NODE_FATE_CHANGES,
    "goes": executor_pb2.NODE_FATE_GOES,
}


def finding_message(finding: Finding) -> executor_pb2.Finding:
    """A finding."""
    return executor_pb2.Finding(
        code=finding.code,
        severity=finding.severity,
        node_id=finding.node_id or "",
        message=finding.message,
        mend=finding.mend,
    )


def flow_message(flow: FlowSummary) -> executor_pb2.Flow:
    """A flow without its documents."""
    message = executor_pb2.Flow(
        flow_id=str(flow.flow_id),
        name=flow.name,
        published_version=flow.published_version,
        draft_digest=flow.draft_digest,
        has_unpublished_changes=flow.draft_digest != flow.published_digest,
    )
    message.updated_at.FromDatetime(flow.updated_at)
    message.created_at.FromDatetime(flow.created_at)
    return message


def version_message(view: VersionView, published_version: int) -> executor_pb2.Version:
    """A version without its document."""
    message = executor_pb2.Version(
        version=view.version,
        author=view.author,
        digest=view.digest,
        note=view.note,
        rollback_of=view.rollback_of,
        is_published=view.version == published_version,
        migration=migration_message(view.migration),
    )
    message.published_at.FromDatetime(view.published_at)
    return message


def migration_message(migration: Migration | None) -> executor_pb2.Migration | None:
    """How people are taken along; None when they stay."""
    if migration is None:
        return None
    message = executor_pb2.Migration(
        moves=[executor_pb2.NodeMove(from_node_id=one, to_node_id=other) for one, other in migration.moves.items()],
        people_moved=migration.people_moved,
        people_left=migration.people_left,
        is_done=migration.done_at is not None,
    )
    message.policy = executor_pb2.PublishPolicy.ValueType(_WORDS[migration.policy])
    message.begun_at.FromDatetime(migration.begun_at)
    if migration.done_at is not None:
        message.done_at.FromDatetime(migration.done_at)
    return message


def impact_message(impact: Impact) -> executor_pb2.GetPublishImpactResponse:
    """What publishing would mean."""
    return executor_pb2.GetPublishImpactResponse(
        nodes=map(_people_message, impact.nodes),
        people=_count(impact.nodes),
        people_on_changed_nodes=_count(each for each in impact.nodes if each.fate == "changes"),
        people_on_gone_nodes=_count(each for each in impact.nodes if each.fate == "goes"),
        unmapped_node_ids=sorted(impact.unmapped),
        draft_digest=impact.flow.draft_digest,
        published_version=impact.flow.published_version,
    )


def difference_message(compared: Compared) -> executor_pb2.DiffVersionsResponse:
    """How documents differ."""
    found = compared.difference
    return executor_pb2.DiffVersionsResponse(
        added_nodes=map(_node_message, found.added_nodes),
        removed_nodes=map(_node_message, found.removed_nodes),
        changed_nodes=map(_node_message, found.changed_nodes),
        added_edges=map(_edge_message, found.added_edges),
        removed_edges=map(_edge_message, found.removed_edges),
        settings=map(_field_message, found.settings),
        variables=map(_field_message, found.variables),
        others=map(_field_message, found.others),
        is_cut=found.is_cut,
        from_version=compared.from_version,
        to_version=compared.to_version,
    )


def _people_message(each: NodePeople) -> executor_pb2.NodePeople:
    return executor_pb2.NodePeople(
        version=each.version,
        node_id=each.node_id,
        node_type=each.node_type,
        people=each.people,
        fate=_FATES[each.fate],
    )


def _count(nodes: Iterable[NodePeople]) -> int:
    return sum(each.people for each in nodes)


def _node_message(change: NodeChange) -> executor_pb2.NodeChange:
    return executor_pb2.NodeChange(
        node_id=change.node_id, node_type=change.node_type, fields=map(_field_message, change.fields)
    )


def _edge_message(change: EdgeChange) -> executor_pb2.EdgeChange:
    return executor_pb2.EdgeChange(source=change.source, target=change.target, handle=change.handle, label=change.label)


def _field_message(change: FieldChange) -> executor_pb2.FieldChange:
    return executor_pb2.FieldChange(path=change.path, before=change.before, after=change.after)


def replay_message(replayed: Replayed) -> executor_pb2.ReplayConversationResponse:
    """A conversation, then and now."""
    return executor_pb2.ReplayConversationResponse(
        turns=fitting(map(_turn_message, replayed.turns)),
        first_difference=first_difference(replayed.turns),
        is_cut=replayed.is_cut,
        flow_id=str(replayed.flow_id),
    )


def _turn_message(turn: ReplayedTurn[ToldMessage]) -> executor_pb2.ReplayedTurn:
    message = executor_pb2.ReplayedTurn(
        kind=turn.kind,
        text=turn.words,
        recorded=map(_told_message, turn.recorded),
        replayed=map(_told_message, turn.replayed),
        is_same=turn.is_same,
    )
    message.at.FromDatetime(turn.at)
    return message


def _told_message(told: ToldMessage) -> executor_pb2.SaidMessage:
    return executor_pb2.SaidMessage(kind=told.kind, text=told.text, options=told.options, node_id=told.node_id)
