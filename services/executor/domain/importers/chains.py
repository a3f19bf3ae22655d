"""Further nodes of a source node that does several things, drawn one after the other."""

from services.executor.domain.importers.edges import claim_id
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.values import Object


def spread(drafts: dict[str, Draft], edges: list[Object]) -> list[Object]:
    """Put a draft's `after` behind it and let its edges leave the last of them; returns the new nodes."""
    added: list[Object] = []
    taken, edge_ids = dict.fromkeys(drafts, 1), {str(edge["id"]): 1 for edge in edges}
    for node_id, draft in [(node_id, draft) for node_id, draft in drafts.items() if draft.after]:
        leaving = [edge for edge in edges if edge["source"] == node_id]
        source = node_id
        for inner in draft.after:
            target = claim_id(node_id, taken)
            drafts[target] = inner
            added.append({"id": target, "type": inner.type, "data": inner.data})
            edges.append({"id": claim_id(f"e-{source}-{target}", edge_ids), "source": source, "target": target})
            source = target
        for edge in leaving:
            edge["source"] = source
    return added
