"""Compiled flow versions, kept because they never change: no invalidation, only limits.

A version is known by its document's digest. Organizations that publish the same document (a template, a partner's flow)
share what is compiled of it: the thousandth organization's first message costs no more than the first one's second.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from uuid import UUID

import orjson

from services.executor.domain.compile import CompiledFlow, compile_flow
from services.executor.domain.document import parse_document
from services.executor.ports import Flows, LoadFlow

# About 20 KiB a flow: at the most some 40 MiB as a rule.
MOST_FLOWS = 2000
# What flows may weigh together when they are not of the usual kind; see `_weight_of`.
MOST_WEIGHT = 512 * 1024 * 1024
# A document compiled is about so many times as large; a regular expression may grow to some such figure.
_COMPILED_TIMES = 10
_PATTERN_BYTES = 256 * 1024
# Compiling less than this takes no longer than a turn may take.
_SMALL_DOCUMENT = 32 * 1024
# About 300 bytes a version: at the most some 20 MiB.
MOST_VERSIONS = 65_536


class FlowLibrary:
    """Flows by organization, id and version."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._digests: OrderedDict[tuple[UUID, str, int], str] = OrderedDict()
        self._compiled: OrderedDict[str, tuple[CompiledFlow, int]] = OrderedDict()
        self._weight = 0

    def learn(self, organization_id: UUID, flow_id: str, version: int, digest: str) -> None:
        """Note which document a version is; what is compiled of it already will do."""
        key = (organization_id, flow_id, version)
        self._digests[key] = digest
        self._digests.move_to_end(key)
        if len(self._digests) > MOST_VERSIONS:
            self._digests.popitem(last=False)

    def get(self, organization_id: UUID, flow_id: str, version: int) -> CompiledFlow | None:
        """A compiled version, if it is at hand."""
        digest = self._digests.get((organization_id, flow_id, version))
        held = self._compiled.get(digest) if digest is not None else None
        if held is None or digest is None:
            return None
        self._compiled.move_to_end(digest)
        return _as_version(held[0], flow_id, version)

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
        held = self._compiled.get(found.digest)
        compiled = held[0] if held else await self._compile(found.document, found.digest, flow_id, found.version)
        return _as_version(compiled, flow_id, found.version)

    async def _compile(self, document: bytes, digest: str, flow_id: str, version: int) -> CompiledFlow:
        if len(document) <= _SMALL_DOCUMENT:
            compiled = _compiled(document, flow_id, version)
        else:
            compiled = await asyncio.to_thread(_compiled, document, flow_id, version)
        self._keep(digest, compiled, _weight_of(document))
        return compiled

    def _keep(self, digest: str, compiled: CompiledFlow, weight: int) -> None:
        """Keep it, and forget what was used longest ago until the others fit."""
        _, former = self._compiled.pop(digest, (None, 0))
        self._compiled[digest] = (compiled, weight)
        self._weight += weight - former
        while len(self._compiled) > MOST_FLOWS or (self._weight > MOST_WEIGHT and len(self._compiled) > 1):
            _, (_, forgotten) = self._compiled.popitem(last=False)
            self._weight -= forgotten


def _compiled(document: bytes, flow_id: str, version: int) -> CompiledFlow:
    return compile_flow(parse_document(orjson.loads(document)), flow_id=flow_id, version=version)


def _weight_of(document: bytes) -> int:
    patterns = document.count(b'"matches"') + document.count(b'"regex"')
    return len(document) * _COMPILED_TIMES + patterns * _PATTERN_BYTES


def _as_version(compiled: CompiledFlow, flow_id: str, version: int) -> CompiledFlow:
    """The same flow under another name; its nodes are shared."""
    if compiled.flow_id == flow_id and compiled.version == version:
        return compiled
    return replace(compiled, flow_id=flow_id, version=version)
