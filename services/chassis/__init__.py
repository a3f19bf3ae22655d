"""What every room stands on. It knows no business word, and its list of files is closed (tests/house)."""
