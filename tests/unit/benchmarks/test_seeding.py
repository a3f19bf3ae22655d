"""Copies of a conversation bear everybody's own ids."""

from uuid import UUID

from services.executor.domain.standing import state_id_of
from services.router.domain.identity import Identity, contact_id_of, conversation_id_of
from tests.benchmarks.seeding import copy_statement, ids_of

ORGANIZATION = UUID(int=1)
FLOW = str(UUID(int=2))


def test_the_ids_are_those_that_the_rooms_would_make() -> None:
    ids = ids_of(ORGANIZATION, FLOW, "5511970000000", "108000000000000")
    assert ids.contact_id == contact_id_of(Identity(ORGANIZATION, "wa_id", "5511970000000"))
    assert ids.conversation_id == conversation_id_of(ids.contact_id, "108000000000000")
    assert ids.state_id == state_id_of(ids.conversation_id, FLOW)


def test_a_copy_takes_over_what_is_everybodys_and_replaces_what_is_the_models_own() -> None:
    model = ids_of(ORGANIZATION, FLOW, "5511970000000", "108000000000000")
    row = {"organization_id": ORGANIZATION, "lane_id": model.conversation_id, "head": 3, "note": model.wa_id}
    text = copy_statement("executor.inbox_lane", row, model).as_string(None)
    assert 'SELECT m."organization_id", "s"."conversation_id", m."head", "s"."wa_id" FROM seed s' in text
    assert f"WHERE m.\"lane_id\" = '{model.conversation_id.hex}'" in text
