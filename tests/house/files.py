"""The files of the repository, without what machines make."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (".ci", "deploy", "docs", "protos", "services", "tests", "tools")


def files(*suffixes: str) -> list[Path]:
    """All files with one of these suffixes, the top folder's too; without suffixes all files."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")] + list(ROOT.iterdir())
    return sorted(
        path
        for path in found
        if path.is_file() and "__pycache__" not in path.parts and (not suffixes or path.suffix in suffixes)
    )
