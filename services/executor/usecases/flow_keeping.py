"""Flows and their drafts: store, look at, import, export, take out of service."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from services.chassis.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from services.executor.domain.document import canonical_json, digest
from services.executor.domain.exporters import Form, export_flow
from services.executor.domain.finding import Finding
from services.executor.domain.json_value import Json
from services.executor.domain.lint import Known
from services.executor.domain.triggers import triggers_of
from services.executor.ports import FlowChanged, FlowInUse, Flows, FlowSummary, SaveFlow, Templates
from services.executor.usecases.documents import (
    LONGEST_NAME,
    Read,
    check_name,
    first_of,
    has_errors,
    look_at,
    read,
    stored,
)
from services.pb.common.v1 import errors_pb2

LARGEST_PAGE = 500
_IMPORTED = " (Imported)"
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Put:
    """What putting a flow did, or would do."""

    flow_id: UUID
    published_version: int
    is_changed: bool
    dialect: str
    findings: tuple[Finding, ...]
    draft_digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a document."""

    is_valid: bool
    dialect: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A flow with one of its documents, in canonical form."""

    flow: FlowSummary
    document: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class ImportedFlow:
    """What an import came to; no flow when nothing was stored."""

    flow: FlowSummary | None
    dialect: str
    findings: tuple[Finding, ...]
    document: bytes


@dataclass(frozen=True, slots=True)
class Exported:
    """A flow as a file; `digest` is that of the document in it."""

    file_name: str
    content: bytes
    digest: str


class FlowKeeping:
    """Flows for people."""

    def __init__(self, flows: Flows, templates: Templates) -> None:
        self._flows = flows
        self._templates = templates

    async def put(
        self,
        *,
        organization_id: UUID,
        name: str,
        document: bytes,
        publish: bool,
        dry_run: bool,
        flow_id: UUID | None = None,
        expected_digest: str = "",
        must_be_new: bool = False,
    ) -> Put:
        """Store a flow's draft from any dialect; publish it when it has no errors.

        Raises InvalidArgument, NotFound for an unknown `flow_id`, AlreadyExists, or FailedPrecondition when the draft
        is not the expected one.
        """
        if flow_id is not None:
            name = (await self._head(organization_id, flow_id)).name
        check_name(name)
        flow_id = flow_id_of(organization_id, name) if flow_id is None else flow_id
        # Conversations go on meanwhile.
        known = Known(templates=await self._templates.known(organization_id=organization_id))
        found = await asyncio.to_thread(read, document, name=name, known=known)
        findings, draft_digest = first_of(found.findings), digest(found.flow)
        version, published = await self._flows.published_digest(organization_id=organization_id, flow_id=flow_id)
        if dry_run:
            return Put(flow_id, version, draft_digest != published, found.dialect, findings, draft_digest)
        replaces = "" if must_be_new else expected_digest or None
        try:
            saved = await self._flows.save(
                organization_id=organization_id, flow=_saving(flow_id, name, found, publish, replaces)
            )
        except FlowChanged:
            raise _taken(name) if must_be_new else changed() from None
        return Put(flow_id, saved.published_version, saved.is_changed, found.dialect, findings, draft_digest)

    async def list(
        self, *, organization_id: UUID, skip: int = 0, limit: int = 0, after: str = ""
    ) -> tuple[int, list[FlowSummary]]:
        """The organization's flows by name, one more than `limit` if there is one, and how many there are; only those
        whose name follows `after`. Raises InvalidArgument.
        """
        check_page(skip, limit)
        return await self._flows.list_flows(
            organization_id=organization_id, skip=skip, limit=limit + 1 if limit else 0, after=after
        )

    async def validate(self, *, organization_id: UUID, document: bytes, strict: bool) -> Verdict:
        """What is wrong with a document. Raises InvalidArgument when there is none in it."""
        known = Known(templates=await self._templates.known(organization_id=organization_id))
        dialect, findings = await asyncio.to_thread(look_at, document, known)
        is_doubtful = any(finding.severity == "warning" for finding in findings)
        is_valid = not has_errors(findings) and not (strict and is_doubtful)
        return Verdict(is_valid, dialect, first_of(findings))

    async def get(self, *, organization_id: UUID, flow_id: UUID, version: int) -> Given:
        """A flow with the document of its draft (version 0) or of a version. Raises NotFound."""
        flow = await self._head(organization_id, flow_id)
        found = await self._flows.document(organization_id=organization_id, flow_id=flow_id, version=version)
        if found is None:
            raise no_version(version)
        return Given(flow, *found)

    async def delete(self, *, organization_id: UUID, flow_id: UUID, force: bool) -> int:
        """Take a flow out of service; gives how many people's sessions end.

        Raises NotFound, or FailedPrecondition when people are in it and nobody insists.
        """
        try:
            people = await self._flows.archive(organization_id=organization_id, flow_id=flow_id, is_forced=force)
        except FlowInUse as error:
            some = "1 person is" if error.people == 1 else f"{error.people} people are"
            raise FailedPrecondition(
                f"{some} in this flow; wait, or delete it with force, which ends their sessions",
                reason=errors_pb2.ERROR_REASON_FLOW_IN_USE,
            ) from None
        if people is None:
            raise no_flow()
        return people

    async def import_(self, *, organization_id: UUID, name: str, document: bytes, dry_run: bool) -> ImportedFlow:
        """Store a foreign flow as a new draft. Raises InvalidArgument, or AlreadyExists for a name that is given."""
        found = await asyncio.to_thread(read, document, name=name or None)
        written = canonical_json(found.flow)
        findings = first_of(found.findings)
        if dry_run:
            return ImportedFlow(None, found.dialect, findings, written)
        for chosen in [name] if name else _names(found.flow.name):
            check_name(chosen)
            flow_id = flow_id_of(organization_id, chosen)
            try:
                await self._flows.save(
                    organization_id=organization_id, flow=_saving(flow_id, chosen, found, publish=False, replaces="")
                )
            except FlowChanged:
                continue
            flow = await self._head(organization_id, flow_id)
            return ImportedFlow(flow, found.dialect, findings, written)
        raise _taken(name or found.flow.name)

    async def export(
        self, *, organization_id: UUID, flow_id: UUID, version: int, form: Form, now: datetime
    ) -> Exported:
        """A flow as a file: the document of the draft (version 0) or of a version. Raises NotFound."""
        given = await self.get(organization_id=organization_id, flow_id=flow_id, version=version)
        name = _UNSAFE.sub("-", given.flow.name).strip("-.") or "flow"
        content = given.document
        if form == "envelope":
            metadata = {"organization_id": str(organization_id), "original_flow_id": str(flow_id)}
            content = await asyncio.to_thread(_enveloped, given.document, now.isoformat(), metadata)
        return Exported(f"{name}.v{version}.json" if version else f"{name}.json", content, given.digest)

    async def _head(self, organization_id: UUID, flow_id: UUID) -> FlowSummary:
        flow = await self._flows.head(organization_id=organization_id, flow_id=flow_id)
        if flow is None:
            raise no_flow()
        return flow


def flow_id_of(organization_id: UUID, name: str) -> UUID:
    """A flow's id follows from its name, so that two `apply` at once make one flow."""
    return uuid5(organization_id, f"flow:{name}")


