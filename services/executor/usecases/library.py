"""Compiled flow versions, kept because they never change: no invalidation, only limits.

A version is known by its document's digest. Organizations that publish the same document (a template, a partner's flow)
share what is compiled of it: the thousandth organization's first message costs no more than the first one's second.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

import orjson

from services.executor.domain.compile import CompiledFlow, compile_flow
from services.executor.domain.document import parse_document
from services.executor.ports import Flows, LoadFlow

# About 20 KiB a flow: at the most some 40 MiB.
MOST_FLOWS = 2000
# About 300 bytes a version: at the most some 20 MiB.
MOST_VERSIONS = 65_536

Key = TypeVar("Key")
Value = TypeVar("Value")


class FlowLibrary:
    """Flows by organization, id and version."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._digests: OrderedDict[tuple[UUID, str, int], str] = OrderedDict()
        self._compiled: OrderedDict[str, CompiledFlow] = OrderedDict()

    def learn(self, organization_id: UUID, flow_id: str, version: int, digest: str) -> None:
        """Note which document a version is; what is compiled of it already will do."""
        _keep(self._digests, (organization_id, flow_id, version), digest, MOST_VERSIONS)

    def get(self, organization_id: UUID, flow_id: str, version: int) -> CompiledFlow | None:
        """A compiled version, if it is at hand."""
        digest = self._digests.get((organization_id, flow_id, version))
        compiled = self._compiled.get(digest) if digest is not None else None
        if compiled is None or digest is None:
            return None
        self._compiled.move_to_end(digest)
        return _as_version(compiled, flow_id, version)

    async def load(
        self, organization_id: UUID, flow: str, version: int, *, read: LoadFlow | None = None
    ) -> CompiledFlow | None:
        """Load and compile a version (0: the published one); None when there is none. `read` is who reads it."""
        load = read or self._flows.load
        found = await load(organization_id=organization_id, flow=flow, version=version)
        if found is None:
            return None
        flow_id = str(found.flow_id)
        self.learn(organization_id, flow_id, found.version, found.digest)
        compiled = self._compiled.get(found.digest)
        if compiled is None:
            document = parse_document(orjson.loads(found.document))
            compiled = compile_flow(document, flow_id=flow_id, version=found.version)
            _keep(self._compiled, found.digest, compiled, MOST_FLOWS)
        return _as_version(compiled, flow_id, found.version)


def _as_version(compiled: CompiledFlow, flow_id: str, version: int) -> CompiledFlow:
    """The same flow under another name; its nodes are shared."""
    if compiled.flow_id == flow_id and compiled.version == version:
        return compiled
    return replace(compiled, flow_id=flow_id, version=version)


def _keep(kept: OrderedDict[Key, Value], key: Key, value: Value, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > most:
        kept.popitem(last=False)
