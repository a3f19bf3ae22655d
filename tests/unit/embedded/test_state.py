import stat
from pathlib import Path

import pytest

from services.embedded.errors import HouseError
from services.embedded.state import house_lock, is_running, read_state, state_file, write_state


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path


def test_a_running_house_can_be_read(data: Path) -> None:
    with house_lock(data):
        write_state(data, {"http": "http://127.0.0.1:8000"})
        assert read_state(data) == {"http": "http://127.0.0.1:8000"}


def test_the_state_of_a_house_that_was_killed_is_not_believed(data: Path) -> None:
    write_state(data, {"http": "http://127.0.0.1:8000"})
    with pytest.raises(HouseError, match="no house is running"):
        read_state(data)


def test_a_folder_where_no_house_ever_was_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(HouseError, match="pytake up"):
        read_state(tmp_path / "nowhere")


def test_a_second_house_in_the_same_folder_is_refused_with_the_first_ones_process(data: Path) -> None:
    import os

    with house_lock(data), pytest.raises(HouseError, match=str(os.getpid())), house_lock(data):
        pass


def test_the_folder_is_free_again_when_its_house_has_ended(data: Path) -> None:
    with house_lock(data):
        write_state(data, {})
    assert not is_running(data)
    assert not state_file(data).exists()


def test_the_state_is_for_its_owner_alone_because_it_holds_passwords(data: Path) -> None:
    write_state(data, {})
    assert stat.S_IMODE(state_file(data).stat().st_mode) == 0o600
