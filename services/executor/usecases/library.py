"""Compiled flow versions, kept because they never change: no invalidation, only a limit."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

import orjson

from services.executor.domain.compile import CompiledFlow, compile_flow
from services.executor.domain.document import parse_document
from services.executor.ports import Flows

# About 20 KiB a flow: at the most some 40 MiB.
MOST_FLOWS = 2000


class FlowLibrary:
    """Flows by organization, id and version."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._compiled: OrderedDict[tuple[UUID, str, int], CompiledFlow] = OrderedDict()

    def get(self, organization_id: UUID, flow_id: str, version: int) -> CompiledFlow | None:
        """A compiled version, if it is at hand."""
        return self._compiled.get((organization_id, flow_id, version))

    async def load(self, organization_id: UUID, flow: str, version: int) -> CompiledFlow | None:
        """Load and compile a version (0: the published one); None when there is none."""
        found = await self._flows.load(organization_id=organization_id, flow=flow, version=version)
        if found is None:
            return None
        key = (organization_id, str(found.flow_id), found.version)
        if key not in self._compiled:
            document = parse_document(orjson.loads(found.document))
            self._compiled[key] = compile_flow(document, flow_id=key[1], version=found.version)
            if len(self._compiled) > MOST_FLOWS:
                self._compiled.popitem(last=False)
        return self._compiled[key]
