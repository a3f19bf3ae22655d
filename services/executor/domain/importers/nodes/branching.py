"""Nodes that choose the way: condition, switch, random, jump, window check."""

from collections.abc import Mapping

from services.executor.domain.importers.outlets import FALSE_NAMES, SPLIT_PREFIX, TRUE_NAMES
from services.executor.domain.importers.reading import Draft, NodeSource, part, point_onward
from services.executor.domain.importers.rules import match_of, read_expression, read_rule, rule_part
from services.executor.domain.importers.values import (
    Object,
    as_flag,
    as_id,
    as_list,
    as_number,
    as_object,
    as_template,
    as_text,
    entries,
    folded,
    present,
    variable_name,
)


def read_condition(node: NodeSource) -> Draft:
    node.point("true", node.take("true_target"), "trueNodeId")
    node.point("false", node.take("false_target"), "falseNodeId")
    routes, conditions = as_list(node.take("routes")), _conditions(node)
    match = match_of(node.take("match"))
    node.take("has_default")
    if routes and all(isinstance(route, dict) for route in routes):
        return Draft(
            "condition",
            {"routes": [_native_route(node, as_object(route), index) for index, route in enumerate(routes)]},
        )
    if _leads_several_ways(node, conditions):
        node.point("default", node.take("default_target"), "defaultNodeId")
        return Draft("condition", {"routes": _routes(node, conditions)})
    data = _single(node, conditions, match)
    return _split_choices(node, data) or Draft("condition", data)


def read_switch(node: NodeSource) -> Draft:
    variable = variable_name(node.take("variable"))
    if variable is None:
        node.note("problem", "variable", "The switch names no variable: fill 'variable'.")
    written = node.take("cases")
    targets = dict(entries(written)) if isinstance(written, dict) else dict(_listed_cases(written))
    default = targets.pop("default", None)
    chosen = node.take("default_target")
    for value, target in targets.items():
        _point_case(node, value, target)
    _point_case(node, "default", default if default is not None else chosen)
    if not targets:
        node.note("problem", "cases", "The switch has no cases: list at least one value.")
    return Draft("switch", {"variable": variable or "", "cases": {value: value for value in targets}})


def read_random(node: NodeSource) -> Draft:
    paths = as_list(node.take("variants")) or _weighted(node)
    variants: list[Object] = []
    for index, path in enumerate(paths):
        variants.append(_variant(node, as_object(path), index))
    if not variants:
        node.note("problem", "variants", "The random choice has no variants: list at least one with its weight.")
    if node.take("seed") is not None or as_flag(node.take("use_seed")):
        node.note("dropped", "seed", "A contact always gets the same variant; a seed has no effect.")
    return Draft("random", {"variants": variants} | present({"variableName": variable_name(node.take("variableName"))}))


def read_jump(node: NodeSource) -> Draft:
    target, flow = as_id(node.take("targetNodeId")), as_id(node.take("targetFlow"))
    kind = folded(node.take("kind"))
    if not target and not flow:
        node.note(
            "problem",
            "targetNodeId",
            "The jump names neither a node nor a flow: fill 'targetNodeId' or 'targetFlow'.",
        )
    mapping = dict(entries(node.take("variable_mapping")))
    to_flow = flow is not None and (kind == "flow" or target is None)
    if not to_flow:
        node.point(None, target, "targetNodeId")
        return Draft("jump", present({"targetNodeId": target}))
    passes, returns = as_flag(node.take("pass_variables")), as_flag(node.take("returnToParent"))
    if returns:
        return _subflow(node, flow, mapping, passes)
    names: Object = {name: variable_name(source) for name, source in mapping.items()}
    return Draft("jump", present({"targetFlow": flow, "variable_mapping": names or None, "pass_variables": passes}))


def _subflow(node: NodeSource, flow: str | None, mapping: Object, passes: bool | None) -> Draft:
    """A jump that comes back."""
    point_onward(node)
    node.note("changed", "returnToParent", "A jump that comes back is a sub-flow now.")
    handed = {name: as_template(source) for name, source in mapping.items()}
    data = {"targetFlow": flow, "variable_mapping": handed or None, "pass_variables": passes}
    return Draft("subflow", present(data))


def read_window_check(node: NodeSource) -> Draft:
    return Draft("window_check", present({"fallbackTemplate": as_text(node.take("fallbackTemplate"))}))


def _conditions(node: NodeSource) -> list[object]:
    """Source conditions from a list, a nested object, or the node's own variable, operator and value."""
    listed, nested = as_list(node.take("rules")), node.take("condition")
    own = {name: node.take(name) for name in ("variable", "operator", "value")}
    if listed:
        return listed
    if isinstance(nested, list):
        return nested
    if isinstance(nested, dict) or (isinstance(nested, str) and own["operator"] is None and nested.strip()):
        return [nested]
    return [present(own)] if own["variable"] is not None else []


