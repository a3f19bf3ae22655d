"""Test files and the flows they name, read and run; how it went is told by others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from services.cli.ending import WrongInput
from services.cli.flow.reading import imported
from services.cli.flow.yaml_file import load_yaml
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.document import FlowDocument, parse_document
from services.executor.domain.finding import InvalidFlow
from services.executor.domain.flowtest import (
    BadTest,
    Coverage,
    Failure,
    Flows,
    Suite,
    Watch,
    coverage_of,
    read_suite,
    run_case,
    watched_flow,
)

ENDINGS = (".test.yaml", ".test.yml")
_FLOW_SUFFIXES = ("", ".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class CaseRun:
    """How a case went; without a failure all of it held."""

    name: str
    seconds: float
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """How a file's cases went."""

    file: Path
    cases: tuple[CaseRun, ...]

    @property
    def failed(self) -> tuple[CaseRun, ...]:
        """Those of which something did not hold."""
        return tuple(case for case in self.cases if case.failure is not None)


@dataclass(slots=True)
class _Tested:
    """A flow that is tested, with what its tests came by."""

    document: FlowDocument
    watch: Watch = field(default_factory=Watch)


@dataclass(frozen=True, slots=True)
class Report:
    """How all of it went; coverage by the flow's file."""

    suites: tuple[SuiteRun, ...]
    coverage: dict[Path, Coverage]


def test_files(paths: Sequence[Path]) -> list[Path]:
    """The test files among these files and folders. Raises WrongInput when there are none."""
    found = [file for path in paths for file in _files_in(path)]
    if not found:
        raise WrongInput(f"no test file in {', '.join(map(str, paths))}; they are named like order.test.yaml")
    return list(dict.fromkeys(found))


def _files_in(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    yield from sorted(file for file in path.rglob("*") if file.name.endswith(ENDINGS))


def run_files(files: Sequence[Path]) -> Report:
    """Run every case of these files. Raises WrongInput with a line for each file that cannot be run."""
    tested: dict[Path, _Tested] = {}
    readable, wrong = [], []
    for file in files:
        try:
            suite = read_suite(load_yaml(file))
            readable.append((file, suite, _flows(file, suite, tested)))
        except (BadTest, ValueError) as error:
            wrong.append(f"{file}: {error}")
        except WrongInput as error:
            wrong.append(f"{file} {error}")
    if wrong:
        raise WrongInput("\n".join(wrong))
    suites = tuple(_run(file, suite, flows) for file, suite, flows in readable)
    mains = {_found(file, suite.flow) for file, suite, _ in readable}
    return Report(suites, {path: coverage_of(one.document, one.watch) for path, one in tested.items() if path in mains})


def _run(file: Path, suite: Suite, flows: Flows) -> SuiteRun:
    runs = []
    for case in suite.cases:
        began = perf_counter()
        failure = run_case(case, flows)
        runs.append(CaseRun(case.name, perf_counter() - began, failure))
    return SuiteRun(file, tuple(runs))


def _flows(file: Path, suite: Suite, tested: dict[Path, _Tested]) -> Flows:
    path = _found(file, suite.flow)
    main = _compiled(path, "", tested)
    others = {name: _compiled(_found(file, written), name, tested) for name, written in suite.others.items()}
    return Flows(main, {path.stem: main, tested[path].document.name: main, **others})


def _compiled(path: Path, flow_id: str, tested: dict[Path, _Tested]) -> CompiledFlow:
    try:
        if path not in tested:
            tested[path] = _Tested(parse_document(imported(path).flow))
        document, watch = tested[path].document, tested[path].watch
        return watched_flow(document, flow_id or document.name or path.stem, watch)
    except InvalidFlow as invalid:
        raise WrongInput(f"names {path.name}, which cannot run: {invalid.findings[0].message}") from None


def _found(file: Path, written: str) -> Path:
    """The flow's file as a test names it: beside the test, with or without its ending. Raises WrongInput."""
    for suffix in _FLOW_SUFFIXES:
        path = file.parent / (written + suffix)
        if path.is_file():
            return path.resolve()
    raise WrongInput(f"names the flow {written!r}, but there is no such file beside it")
