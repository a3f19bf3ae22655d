"""Small exports of other products for tests, and what is looked at in their import."""

from services.executor.domain.importers import import_flow


def bot(*blocks, groups=(), edges=(), variables=(), **rest):
    """A Typebot export with one group, g1, that the start leads to."""
    return {
        "version": "6.1",
        "name": "Bot",
        "events": [{"id": "start", "type": "start", "graphCoordinates": {"x": 0, "y": 0}}],
        "groups": [{"id": "g1", "title": "Um", "blocks": list(blocks)}, *groups],
        "edges": [{"id": "e0", "from": {"eventId": "start"}, "to": {"groupId": "g1"}}, *edges],
        "variables": [{"id": f"v-{name}", "name": name} for name in variables],
        **rest,
    }


def said(block_id, *children, **leaf):
    """A text bubble of one line."""
    return {
        "id": block_id,
        "type": "text",
        "content": {"richText": [{"type": "p", "children": [*children] or [{"text": "Olá", **leaf}]}]},
    }


def definition(*nodes, **rest):
    """A RapidPro definition of version 13."""
    return {"uuid": "f", "name": "Fluxo", "spec_version": "13.1.0", "language": "por", "nodes": list(nodes), **rest}


def step(step_id, *actions, to=None, **rest):
    """A node of actions with one exit."""
    return {
        "uuid": step_id,
        "actions": list(actions),
        "exits": [{"uuid": f"{step_id}-x", "destination_uuid": to}],
        **rest,
    }


def waiting(step_id, *cases, default=None, ways=(), actions=(), **router):
    """A node that waits for a message. `cases` are (test, arguments, category), `ways` (category, target) pairs."""
    ways = [*ways, ("Other", default)]
    return {
        "uuid": step_id,
        "actions": list(actions),
        "router": {
            "type": "switch",
            "operand": "@input.text",
            "wait": {"type": "msg"},
            "default_category_uuid": "Other",
            "cases": [
                {
                    "uuid": f"{step_id}-{kind}-{place}",
                    "type": kind,
                    "arguments": list(arguments),
                    "category_uuid": category,
                }
                for place, (kind, arguments, category) in enumerate(cases)
            ],
            "categories": [{"uuid": name, "name": name, "exit_uuid": f"{step_id}-{name}"} for name, _ in ways],
            **router,
        },
        "exits": [{"uuid": f"{step_id}-{name}", "destination_uuid": target} for name, target in ways],
    }


def message(action_id, text="Olá", **rest):
    return {"uuid": action_id, "type": "send_msg", "text": text, **rest}


def nodes_of(source, **names):
    return {node["id"]: node for node in import_flow(source, **names).flow["nodes"]}


def data_of(source, node_id):
    return nodes_of(source)[node_id]["data"]


def edges_of(source):
    """(source, handle, target) of every edge; an empty handle is the plain way."""
    return {
        (edge["source"], edge.get("sourceHandle", ""), edge["target"]) for edge in import_flow(source).flow["edges"]
    }


def told(source, level):
    """`node field` of every report line of a level."""
    return [f"{item.node_id} {item.field}" for item in import_flow(source).report.at(level)]
