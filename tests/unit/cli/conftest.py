"""A fake house, and the command line talking to it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from services.cli.app import app
from tests.unit.cli.fake_house import Kept, fake_house

FLOW = {"nodes": [{"id": "start", "type": "start"}], "edges": []}


@dataclass
class Line:
    """The command line with the data folder of a house."""

    data: Path
    kept: Kept

    async def run(self, *arguments: str, said: str | None = None) -> Result:
        """Run a command in a thread of its own, for it has an event loop of its own; `said` is its standard input."""
        return await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--data", str(self.data)], said)

    def write(self, document: object, name: str = "shop.json") -> str:
        """Write an apply file beside the house; its path."""
        path = self.data / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    async with fake_house(tmp_path) as kept:
        yield Line(tmp_path, kept)


def acme(**changes: object) -> Any:
    """A document with one of everything; keys replace those of the organization."""
    organization: dict[str, object] = {
        "name": "acme",
        "meta_apps": [{"name": "main", "app_secret": "s3cret", "verify_token": "t0ken"}],
        "numbers": [
            {
                "phone_number_id": "300000000000003",
                "display_phone_number": "+55 11 5550-0199",
                "access_token": "EAAtest",
                "app": "main",
                "chatbot": "shop",
            }
        ],
        "chatbots": [{"name": "shop", "default_flow": "sales"}],
        "flows": [{"name": "sales", "document": FLOW, "publish": True}],
        "triggers": [{"keyword": "promo", "flow": "sales"}],
    }
    return {"organizations": [organization | changes]}
