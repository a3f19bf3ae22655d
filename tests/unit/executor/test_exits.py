"""Which edge leads on."""

import pytest

from services.executor.domain.document import Edge
from services.executor.domain.exits import build_exits


def leading(edges: list[tuple[str, str, str]], handles: tuple[str, ...], claimed: set[str] | None = None) -> str | None:
    """The target among edges written as (target, sourceHandle, label)."""
    built = [Edge(f"e{place}", "n", *one) for place, one in enumerate(edges)]
    return build_exits(built, frozenset(claimed or set(handles))).leading(handles)


@pytest.mark.parametrize(
    ("edges", "handles", "target"),
    [
        ([("a", "", "true"), ("b", "true", "")], ("true",), "b"),
        ([("a", "", ""), ("b", "", "Sim")], ("true", "yes", "sim"), "b"),
        ([("a", "", ""), ("b", "", "sim")], ("false", "no"), "a"),
        ([("a", " TRUE ", "")], ("true",), "a"),
        ([("a", "", ""), ("b", "", "")], ("true",), "a"),
        ([("a", "true", "")], ("false",), None),
        ([], ("next",), None),
    ],
)
def test_a_handle_comes_before_a_label_before_the_plain_edge(
    edges: list[tuple[str, str, str]], handles: tuple[str, ...], target: str | None
) -> None:
    assert leading(edges, handles) == target


@pytest.mark.parametrize("handle", ["", "source", "out", "output-0", "anything-else"])
def test_the_only_edge_of_an_ordinary_node_leads_on_whatever_its_handle(handle: str) -> None:
    assert leading([("a", handle, "")], ("next",)) == "a"
    assert leading([("a", handle, "um comentário")], ("next",)) == "a"


@pytest.mark.parametrize("handle", ["invalid", "no_reply", "failed", "skip"])
def test_a_way_out_for_trouble_is_never_borrowed(handle: str) -> None:
    assert leading([("a", handle, "")], ("next",)) is None
    assert leading([("a", "", handle)], ("next",)) is None
    assert leading([("a", "x", ""), ("b", handle, "")], ("next",)) == "a"


def test_the_way_of_one_option_is_not_borrowed_for_another() -> None:
    claimed = {"um", "dois", "answered"}
    assert leading([("a", "um", "")], ("dois", "answered"), claimed) is None
    assert leading([("a", "um", ""), ("b", "", "resto")], ("dois", "answered"), claimed) == "b"


def test_an_option_may_be_called_like_a_builders_plain_handle() -> None:
    claimed = {"a", "left", "answered"}
    assert leading([("x", "a", ""), ("y", "left", "")], ("left", "answered"), claimed) == "y"
    assert leading([("x", "a", "")], ("left", "answered"), claimed) is None