def _leads_several_ways(node: NodeSource, conditions: list[object]) -> bool:
    parts = [rule_part(item) for item in conditions]
    if any(_is_outlet(node, item, index) for index, item in enumerate(parts)):
        return True
    two_ways = TRUE_NAMES | FALSE_NAMES
    if node.exit_names() & two_ways or any(pointer.handle == "true" for pointer in node.pointers):
        return False
    return any("next" in item or "branch" in item for item in parts)


def _is_outlet(node: NodeSource, item: Object, index: int) -> bool:
    names = (
        {folded(item.get("branch")), folded(item.get("label")), f"condition-{index}"} - {""} - TRUE_NAMES - FALSE_NAMES
    )
    return bool(node.exit_names() & names)


def _routes(node: NodeSource, conditions: list[object]) -> list[Object]:
    routes: list[Object] = []
    for index, item in enumerate(conditions):
        leads = rule_part(item)
        handle = as_id(leads.get("branch")) or f"condition-{index}"
        node.point(handle, leads.get("next"), f"conditions[{index}].targetNodeId")
        rule = read_rule(node, item)
        routes.append(
            {"handle": handle, "rules": [rule] if rule else [], "match": "all"}
            | present({"label": as_text(leads.get("label"))})
        )
    return routes


def _native_route(node: NodeSource, route: Object, index: int) -> Object:
    rules = [rule for rule in (read_rule(node, item) for item in as_list(route.get("rules"))) if rule]
    return {
        "handle": as_id(route.get("handle")) or f"condition-{index}",
        "rules": rules,
        "match": match_of(route.get("match")),
    }


def _single(node: NodeSource, conditions: list[object], match: str) -> Object:
    if len(conditions) == 1 and isinstance(conditions[0], str):
        return read_expression(node, conditions[0]) or {"rules": [], "match": "all"}
    if not conditions:
        node.note("problem", "rules", "The condition compares nothing: fill 'variable', 'operator' and 'value'.")
    for index, item in enumerate(conditions):
        node.point(
            "true",
            rule_part(item).get("next") if len(conditions) == 1 else None,
            f"conditions[{index}].targetNodeId",
        )
    return {
        "rules": [rule for rule in (read_rule(node, item) for item in conditions) if rule],
        "match": match,
    }


def _split_choices(node: NodeSource, data: Object) -> Draft | None:
    """Several edges on the one true handle of "in a, b, c": the k-th edge is for the k-th value."""
    rules = [as_object(rule) for rule in as_list(data["rules"])]
    ways = sum(bool(names) and names[0] in TRUE_NAMES for names in node.exits)
    if len(rules) != 1 or rules[0]["operator"] != "in" or ways < 2 or ways != len(as_list(rules[0]["value"])):
        return None
    node.note(
        "changed",
        "sourceHandle",
        f"{ways} edges leave the same handle, which is ambiguous; the k-th edge is taken for the k-th value.",
    )
    equal = [
        {"variable": rules[0]["variable"], "operator": "==", "value": value} for value in as_list(rules[0]["value"])
    ]
    return Draft(
        "condition",
        {
            "routes": [
                {"handle": f"{SPLIT_PREFIX}{k}", "rules": [rule], "match": "all"}
                for k, rule in enumerate(equal, start=1)
            ]
        },
    )


def _listed_cases(written: object) -> Mapping[str, object]:
    """Cases written as a list of {value, target} or of plain values."""
    cases: dict[str, object] = {}
    for item in as_list(written):
        fields = as_object(item)
        value = as_text(fields.get("value", fields.get("case"))) if fields else as_text(item)
        if value:
            cases[value] = part(fields, "next")
    return cases


def _point_case(node: NodeSource, value: str, target: object) -> None:
    """A case's text is a node id unless an edge of that name already leaves the switch."""
    text = as_id(target)
    if text is None or (text not in node.node_ids and {folded(text), folded(value)} & node.exit_names()):
        return
    node.point(value, text, f"cases.{value}")


def _weighted(node: NodeSource) -> list[object]:
    weights = as_list(node.take("weights"))
    count = as_number(node.take("count"))
    size = len(weights) or (int(count) if count is not None and 0 < count <= 100 else 0)
    return [{"id": f"output-{index}", "weight": weights[index] if weights else 1} for index in range(size)]


def _variant(node: NodeSource, path: Object, index: int) -> Object:
    handle = as_id(path.get("handle", path.get("id"))) or f"output-{index}"
    title = as_text(path.get("label", path.get("name")))
    weight = as_number(part(path, "weight"))
    node.point(handle, part(path, "next"), f"paths[{index}].targetNodeId")
    return {"handle": handle, "weight": 1 if weight is None else weight} | present({"label": title})
