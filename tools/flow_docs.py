"""Write docs/flow.schema.json and docs/nodes.md from what the node types say of themselves.

The example of a type is the first node of it in its golden flow, tests/data/flows/nodes/<type>.json.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "docs" / "flow.schema.json"
PAGE = ROOT / "docs" / "nodes.md"
GOLDEN = ROOT / "tests" / "data" / "flows" / "nodes"

HEAD = """# Nodes

What each node type does, its fields and its ways out. `tools/flow_docs.py` writes this page from the types themselves;
the same is published as [flow.schema.json](flow.schema.json), and `pytake flow schema` prints it. How edges are chosen,
and what texts, rules and limits are, is told in [flows.md](flows.md). Each type has a golden flow with its test in
`tests/data/flows/nodes/`; the examples are taken from there.

Unknown fields are kept. A number may be written as text, and `null` is as good as absent.

"""


def schema_text() -> str:
    """The schema as it is published."""
    from services.executor.domain.flow_schema import flow_schema

    return json.dumps(flow_schema(), ensure_ascii=False, indent=2) + "\n"


def page() -> str:
    """The page of nodes."""
    from services.executor.domain.nodes import NODE_TYPES

    links = " · ".join(f"[{name}](#{name})" for name in NODE_TYPES)
    return HEAD + links + "\n" + "".join(_section(name) for name in NODE_TYPES)


def _section(name: str) -> str:
    from services.executor.domain.nodes import NODE_TYPES

    node_type = NODE_TYPES[name]
    parts = [f"\n## {name}\n", f"{_wrapped(node_type.summary)}\n"]
    rows = [f"| `{path}` | {_cell(text)} |" for path, text in _fields(node_type.schema)]
    if rows:
        parts.append("| field | holds |\n|---|---|\n" + "\n".join(rows) + "\n")
    ways = [f"| `{way}` | {_cell(text)} |" for way, text in node_type.ways.items()]
    if ways:
        parts.append("| way out | is taken when |\n|---|---|\n" + "\n".join(ways) + "\n")
    parts.append("```json\n" + _example(name) + "\n```\n")
    return "\n".join(parts)


def _fields(schema: Mapping[str, object], path: str = "") -> Iterator[tuple[str, str]]:
    """Every field with its description; one inside another is written `outer.inner`, of a list `outer[].inner`."""
    properties = schema.get("properties")
    required = schema.get("required")
    for name, field in (properties if isinstance(properties, dict) else {}).items():
        need = " Required." if isinstance(required, list) and name in required else ""
        yield f"{path}{name}", f"{field.get('description', '')}{_values(field)}{need}".strip()
        yield from _fields(field, f"{path}{name}.")
        items = field.get("items")
        if isinstance(items, dict):
            yield from _fields(items, f"{path}{name}[].")


def _values(field: Mapping[str, object]) -> str:
    """The words it may be, and what it is when absent."""
    told = ""
    values = field.get("enum")
    if isinstance(values, list):
        told += f" One of {', '.join(f'`{value}`' for value in values if value)}."
    if "default" in field:
        told += f" Default: `{json.dumps(field['default']).strip(chr(34))}`."
    return told


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _wrapped(text: str, width: int = 140) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def _example(name: str) -> str:
    document = json.loads((GOLDEN / f"{name}.json").read_text())
    node = next(node for node in document["nodes"] if node["type"] == name)
    return json.dumps({key: node[key] for key in ("id", "type", "data") if key in node}, ensure_ascii=False, indent=2)


def main() -> int:
    """Write both files, or with --check name those that are not fresh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a file is not fresh")
    is_check = parser.parse_args().check
    written = {SCHEMA: schema_text(), PAGE: page()}
    stale = [path for path, text in written.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if is_check:
            print(f"{path.relative_to(ROOT)} is not fresh; run tools/flow_docs.py", file=sys.stderr)
        else:
            path.write_text(written[path])
    return 1 if is_check and stale else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
