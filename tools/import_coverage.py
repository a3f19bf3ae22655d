"""Write docs/importing.md's table of how much of imported flows runs; with --check only say whether it is fresh.

With --folder it prints the same table for files of one's own: one line for each folder in it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from services.executor.domain.importers import UnreadableFlow, import_flow, read_document
from services.executor.domain.importers.coverage import coverage

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "importing.md"
FLOWS = ROOT / "tests" / "data" / "flows"
BEGIN, END = "<!-- coverage: tools/import_coverage.py writes this -->", "<!-- /coverage -->"
SOURCES = {"pytake": "PyTake, twelve dialects and the envelope", "twilio": "Twilio Studio", "pywce": "pywce",
           "typebot": "Typebot", "rapidpro": "RapidPro", "glific": "Glific"}  # fmt: skip
ENDINGS = frozenset({".json", ".yaml", ".yml"})


def sample() -> dict[str, list[Path]]:
    """Return our own sample flows by source."""
    found = {"pytake": _flows(FLOWS / "imports")}
    return found | {folder.name: _flows(folder) for folder in _folders(FLOWS / "import")}


def table(sources: dict[str, list[Path]]) -> str:
    """Write a line for each source: files, what was refused, and how many nodes run."""
    head = [
        "| source | files | refused | imported and runnable / nodes | of them unfinished |",
        "|---|---|---|---|---|",
    ]
    ordered = sorted(sources, key=lambda name: (list(SOURCES).index(name) if name in SOURCES else len(SOURCES), name))
    return "\n".join([*head, *(_line(SOURCES.get(name, name), sources[name]) for name in ordered)])


def page(text: str) -> str:
    """Put the table of the sample into the page between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(sample())}\n{END}{after}"


def _line(name: str, files: Iterable[Path]) -> str:
    count = refused = total = runnable = unfinished = 0
    for file in files:
        count += 1
        try:
            imported = import_flow(read_document(file.read_bytes()))
        except UnreadableFlow:
            refused += 1
            continue
        found = coverage(imported.flow, imported.report)
        total, runnable = total + found.total, runnable + found.runnable
        unfinished += found.unfinished
    return f"| {name} | {count} | {refused} | {runnable} / {total} | {unfinished} |"


def _flows(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.suffix in ENDINGS and ".expected." not in path.name]


def _folders(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if path.is_dir() and _flows(path))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 when the page is stale")
    parser.add_argument("--folder", type=Path, help="print the table for the folders in this one")
    arguments = parser.parse_args()
    if arguments.folder is not None:
        sys.stdout.write(table({folder.name: _flows(folder) for folder in _folders(arguments.folder)}) + "\n")
        return 0
    text = PAGE.read_text(encoding="utf-8")
    fresh = page(text)
    if arguments.check:
        return int(fresh != text)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
