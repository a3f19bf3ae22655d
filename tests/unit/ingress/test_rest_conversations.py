"""The REST API's conversations: shapes and codes of the product contract."""

import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import InvalidArgument, NotFound, Unavailable
from services.ingress.domain.conversation import Flow, Line, Turn
from services.pb.common.v1 import errors_pb2
from tests.fakes.ingress_peers import MORNING, state_of
from tests.fixtures.rest import Asker

LIST = "/api/v1/conversations"
ONE = f"{LIST}/5511987654321"
SEND, CLOSE = f"{ONE}/send", f"{ONE}/close"
CLOSED = {"detail": "Conversation is closed", "error_code": "CONVERSATION_CLOSED"}
UNKNOWN = {"detail": "Conversation not found", "error_code": "CONVERSATION_NOT_FOUND"}


def line_of(speaker: str, text: str, seconds: int) -> Line:
    assert speaker in ("user", "bot")
    return Line(f"record {seconds}", speaker, text, MORNING + timedelta(seconds=seconds), "ask_flavour")  # type: ignore[arg-type]  # just asserted


async def test_a_conversation_in_the_list_has_the_shape_of_the_contract(asker: Asker) -> None:
    state = state_of()
    asker.house.states[asker.organization_id] = [state]

    answer = await asker.get(LIST)

    assert answer.status_code == 200
    assert answer.json() == {
        "total": 1,
        "conversations": [
            {
                "id": state.id,
                "phone_number": "+55 11 98765-4321",
                "display_phone": "11 98765-4321",
                "flow_id": state.flow_id,
                "flow_name": "Encomendas",
                "is_active": True,
                "current_node_id": "ask_flavour",
                "messages_count": 3,
                "last_message_at": "2026-03-04T09:30:15Z",
                "created_at": "2026-03-04T09:25:15Z",
                "session_expires_at": "2026-03-05T09:30:15Z",
            }
        ],
    }


async def test_an_ended_conversation_stands_nowhere(asker: Asker) -> None:
    ended = replace(state_of(is_active=False), current_node_id="goodbye")
    asker.house.states[asker.organization_id] = [ended]

    (listed,) = (await asker.get(LIST)).json()["conversations"]
    read = (await asker.get(ONE)).json()

    assert (listed["is_active"], listed["current_node_id"]) == (False, None)
    assert (read["is_active"], read["current_state"]["current_node_id"]) == (False, None)


async def test_the_list_is_paged_and_filtered(asker: Asker) -> None:
    flow_id = str(uuid4())
    states = [state_of(f"551198765432{n}", flow_id=flow_id, is_active=n % 2 == 0) for n in range(6)]
    asker.house.states[asker.organization_id] = [*states, state_of("447400123456")]

    page = (await asker.get(LIST, skip=1, limit=2)).json()
    of_flow = (await asker.get(LIST, flow_id=flow_id, is_active="true", limit=1)).json()

    assert ([one["id"] for one in page["conversations"]], page["total"]) == ([states[1].id, states[2].id], 7)
    assert ([one["id"] for one in of_flow["conversations"]], of_flow["total"]) == ([states[0].id], 3)


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        (LIST, {"limit": "0"}, "limit"),
        (LIST, {"limit": "501"}, "limit"),
        (LIST, {"limit": "many"}, "limit"),
        (LIST, {"skip": "-1"}, "skip"),
        (LIST, {"skip": "99999999999"}, "skip"),
        (LIST, {"flow_id": "sales"}, "flow_id"),
        (LIST, {"is_active": "perhaps"}, "is_active"),
        (ONE, {"limit": "0"}, "limit"),
        (f"{LIST}/maria", {}, "phone"),
        (f"{LIST}/12", {}, "phone"),
        (f"{LIST}/5511987654321x", {}, "phone"),
    ],
)
async def test_a_wrong_field_is_named_with_its_mend(asker: Asker, path: str, query: dict[str, str], field: str) -> None:
    answer = await asker.get(path, **query)
    body = answer.json()

    assert (answer.status_code, body["error_code"]) == (422, "VALIDATION_ERROR")
    assert body["detail"] == f"{field}: {body['errors'][0]['message']}"
    assert [error["field"] for error in body["errors"]] == [field]


async def test_a_conversation_has_the_shape_of_the_contract(asker: Asker) -> None:
    state = state_of(variables={"nome": "Bia", "bolos": 2, "tags": ["a", {"b": None}]})
    asker.house.states[asker.organization_id] = [state]
    asker.house.lines[asker.organization_id] = [line_of("user", "Oi", 1), line_of("bot", "Qual sabor?", 2)]

    answer = await asker.get(ONE)

    assert answer.json() == {
        "phone_number": "+55 11 98765-4321",
        "display_phone": "11 98765-4321",
        "flow_id": state.flow_id,
        "flow_name": "Encomendas",
        "is_active": True,
        "created_at": "2026-03-04T09:25:15Z",
        "current_state": {
            "current_node_id": "ask_flavour",
            "variables": {"nome": "Bia", "bolos": 2, "tags": ["a", {"b": None}]},
            "execution_path": ["start", "ask_flavour"],
        },
        "messages": [
            {
                "id": "record 1",
                "type": "user",
                "content": "Oi",
                "timestamp": "2026-03-04T09:30:16Z",
                "node_id": "ask_flavour",
            },
            {
                "id": "record 2",
                "type": "bot",
                "content": "Qual sabor?",
                "timestamp": "2026-03-04T09:30:17Z",
                "node_id": "ask_flavour",
            },
        ],
        "total_messages": 2,
    }


