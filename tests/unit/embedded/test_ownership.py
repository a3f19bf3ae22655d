from pathlib import Path

import pytest

from services.embedded.errors import HouseError
from services.embedded.ownership import is_reachable, private_folder
from services.embedded.process import User

STRANGER = User(61_234, 61_234)


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that strangers can pass through, up to the first closed one of a test."""
    folder = tmp_path_factory.mktemp("home")
    for parent in (folder, *folder.parents):
        if parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o011)
    return folder


def test_a_file_below_a_closed_folder_is_out_of_a_strangers_reach(home: Path) -> None:
    (home / "closed").mkdir(mode=0o700)
    assert not is_reachable(home / "closed" / "file", STRANGER)


def test_a_file_below_open_folders_is_within_reach(home: Path) -> None:
    (home / "open").mkdir(mode=0o711)
    assert is_reachable(home / "open" / "file", STRANGER)


def test_everything_is_within_our_own_reach(home: Path) -> None:
    (home / "closed").mkdir(mode=0o700)
    assert is_reachable(home / "closed" / "file", None)


def test_an_existing_folder_is_used_as_it_is(home: Path) -> None:
    (home / "target").mkdir()
    (home / "link").symlink_to(home / "target")
    assert private_folder(home / "link", None) == (home / "target").resolve()


def test_databases_that_were_elsewhere_and_are_gone_are_not_replaced_in_silence(home: Path) -> None:
    (home / "link").symlink_to(home / "gone")
    with pytest.raises(HouseError, match="is gone"):
        private_folder(home / "link", None)


def test_a_new_folder_is_private(home: Path) -> None:
    folder = private_folder(home / "postgres", None)
    assert folder.stat().st_mode & 0o777 == 0o700
