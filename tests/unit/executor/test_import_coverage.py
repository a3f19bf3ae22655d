"""How much of an import runs: the numbers of the documentation's table."""

from services.executor.domain.importers import import_flow
from services.executor.domain.importers.coverage import Coverage, coverage
from tests.unit.executor.foreign_flows import bot, said


def _covered(source):
    imported = import_flow(source)
    return coverage(imported.flow, imported.report)


def test_nodes_of_types_that_run_are_counted():
    assert _covered(bot(said("a"), said("b"))) == Coverage(total=3, runnable=3, unfinished=0)


def test_a_node_that_must_be_replaced_does_not_run():
    assert _covered(bot(said("a"), {"id": "b", "type": "Code", "options": {"content": "x"}})) == Coverage(3, 2, 0)


def test_a_node_that_runs_but_waits_for_its_author_is_unfinished():
    assert _covered(bot(said("a", {"text": ""}))) == Coverage(total=2, runnable=2, unfinished=1)


def test_a_document_that_cannot_be_stored_runs_nowhere():
    assert _covered(bot(said("a", {"text": "\x00"}))) == Coverage(total=2, runnable=0, unfinished=0)