async def test_messages_come_in_pages(asker: Asker) -> None:
    asker.house.states[asker.organization_id] = [state_of()]
    asker.house.lines[asker.organization_id] = [line_of("user", str(n), n) for n in range(5)]

    body = (await asker.get(ONE, skip=1, limit=2)).json()

    assert ([message["content"] for message in body["messages"]], body["total_messages"]) == (["1", "2"], 5)


@pytest.mark.parametrize("phone", ["5511987654321", "+5511987654321", "+55 11 98765-4321", "+55 (11) 98765.4321"])
async def test_a_phone_number_may_be_written_as_people_do(asker: Asker, phone: str) -> None:
    asker.house.states[asker.organization_id] = [state_of()]

    assert (await asker.get(f"{LIST}/{phone}")).status_code == 200


async def test_an_unknown_contact_is_not_found(asker: Asker) -> None:
    for answer in (await asker.get(ONE), await asker.post(CLOSE, {})):
        assert (answer.status_code, answer.json()) == (404, UNKNOWN)


@pytest.mark.parametrize(
    ("way", "body", "status", "outcome"),
    [
        ("take", None, "taken", "taken"),
        ("release", None, "released", "released"),
        ("release", {}, "released", "released"),
        ("release", {"is_unattended": True}, "released", "no_agent"),
    ],
)
async def test_people_take_a_conversation_and_give_it_back(
    asker: Asker, way: str, body: object, status: str, outcome: str
) -> None:
    asker.house.states[asker.organization_id] = [state_of()]

    answer = await asker.client.post(f"{ONE}/{way}", json=body, headers=asker.in_role("agent").headers)

    assert answer.status_code == 200
    assert answer.json()["status"] == status
    assert answer.json()["conversation_id"] == str(UUID(int=7))
    assert asker.house.hands == [(asker.organization_id, "5511987654321", outcome)]


async def test_a_conversation_that_nobody_has_cannot_be_taken(asker: Asker) -> None:
    answer = await asker.post(f"{ONE}/take", {})
    assert (answer.status_code, answer.json()) == (404, UNKNOWN)


async def test_another_organizations_contact_is_not_found(asker: Asker) -> None:
    asker.house.states[uuid4()] = [state_of()]

    assert (await asker.get(ONE)).status_code == 404
    assert (await asker.get(LIST)).json() == {"total": 0, "conversations": []}


async def test_sending_gives_what_the_flow_answers(asker: Asker) -> None:
    state = replace(state_of(is_active=False), current_node_id=None, execution_path=("start", "goodbye"))
    asker.house.turn_to_give = Turn(("Anotado!", "Até logo."), state, False)

    answer = await asker.post(SEND, {"message": "milho"})

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "processed",
        "user_message": "milho",
        "bot_responses": ["Anotado!", "Até logo."],
        "current_node_id": "goodbye",
        "current_state": {"variables": {"nome": "Bia"}, "execution_path": ["start", "goodbye"]},
        "awaiting_input": False,
    }


async def test_a_sent_message_is_the_contacts_and_counts_once(asker: Asker) -> None:
    await asker.post(SEND, {"message": " milho "})
    await asker.post(SEND, {"message": " milho "})

    first, second = asker.house.submitted
    assert first[:4] == (asker.organization_id, "5511987654321", " milho ", None)
    assert first[4].startswith("api:")
    assert first[4] != second[4]


async def test_the_flow_to_try_may_be_named(asker: Asker) -> None:
    flow_id = uuid4()
    asker.house.flows[asker.organization_id] = [Flow(str(flow_id), "sales", 1, None)]

    answer = await asker.post(SEND, {"message": "oi", "flow_id": str(flow_id)})

    assert answer.status_code == 200
    assert asker.house.submitted[0][3] == flow_id


@pytest.mark.parametrize("flows", [[], [Flow("5b0a2d4e-6b5e-4f3e-8d51-0d5f8f0c7a11", "sales", 0, None)]])
async def test_a_flow_that_cannot_run_is_not_found_and_nothing_is_sent(asker: Asker, flows: list[Flow]) -> None:
    asker.house.flows[asker.organization_id] = flows

    answer = await asker.post(SEND, {"message": "oi", "flow_id": "5b0a2d4e-6b5e-4f3e-8d51-0d5f8f0c7a11"})

    assert (answer.status_code, answer.json()["error_code"]) == (404, "FLOW_NOT_FOUND")
    assert asker.house.submitted == []


async def test_where_no_flow_answers_nothing_is_found(asker: Asker) -> None:
    asker.house.turn_to_give = Turn((), None, False)

    answer = await asker.post(SEND, {"message": "oi"})

    assert (answer.status_code, answer.json()["error_code"]) == (404, "FLOW_NOT_FOUND")


