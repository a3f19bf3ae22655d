"""Temporary files: gone afterwards, and only so many at a time."""

import asyncio
from pathlib import Path

import pytest

from services.sender.ports.media import StoreAway
from services.sender.usecases.media import Scratch


async def test_a_temporary_file_is_gone_afterwards() -> None:
    async with Scratch(1)() as file:
        file.write_bytes(b"on its way")
    assert not file.parent.exists()


async def test_whoever_finds_no_place_waits_for_one() -> None:
    scratch = Scratch(2)
    came: list[Path] = []

    async def third() -> None:
        async with scratch() as file:
            came.append(file)

    async with scratch():
        async with scratch():
            waiting = asyncio.create_task(third())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(waiting), 0.05)
            assert came == []
        await waiting
    assert len(came) == 1


async def test_a_machine_without_room_for_them_says_so_and_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = Scratch(1)
    monkeypatch.setattr("tempfile.tempdir", "/proc/nowhere")
    for _ in range(2):
        with pytest.raises(StoreAway, match="give sender a /tmp"):
            async with scratch():
                pass
