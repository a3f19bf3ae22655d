"""Every kind of error and answer, given to the real sender by the simulated Meta (`python -m tests.graph_answers`)."""

import json
from contextlib import ExitStack

from tests.fixtures.servers import Servers, copied_database
from tests.graph_answers.cases import ROADS, answer_cases, error_cases
from tests.graph_answers.run import run
from tests.house.files import ROOT

DATA = ROOT / "tests" / "data" / "graph"


async def test_what_is_done_about_errors_and_answers_is_what_the_lists_say(migrated_servers: Servers) -> None:
    errors = error_cases(json.loads((DATA / "errors.json").read_text()))
    answers = answer_cases(json.loads((DATA / "responses.json").read_text()))
    with ExitStack() as stack:
        urls = {road: stack.enter_context(copied_database(migrated_servers)).url_of("sender") for road in ROADS}
        results = await run(urls, [*errors, *answers])

    assert len(results) > 80
    assert [result for result in results if not result.is_equal] == []
