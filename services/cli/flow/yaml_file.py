"""YAML as people mean it: the core schema of YAML 1.2, where `no`, `9:30` and dates are texts."""

import re
from pathlib import Path

import yaml

from services.cli.apply.reading import text_of

MOST_FILE_BYTES = 8 * 1024 * 1024
_NULL, _BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))


class _Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """Safe YAML; a key that stands twice is refused, since one of the two would be lost."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  PyYAML's own form


_Loader.add_implicit_resolver(_NULL, re.compile(r"(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver(_BOOL, re.compile(r"(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver(_INT, re.compile(r"-?(?:0|[1-9][0-9]*)$"), list("-0123456789"))
_Loader.add_implicit_resolver(_FLOAT, re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+$"), list("-0123456789"))


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[object, object]:
    seen: set[object] = set()
    for key, _ in node.value:
        name = loader.construct_object(key, deep=True)
        if isinstance(name, list | dict) or name in seen:
            raise ValueError(f"line {key.start_mark.line + 1}: the key {name!r} stands twice, or is no text")
        seen.add(name)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def load_yaml(path: Path) -> object:
    """Read a file. Raises ValueError with one sentence."""
    text = text_of(path, MOST_FILE_BYTES)
    try:
        return yaml.load(text, _Loader)  # noqa: S506  a safe loader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ValueError(f"line {line} is no YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"it is no YAML: {error}") from None
