"""The operators' page names only what exists."""

import re

from tests.house.kustomize import ROOT
from tools.settings_docs import COMPOSE_MAY, COMPOSE_ONLY, ROOMS, variables_of

PAGE = (ROOT / "docs" / "operators.md").read_text()


def test_every_metric_that_is_named_is_measured() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "services").rglob("*.py"))
    measured = set(re.findall(r'"(pytake_[a-z_]+)"', sources))
    named = {name.removesuffix("_count") for name in re.findall(r"`(pytake_[a-z_]+)", PAGE)}

    assert named
    assert named - measured == set()


def test_every_setting_that_is_named_is_read() -> None:
    read = {variable.name for room in ROOMS for variable in variables_of(room)}
    read |= {*COMPOSE_ONLY, *COMPOSE_MAY}
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", PAGE))

    assert named
    assert named - read == set()


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:deploy|docs)/[\w./-]+|compose\.yaml)`", PAGE))

    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
