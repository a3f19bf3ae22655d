"""Who changed what, over REST."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import Unavailable
from services.ingress.domain.audit import Change
from services.pb.common.v1 import errors_pb2
from tests.fakes.ingress_peers import MORNING, state_of
from tests.fixtures.rest import Asker

AUDIT = "/api/v1/audit"


def note(asker: Asker, room: str, minute: int, *, organization_id: UUID | None = None) -> None:
    """A room notes a change, so many minutes after the morning began."""
    chain = asker.house.noted.setdefault((organization_id or asker.organization_id, room), [])
    chain.append(
        Change(
            room=room,
            seq=len(chain) + 1,
            at=MORNING + timedelta(minutes=minute),
            actor="user:7",
            action="number.put",
            object="number:106",
            before_digest=None,
            after_digest="ab" * 32,
            hash="cd" * 32,
        )
    )


async def test_a_change_says_who_what_and_when_and_nothing_of_the_contents(asker: Asker) -> None:
    note(asker, "router", 0)

    answer = await asker.get(AUDIT)

    assert answer.status_code == 200
    assert answer.json() == {
        "changes": [
            {
                "room": "router",
                "seq": 1,
                "at": "2026-03-04T09:30:15Z",
                "actor": "user:7",
                "action": "number.put",
                "object": "number:106",
                "before_digest": None,
                "after_digest": "ab" * 32,
                "hash": "cd" * 32,
            }
        ],
        "next": None,
    }


async def test_changes_of_all_rooms_come_newest_first_page_by_page(asker: Asker) -> None:
    for room, minute in (("router", 1), ("ingress", 2), ("executor", 3), ("router", 4)):
        note(asker, room, minute)

    first = (await asker.get(AUDIT, limit=3)).json()
    note(asker, "ingress", 5)
    second = (await asker.get(AUDIT, limit=3, before=first["next"])).json()

    assert [change["room"] for change in first["changes"]] == ["router", "executor", "ingress"]
    assert [(change["room"], change["seq"]) for change in second["changes"]] == [("router", 1)]
    assert second["next"] is None


async def test_changes_of_one_room_can_be_asked_for(asker: Asker) -> None:
    note(asker, "router", 1)
    note(asker, "ingress", 2)

    answer = (await asker.get(AUDIT, room="router")).json()

    assert [change["room"] for change in answer["changes"]] == ["router"]


async def test_another_organizations_changes_are_not_there(asker: Asker) -> None:
    note(asker, "router", 1, organization_id=uuid4())

    assert (await asker.get(AUDIT)).json() == {"changes": [], "next": None}


@pytest.mark.parametrize(
    "query", [{"room": "kitchen"}, {"before": "nonsense"}, {"before": "router:1"}, {"limit": 0}, {"limit": 501}]
)
async def test_a_wrong_question_is_told_what_is_wrong(asker: Asker, query: dict[str, object]) -> None:
    answer = await asker.get(AUDIT, **query)

    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")
    assert next(iter(query)) in answer.json()["detail"]


async def test_a_room_that_is_away_is_told(asker: Asker) -> None:
    asker.house.failure = Unavailable("router is away", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)

    answer = await asker.get(AUDIT)

    assert (answer.status_code, answer.json()["error_code"]) == (503, "PEER_UNAVAILABLE")


async def test_what_a_person_changes_over_rest_is_changed_in_their_name(asker: Asker) -> None:
    asker.house.states[asker.organization_id] = [state_of()]

    await asker.post("/api/v1/conversations/5511987654321/close", {})

    assert asker.house.closed_by == ["team:tests"]