async def test_an_organization_without_a_number_is_told_so(asker: Asker) -> None:
    asker.house.refusal = NotFound("no active number", reason=errors_pb2.ERROR_REASON_NUMBER_NOT_FOUND)

    answer = await asker.post(SEND, {"message": "oi"})

    assert answer.status_code == 404
    assert answer.json() == {"detail": "no active number", "error_code": "NUMBER_NOT_FOUND"}


async def test_what_a_room_behind_refuses_is_the_requests_fault(asker: Asker) -> None:
    asker.house.refusal = InvalidArgument("text is odd; write another")

    answer = await asker.post(SEND, {"message": "oi"})

    assert answer.status_code == 422
    assert answer.json() == {
        "detail": "text is odd; write another",
        "error_code": "VALIDATION_ERROR",
        "errors": [{"field": "text", "message": "is odd; write another"}],
    }


async def test_a_conversation_an_agent_closed_takes_no_test_message(asker: Asker) -> None:
    asker.house.states[asker.organization_id] = [state_of(is_active=False, is_closed=True)]

    answer = await asker.post(SEND, {"message": "oi"})

    assert (answer.status_code, answer.json()) == (409, CLOSED)
    assert asker.house.submitted == []


async def test_a_conversation_that_ended_by_itself_starts_afresh(asker: Asker) -> None:
    asker.house.states[asker.organization_id] = [state_of(is_active=False)]

    assert (await asker.post(SEND, {"message": "oi"})).status_code == 200


async def test_a_turn_is_waited_for_more_and_more_patiently(asker: Asker) -> None:
    asker.house.pending = 20

    answer = await asker.post(SEND, {"message": "oi"})

    assert answer.status_code == 200
    assert asker.clock.naps[0] == 0.01
    assert asker.clock.naps == sorted(asker.clock.naps)
    assert asker.clock.naps[-1] == 0.1


async def test_a_turn_that_takes_too_long_is_read_later(asker: Asker) -> None:
    asker.house.pending = 1_000_000

    answer = await asker.post(SEND, {"message": "oi"})

    assert (answer.status_code, answer.json()["error_code"]) == (504, "TURN_TOO_SLOW")
    assert 9.5 < asker.clock.seconds <= 10.0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": "  \n"}, "message"),
        ({"message": "a\x00b"}, "message"),
        ({"message": "\ud800"}, "message"),
        ({"message": 5}, "message"),
        ({"message": "x" * 4097}, "message"),
        ({"message": "oi", "flow_id": "sales"}, "flow_id"),
        ([], "body"),
    ],
)
async def test_a_wrong_message_is_refused_and_nothing_is_sent(asker: Asker, body: object, field: str) -> None:
    answer = await asker.post(SEND, body)

    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")
    assert answer.json()["errors"][0]["field"] == field
    assert asker.house.submitted == []


async def test_a_body_that_is_no_json_is_refused(asker: Asker) -> None:
    answer = await asker.client.post(SEND, content=b"{", headers=asker.headers | {"content-type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["detail"] == "body: is no JSON"


@pytest.mark.parametrize("body", [b"{}", b""])
async def test_closing_tells_when_it_was_closed(asker: Asker, body: bytes) -> None:
    asker.house.states[asker.organization_id] = [state_of()]

    answer = await asker.client.post(CLOSE, content=body, headers=asker.headers | {"content-type": "application/json"})

    assert answer.json() == {
        "status": "closed",
        "phone_number": "+55 11 98765-4321",
        "closed_at": "2026-03-04T09:30:15Z",
    }
    assert (await asker.get(ONE)).json()["is_active"] is False


async def test_what_is_closed_cannot_be_closed_again(asker: Asker) -> None:
    asker.house.states[asker.organization_id] = [state_of()]
    await asker.post(CLOSE, {})

    answer = await asker.post(CLOSE, {})

    assert (answer.status_code, answer.json()) == (409, CLOSED)


async def test_a_room_that_is_away_is_a_503_that_says_which(asker: Asker) -> None:
    asker.house.failure = Unavailable("executor is out of reach", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)

    for answer in (await asker.get(LIST), await asker.get(ONE), await asker.post(CLOSE, {})):
        assert answer.status_code == 503
        assert answer.json() == {"detail": "executor is out of reach", "error_code": "PEER_UNAVAILABLE"}


async def test_pages_by_cursor_are_linked_and_the_body_is_the_contracts(asker: Asker) -> None:
    asker.house.states[asker.organization_id] = [state_of(f"551198765432{nth}") for nth in range(3)]

    first = await asker.get("/api/v1/conversations", limit=2, is_active=True)
    link = re.fullmatch(r'<(/api/v1/conversations\?[^>]+)>; rel="next"', first.headers["link"])
    assert link is not None
    second = await asker.client.get(link[1], headers=asker.headers)

    assert (set(first.json()), first.json()["total"]) == ({"total", "conversations"}, 3)
    assert "is_active=true" in link[1].lower()
    assert [len(page.json()["conversations"]) for page in (first, second)] == [2, 1]
    assert "link" not in second.headers
