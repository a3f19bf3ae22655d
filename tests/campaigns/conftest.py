"""A folder for a house of a test's own."""

from tests.faults.conftest import house_folder

__all__ = ["house_folder"]
