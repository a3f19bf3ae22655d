"""Cycles of a directed graph: Tarjan's strongly connected components, without recursion."""

from collections.abc import Iterator, Mapping, Sequence


def cycles(targets: Mapping[str, Sequence[str]]) -> list[frozenset[str]]:
    """The strongly connected groups that hold at least one edge. Every target must be a key."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[frozenset[str]] = []
    for root in targets:
        if root not in order:
            _visit(root, targets, order, low, stack, found)
    return [group for group in found if len(group) > 1 or any(node in targets[node] for node in group)]


def _visit(
    root: str,
    targets: Mapping[str, Sequence[str]],
    order: dict[str, int],
    low: dict[str, int],
    stack: list[str],
    found: list[frozenset[str]],
) -> None:
    work: list[tuple[str, Iterator[str]]] = []

    def enter(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        work.append((node, iter(targets[node])))

    enter(root)
    on_stack = set(stack)
    while work:
        node, rest = work[-1]
        child = next(rest, None)
        if child is None:
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == order[node]:
                group = frozenset(stack[stack.index(node) :])
                del stack[stack.index(node) :]
                on_stack -= group
                found.append(group)
        elif child not in order:
            enter(child)
            on_stack.add(child)
        elif child in on_stack:
            low[node] = min(low[node], order[child])
