"""One house for all journeys of a test process, and an organization for each test that asks."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.house import House, running_house
from tests.journeys.shop import Shop
from tests.journeys.webhooks import Element

OpenShop = Callable[..., Shop]


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """The house of this test process; starting it takes seconds, so all journeys share it."""
    # What flows call in these tests is on this machine; who sets up a number proves that it is his, as with Meta.
    chosen = {"EFFECTS_ALLOWED_NETWORKS": "127.0.0.0/8", "EFFECTS_PORTS": "1-65535", "NUMBERS_NEED_PROOF": "true"}
    with new_folder() as folder, running_house(folder, **chosen) as started:
        yield started


@pytest.fixture
def house_folder() -> Iterator[Path]:
    """A folder for a house of a test's own."""
    with new_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def serials() -> Iterator[int]:
    """Numbers that make names, phones and numbers of organizations differ."""
    return itertools.count(1)


@pytest.fixture
def open_shop(house: House, serials: Iterator[int]) -> OpenShop:
    """Provision an organization: open_shop({"flow name": document}, more keys of the organization…)."""

    def open_one(flows: Mapping[str, Element], **more: Any) -> Shop:
        shop = Shop(house, next(serials))
        shop.apply(shop.document(flows, **more))
        return shop

    return open_one


@contextlib.contextmanager
def new_folder() -> Iterator[Path]:
    """A folder that Postgres' own user may pass through when the tests run as root (pytest's are private)."""
    folder = Path(tempfile.mkdtemp(prefix="pytake-journey-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
