"""Print, code by code and answer by answer, what should be done and what was."""

import argparse
import asyncio
import json
import os
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from services.chassis.logs import Redactor, begin_logs
from services.chassis.migrate import migrate
from tests.fixtures.servers import copied_database, join_run, make_template, start_servers
from tests.graph_answers.cases import ROADS, answer_cases, error_cases
from tests.graph_answers.run import run


def main() -> int:
    """Run; 1 when anything differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.graph_answers", description=__doc__)
    parser.add_argument("--errors", type=Path, help="a list of error codes, as tests/data/graph/errors.json")
    parser.add_argument("--responses", type=Path, help="a list of answers, as tests/data/graph/responses.json")
    parser.add_argument("--json", type=Path, help="write the results here")
    options = parser.parse_args()
    begin_logs("graph_answers", "error", Redactor.knowing(os.urandom(32), ()))
    errors = json.loads(options.errors.read_text()) if options.errors else {"errors": []}
    responses = json.loads(options.responses.read_text()) if options.responses else {"responses": []}
    cases = [*error_cases(errors), *answer_cases(responses)]
    with join_run():
        servers = start_servers()
        make_template(servers, migrate)
        with ExitStack() as stack:
            urls = {road: stack.enter_context(copied_database(servers)).url_of("sender") for road in ROADS}
            results = asyncio.run(run(urls, cases))
    for result in results:
        mark = "equal " if result.is_equal else "DIFFERS"
        end = {None: "", True: ", went out later", False: ", DID NOT GO OUT"}[result.went_out]
        print(f"{mark:8}{result.name[:44]:46}{result.expected:22}{result.taken}{end}")
    equal = sum(result.is_equal for result in results)
    print(f"{equal} of {len(results)} equal: {len(errors['errors'])} codes, {len(responses['responses'])} answers")
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    return 0 if equal == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
