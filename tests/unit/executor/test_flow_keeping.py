"""Flows as people hand them in: limits, and an answer that is short enough to be read."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.chassis.errors import AlreadyExists, InvalidArgument, NotFound
from services.executor.domain.document import canonical_json, digest, parse_document
from services.executor.ports import FlowChanged, FlowSummary, SavedFlow, SaveFlow
from services.executor.usecases.documents import LARGEST_DOCUMENT, MOST_FINDINGS
from services.executor.usecases.flow_keeping import FlowKeeping, Put
from tests.fakes.executor_templates import TemplatesToldOf
from tests.unit.executor.generated_flows import documents

START = {"id": "s", "type": "start"}
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abçé{} .", max_size=6), inner, max_size=3),
    max_leaves=8,
)
MORE = st.dictionaries(st.sampled_from(["icon", "ç", "zoom", "viewport", "x.y"]), JSON, max_size=3)


class Shelf:
    """Flows in memory: what was saved last of each name; `taken` are names that are there already."""

    def __init__(self, *taken: str) -> None:
        self.taken = taken
        self.saved: SaveFlow | None = None

    async def save(self, *, organization_id: UUID, flow: SaveFlow) -> SavedFlow:
        if flow.replaces == "" and flow.name in self.taken:
            raise FlowChanged
        self.saved = flow
        return SavedFlow(int(flow.publish), is_changed=True)

    async def published_digest(self, *, organization_id: UUID, flow_id: UUID) -> tuple[int, str]:
        return 0, ""

    async def head(self, *, organization_id: UUID, flow_id: UUID) -> FlowSummary | None:
        if self.saved is None or self.saved.flow_id != flow_id:
            return None
        return FlowSummary(flow_id, self.saved.name, 0, NOON, self.saved.digest, "", NOON)

    async def document(self, *, organization_id: UUID, flow_id: UUID, version: int) -> tuple[bytes, str] | None:
        assert self.saved is not None
        return self.saved.document, self.saved.digest


def keeping_on(shelf: Shelf) -> FlowKeeping:
    return FlowKeeping(shelf, TemplatesToldOf())  # type: ignore[arg-type]  # what these tests need of it


async def put(*nodes: dict[str, object], shelf: Shelf | None = None) -> Put:
    document = {"schema": "pytake.flow/1", "name": "t", "nodes": [START, *nodes], "edges": []}
    keeping = keeping_on(shelf or Shelf())
    return await keeping.put(
        organization_id=uuid4(), name="t", document=json.dumps(document).encode(), publish=True, dry_run=False
    )


async def test_as_many_findings_are_told_as_somebody_reads_and_errors_before_all() -> None:
    shelf = Shelf()
    lost = [{"id": f"n{place}", "type": "message", "data": {"content": "Oi"}} for place in range(700)]
    answer = await put(*lost, {"id": "bad", "type": "message"}, shelf=shelf)

    assert len(answer.findings) == MOST_FINDINGS + 1
    assert answer.findings[0].severity == "error"
    assert answer.findings[-1].message.endswith("more findings.")
    assert ("empty_text", "bad") in {(finding.code, finding.node_id) for finding in answer.findings}
    assert shelf.saved is not None
    assert not shelf.saved.publish


async def test_a_few_findings_are_all_told() -> None:
    answer = await put({"id": "n", "type": "message", "data": {"content": "Oi"}})

    assert "more_findings" not in {finding.code for finding in answer.findings}


async def test_a_document_has_an_end() -> None:
    keeping = keeping_on(Shelf())
    for document in (b"{" + b" " * LARGEST_DOCUMENT + b"}", b"[" * 1000, b"\xff", b'{"schema": NaN}'):
        with pytest.raises(InvalidArgument, match=r"^document "):
            await keeping.put(organization_id=uuid4(), name="t", document=document, publish=True, dry_run=False)


@given(flow=documents(), more=st.tuples(MORE, MORE, MORE, MORE))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_what_a_builder_wrote_comes_back_byte_for_byte_in_canonical_form(
    flow: dict[str, Any], more: tuple[dict[str, Any], ...]
) -> None:
    top, of_nodes, of_data, of_edges = more
    written = flow | {key: value for key, value in top.items() if key not in flow}
    written["nodes"] = [
        of_nodes | node | ({"data": of_data | node["data"]} if "data" in node else {}) for node in flow["nodes"]
    ]
    written["edges"] = [of_edges | edge for edge in flow["edges"]]
    shelf = Shelf()
    keeping, organization_id = keeping_on(shelf), uuid4()

    put = await keeping.put(
        organization_id=organization_id, name="t", document=json.dumps(written).encode(), publish=False, dry_run=False
    )
    given_back = await keeping.get(organization_id=organization_id, flow_id=put.flow_id, version=0)

    assert given_back.document == canonical_json(parse_document(written))
    assert put.draft_digest == given_back.digest == digest(parse_document(written))
    # And what is given back is put as the same again.
    again = await keeping.put(
        organization_id=organization_id, name="t", document=given_back.document, publish=False, dry_run=False
    )
    assert again.draft_digest == put.draft_digest


async def test_a_number_too_long_for_a_machine_comes_back_as_it_was() -> None:
    shelf = Shelf()
    document = {"schema": "pytake.flow/1", "name": "t", "nodes": [START], "edges": [], "id": 10**30}

    await keeping_on(shelf).put(
        organization_id=uuid4(), name="t", document=json.dumps(document).encode(), publish=False, dry_run=False
    )

    assert shelf.saved is not None
    assert json.loads(shelf.saved.document)["id"] == 10**30


NATIVE = json.dumps({"schema": "pytake.flow/1", "name": "chá", "nodes": [START], "edges": []}).encode()


async def test_an_imported_flow_takes_its_own_name_or_one_that_is_free() -> None:
    organization_id = uuid4()
    names = []
    for taken in ([], ["chá"], ["chá", "chá (Imported)"]):
        keeping = keeping_on(Shelf(*taken))
        imported = await keeping.import_(organization_id=organization_id, name="", document=NATIVE, dry_run=False)
        assert imported.flow is not None
        names.append(imported.flow.name)

    assert names == ["chá", "chá (Imported)", "chá (Imported) 2"]


async def test_an_imported_flow_is_refused_a_name_that_is_taken_and_a_dry_run_stores_nothing() -> None:
    shelf = Shelf("chá")

    with pytest.raises(AlreadyExists):
        await keeping_on(shelf).import_(organization_id=uuid4(), name="chá", document=NATIVE, dry_run=False)
    tried = await keeping_on(shelf).import_(organization_id=uuid4(), name="", document=NATIVE, dry_run=True)

    assert (tried.flow, shelf.saved) == (None, None)
    assert tried.document == canonical_json(parse_document(json.loads(NATIVE)))


async def test_a_flow_of_an_id_that_nobody_has_is_not_made() -> None:
    with pytest.raises(NotFound):
        await keeping_on(Shelf()).put(
            organization_id=uuid4(), name="", document=NATIVE, publish=False, dry_run=False, flow_id=uuid4()
        )


async def test_a_document_is_looked_at_strictly_or_not_and_its_structure_is_told_as_findings() -> None:
    keeping = keeping_on(Shelf())
    end, question = {"id": "e", "type": "end"}, {"id": "q", "type": "question", "data": {"content": "Oi?"}}
    edges = [{"source": "s", "target": "q"}, {"source": "q", "target": "e"}]
    doubtful = json.dumps(
        {"schema": "pytake.flow/1", "name": "t", "nodes": [START, question, end], "edges": edges}
    ).encode()

    lenient = await keeping.validate(organization_id=uuid4(), document=doubtful, strict=False)
    strict = await keeping.validate(organization_id=uuid4(), document=doubtful, strict=True)
    broken = await keeping.validate(
        organization_id=uuid4(), document=b'{"schema": "pytake.flow/1", "nodes": [{"id": "a"}]}', strict=False
    )

    assert (lenient.is_valid, strict.is_valid) == (True, False)
    assert lenient.findings == strict.findings != ()
    assert (broken.is_valid, broken.findings[0].code) == (False, "structure")


async def test_an_exported_file_has_a_name_that_every_system_takes() -> None:
    shelf, organization_id = Shelf(), uuid4()
    keeping = keeping_on(shelf)
    imported = await keeping.import_(
        organization_id=organization_id, name="../Chá da tarde?", document=NATIVE, dry_run=False
    )
    assert imported.flow is not None

    names = [
        (
            await keeping.export(
                organization_id=organization_id, flow_id=imported.flow.flow_id, version=version, form="native", now=NOON
            )
        ).file_name
        for version in (0, 3)
    ]

    assert names == ["Chá-da-tarde.json", "Chá-da-tarde.v3.json"]


async def test_a_flow_that_was_exported_in_either_form_is_imported_as_the_same_document() -> None:
    organization_id = uuid4()
    document = json.loads(NATIVE) | {"zoom": 0.5, "nodes": [START | {"icon": "🫖", "data": {"x": [1, None]}}]}
    keeping = keeping_on(Shelf())
    put = await keeping.put(
        organization_id=organization_id, name="chá", document=json.dumps(document).encode(), publish=False, dry_run=True
    )
    imported = await keeping.import_(
        organization_id=organization_id, name="chá", document=json.dumps(document).encode(), dry_run=False
    )
    assert imported.flow is not None

    for form in ("native", "envelope"):
        file = await keeping.export(
            organization_id=organization_id, flow_id=imported.flow.flow_id, version=0, form=form, now=NOON
        )
        again = await keeping.import_(organization_id=uuid4(), name="chá", document=file.content, dry_run=True)

        assert file.digest == put.draft_digest
        assert again.document == imported.document
