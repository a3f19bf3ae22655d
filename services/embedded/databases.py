"""The house's database: make it, migrate it, and remember what it was migrated to."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from services.embedded.keys import LOGINS
from services.embedded.postgres import DATABASE

ROOT = Path(__file__).resolve().parents[2]
MIGRATION_SOURCES = (
    "deploy/postgres/*.sql",
    "services/*/migrations/**/*.py",
    "services/chassis/migrate.py",
    "services/chassis/alembic/*",
)
STAMP = "pytake-migrated"

Say = Callable[[str], None]
Migrate = Callable[[str, Mapping[str, str], Say], None]
"""(superuser URL, password per login role, progress): brings the database to this version; repeatable."""


def digest_of_migrations(passwords: Mapping[str, str], root: Path = ROOT) -> str:
    """Digest everything the result of a migration depends on."""
    digest = hashlib.sha256(repr(sorted(passwords.items())).encode())
    for path in sorted(path for pattern in MIGRATION_SOURCES for path in root.glob(pattern)):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def role_passwords(secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the passwords of the login roles."""
    return {role: secrets[role] for role in LOGINS}


def is_migrated(cluster: Path, digest: str) -> bool:
    """Say whether this cluster was brought to exactly these migrations (the stamp lives and dies with it)."""
    stamp = cluster / STAMP
    return stamp.exists() and stamp.read_text() == digest


def note_migrated(cluster: Path, digest: str) -> None:
    (cluster / STAMP).write_text(digest)


async def create_database(server_url: str, name: str = DATABASE) -> None:
    """Create a database unless it exists; `server_url` is the superuser's, to any other database."""
    import psycopg  # lazily: a house that is already migrated never needs it
    from psycopg import sql

    async with await psycopg.AsyncConnection.connect(server_url, autocommit=True) as connection:
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        if await found.fetchone() is None:
            await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


async def run_migrations(migrate: Migrate, url: str, passwords: Mapping[str, str], say: Say) -> None:
    """Run the blocking migration beside the event loop, its progress told from there."""
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(migrate, url, passwords, lambda text: _tell(loop, say, text))


def _tell(loop: asyncio.AbstractEventLoop, say: Say, text: str) -> None:
    loop.call_soon_threadsafe(say, text)


def url_for_role(url: str, role: str, password: str) -> str:
    """Return a server's URL with another login (an external Postgres named by DATABASE_URL)."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{address}"))
