"""Documents say what is there: links lead somewhere, commands exist, decisions have their three parts."""

import json
import re
import shlex
from pathlib import Path

import pytest
import typer

from services.cli.app import COMMANDS, app
from services.executor.domain.document import parse_document
from services.executor.domain.lint import problems
from tests.house.files import ROOT, files

PAGES = files(".md")
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:pytake|make) [^`\n]+)`")
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
MACHINE = re.compile(r"(?<![\w.$}/-])/(?:work|root|home|Users)/[\w.-]")
TODO = re.compile(r"\bTODO\b(?!\(#\d+\))")
# Files that speak about TODO itself: the linter's setting, and this page's rule.
ABOUT_TODO = {"pyproject.toml", "tests/house/test_docs.py", "CONTRIBUTING.md"}

TEST_NAMES = {
    name for path in files(".py") for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
}

Command = tuple[str, ...]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors_of(text: str) -> set[str]:
    """Anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links that lead nowhere."""
    broken = []
    for link in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = page.parent / target if target else page
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors_of(path.read_text())):
            broken.append(link)
    return broken


def commands_in(text: str) -> list[Command]:
    """Every `pytake …` and `make …` of a page, in running text and in shell blocks."""
    lines = [
        line for kind, block in FENCE.findall(text) if kind in ("sh", "bash", "console") for line in block.splitlines()
    ]
    inside = [
        command for line in lines for command in re.findall(r"(?:^|[|(&;] ?|\$ )((?:pytake|make) [^|)#;]*)", line)
    ]
    return [tuple(_words(command)) for command in [*inside, *INLINE.findall(FENCE.sub("", text))]]


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # an apostrophe of running text, or a quote that ends on the next line
        return command.split()


def problem_of(command: Command) -> str | None:
    """Why a command cannot be what a reader may type, or None."""
    program, *words = command
    if program == "make":
        targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
        return None if words and words[0] in targets else f"make has no target {words[0]}"
    return _problem_of_options(words)


def _problem_of_options(words: list[str]) -> str | None:
    node: object = typer.main.get_command(app)
    depth = 0
    for word in words:
        children = getattr(node, "get_command", None)
        if children is None or not re.fullmatch(r"[a-z]+(-[a-z]+)*", word):
            break
        node, depth = children(None, word), depth + 1
        if node is None:
            return f"pytake has no command {' '.join(words[:depth])}"
    known = {
        option for parameter in getattr(node, "params", ()) for option in (*parameter.opts, *parameter.secondary_opts)
    }
    written = [
        re.split(r"[=\]]", word)[0] for word in (word.lstrip("[(") for word in words[depth:]) if word.startswith("--")
    ]
    unknown = [option for option in written if option not in known | {"--help"}]
    return f"pytake {' '.join(words[:depth])} has no option {unknown[0]}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_exists(page: Path) -> None:
    assert [problem for command in commands_in(page.read_text()) if (problem := problem_of(command))] == []


def test_what_leads_nowhere_or_does_not_exist_is_found() -> None:
    page = ROOT / "README.md"
    text = "[a](docs/nowhere.md) [b](#no-such-heading) `make nothing` `pytake fly`\n```sh\npytake chat --loud\n```\n"

    assert broken_links(page, text) == ["docs/nowhere.md", "#no-such-heading"]
    assert [problem_of(command) for command in commands_in(text)] == [
        "pytake chat has no option --loud",
        "make has no target nothing",
        "pytake has no command fly",
    ]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_test_and_file_named_exists(page: Path) -> None:
    text = page.read_text()
    named = re.findall(r"`((?:tests|services|tools|deploy|protos|docs)/[\w./-]+)`", text)

    assert [name for name in named if not (ROOT / name).exists()] == []
    assert set(re.findall(r"`(test_\w+)`", text)) <= TEST_NAMES


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_flows_shown_are_without_findings(page: Path) -> None:
    shown = [body for kind, body in FENCE.findall(page.read_text()) if kind == "json" and '"pytake.flow/1"' in body]

    assert [problems(parse_document(json.loads(body))) for body in shown] == [()] * len(shown)


def test_the_readme_is_short_and_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()

    assert text.count("\n") <= 120
    assert {("make", "up"), ("make", "test")} <= set(commands_in(text))


def test_the_index_lists_every_page_of_docs() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(index.read_text())}

    assert {page for page in (ROOT / "docs").rglob("*.md") if page != index} <= listed


def test_every_command_of_the_command_line_is_documented() -> None:
    named = {command[1] for page in PAGES for command in commands_in(page.read_text()) if len(command) > 1}

    assert set(COMMANDS) - named == set()


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_has_context_choice_and_price(page: Path) -> None:
    text = page.read_text()
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)

    assert re.match(rf"# {page.name[:4]} \S", text)
    assert headings == ["Context", "Choice", "Price"]
    assert text.count("\n") <= 60


def test_decisions_are_numbered_without_gaps() -> None:
    assert [page.name[:4] for page in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]


def test_decisions_that_code_names_are_there() -> None:
    named = {
        match
        for path in files(".py", ".proto", ".sql", ".md", ".yaml")
        for match in re.findall(r"decisions/(\d{4}-[\w-]+\.md)", path.read_text())
    }

    assert {name for name in named if not (ROOT / "docs" / "decisions" / name).exists()} == set()


def test_no_file_names_a_machine_or_leaves_work_without_a_number() -> None:
    found = []
    for path in files():
        text = path.read_bytes().decode(errors="ignore")
        found += [f"{name_of(path)}: {match.group()}" for match in MACHINE.finditer(text)]
        if name_of(path) not in ABOUT_TODO:
            found += [f"{name_of(path)}: {match.group()}" for match in TODO.finditer(text)]

    assert found == []