def check_page(skip: int, limit: int) -> None:
    """Raise InvalidArgument for a page that cannot be given."""
    if not 0 <= limit <= LARGEST_PAGE:
        raise InvalidArgument(f"limit is {limit}; use 1 to {LARGEST_PAGE}")
    if skip < 0:
        raise InvalidArgument(f"skip is {skip}; use 0 or more")


def no_flow() -> NotFound:
    """There is no such flow."""
    return NotFound("no flow has this id", reason=errors_pb2.ERROR_REASON_FLOW_NOT_FOUND)


def no_version(version: int) -> NotFound:
    """There is no such version."""
    sentence = f"the flow has no version {version}" if version else "no version of the flow is published"
    return NotFound(sentence, reason=errors_pb2.ERROR_REASON_FLOW_VERSION_NOT_FOUND)


def changed() -> FailedPrecondition:
    """Somebody else changed the flow."""
    return FailedPrecondition(
        "the flow was changed meanwhile; read it again", reason=errors_pb2.ERROR_REASON_FLOW_CHANGED
    )


def _taken(name: str) -> AlreadyExists:
    sentence = f"a flow is called {name!r} already; choose another name, or change that one"
    return AlreadyExists(sentence, reason=errors_pb2.ERROR_REASON_FLOW_EXISTS)


def _names(name: str) -> list[str]:
    """The name, and what it is called when that is taken."""
    room = LONGEST_NAME - len(_IMPORTED) - len(" 99")
    base = name.strip()[:room].removesuffix(_IMPORTED) or "flow"
    return [name.strip()[:LONGEST_NAME] or "flow", base + _IMPORTED, *(f"{base}{_IMPORTED} {n}" for n in range(2, 100))]


def _saving(flow_id: UUID, name: str, found: Read, publish: bool, replaces: str | None) -> SaveFlow:
    return SaveFlow(
        flow_id,
        name,
        canonical_json(found.flow),
        digest(found.flow),
        publish=publish and not found.has_errors,
        replaces=replaces,
        triggers=triggers_of(found.flow),
    )


def _enveloped(document: bytes, exported_at: str, metadata: Mapping[str, Json]) -> bytes:
    envelope = export_flow(stored(document), "envelope", exported_at=exported_at, metadata=metadata)
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
