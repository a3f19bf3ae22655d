"""Flows on their way out: the native form, and the export envelope that older builders read.

Nothing is lost in either: importing what was exported gives the same canonical document.
"""

import json
from collections.abc import Mapping
from typing import Final, Literal

from services.executor.domain.document import FlowDocument, canonical_json
from services.executor.domain.json_value import Json, text_at

FORMAT_VERSION: Final = "1.0"
# What the envelope keeps beside the canvas; the canvas holds everything else of the document.
_BESIDE: Final = ("name", "variables", "settings")

Form = Literal["native", "envelope"]


def export_flow(
    document: FlowDocument, to: Form = "native", *, exported_at: str = "", metadata: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """Write a flow in a form, its keys in canonical order.

    `exported_at` is an ISO 8601 moment and `metadata` says whose flow it was; both stand only in the envelope.
    """
    canonical: dict[str, Json] = json.loads(canonical_json(document))
    if to == "native":
        return canonical
    nodes, edges = canonical.get("nodes"), canonical.get("edges")
    return {
        "format_version": FORMAT_VERSION,
        "exported_at": exported_at,
        "flow": _flow(canonical),
        "metadata": {
            **(metadata or {}),
            "total_nodes": len(nodes) if isinstance(nodes, list) else 0,
            "total_edges": len(edges) if isinstance(edges, list) else 0,
        },
    }


def _flow(canonical: dict[str, Json]) -> dict[str, Json]:
    """The flow as the envelope nests it. A key the document lacks is absent here too, so that it stays absent."""
    beside: dict[str, Json] = {key: canonical[key] for key in _BESIDE if key in canonical}
    canvas: Json = {key: value for key, value in canonical.items() if key not in _BESIDE}
    name = {"name": beside.pop("name")} if "name" in beside else {}
    description = text_at(canonical, "description")
    return {**name, "description": description, "is_main": False, "canvas_data": canvas, **beside}


def exported_document(envelope: Mapping[str, object]) -> dict[str, object] | None:
    """The native document inside an envelope that export_flow wrote; None for an envelope of somebody else."""
    flow = envelope.get("flow")
    canvas = flow.get("canvas_data") if isinstance(flow, dict) else None
    schema = canvas.get("schema") if isinstance(canvas, dict) else None
    if not isinstance(flow, dict) or not isinstance(canvas, dict) or not isinstance(schema, str):
        return None
    return {**canvas, **{key: flow[key] for key in _BESIDE if key in flow}}
