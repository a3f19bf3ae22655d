"""What every node that waits for an answer reads: how long, and what several messages in a row mean."""

from collections.abc import Iterator
from typing import Final, Literal

from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import number_of, object_at, text_at, whole_number_at
from services.executor.domain.nodes.node_type import Exit
from services.executor.domain.turn import Burst

INVALID_EXIT: Final = Exit(("invalid",), expected=False)
NO_REPLY_EXIT: Final = Exit(("no_reply",), expected=False)

_LONGEST_SECONDS: Final = 365 * 86_400
_POLICIES: Final[dict[str, Literal["join", "latest"]]] = {"join": "join", "latest": "latest"}
_SHORTEST_QUIET, _LONGEST_QUIET, _USUAL_QUIET = 0.2, 60.0, 2.0


def timeout_of(node: Node) -> float | None:
    """Seconds until no_reply; None for never."""
    seconds = whole_number_at(node.data, "timeoutSeconds")
    return float(min(seconds, _LONGEST_SECONDS)) if seconds is not None and seconds > 0 else None


def burst_of(node: Node) -> Burst | None:
    """What several messages in a row mean; None when each answers in turn."""
    written = object_at(node.data, "burst")
    policy = _POLICIES.get(text_at(written, "policy"))
    if policy is None:
        return None
    quiet = number_of(written.get("quietSeconds"))
    seconds = _USUAL_QUIET if quiet is None else float(quiet)
    return Burst(policy, min(max(seconds, _SHORTEST_QUIET), _LONGEST_QUIET))


def check_waiting(node: Node) -> Iterator[Finding]:
    """Check timeoutSeconds and burst."""
    yield from check_seconds(node, "timeoutSeconds")
    written = node.data.get("burst")
    if written is None:
        return
    burst = object_at(node.data, "burst")
    if text_at(burst, "policy") not in ("queue", *_POLICIES):
        message = f"The burst policy of node {node.id} is unknown."
        yield error("bad_burst", node.id, message, 'Write {"policy": "queue"}, "join" or "latest".')
    quiet = burst.get("quietSeconds")
    seconds = number_of(quiet)
    if quiet is not None and (seconds is None or not _SHORTEST_QUIET <= float(seconds) <= _LONGEST_QUIET):
        message = f'"quietSeconds" of node {node.id} is not between 0.2 and 60.'
        yield error("bad_burst", node.id, message, "Write a number of seconds from 0.2 to 60.")


def check_seconds(node: Node, field: str, most: int = _LONGEST_SECONDS) -> Iterator[Finding]:
    """Report a time that is no number of seconds from 1 to `most`; nothing when it is absent."""
    written = node.data.get(field)
    if written is None or written == "":
        return
    seconds = number_of(written)
    if seconds is None or not 1 <= seconds <= most:
        message = f'"{field}" of node {node.id} is no number of seconds from 1 to {most}.'
        yield error("bad_seconds", node.id, message, "Write whole seconds.")
