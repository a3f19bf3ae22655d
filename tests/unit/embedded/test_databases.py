from pathlib import Path

import pytest

from services.embedded.databases import digest_of_migrations, is_migrated, note_migrated, url_for_role


@pytest.fixture
def root(tmp_path: Path) -> Path:
    migrations = tmp_path / "services" / "router" / "migrations"
    migrations.mkdir(parents=True)
    (migrations / "0001_first.py").write_text("first")
    return tmp_path


def test_a_changed_migration_changes_the_digest(root: Path) -> None:
    before = digest_of_migrations({}, root)
    (root / "services" / "router" / "migrations" / "0001_first.py").write_text("changed")
    assert digest_of_migrations({}, root) != before


def test_a_new_migration_changes_the_digest(root: Path) -> None:
    before = digest_of_migrations({}, root)
    (root / "services" / "router" / "migrations" / "0002_second.py").touch()
    assert digest_of_migrations({}, root) != before


def test_a_changed_password_changes_the_digest(root: Path) -> None:
    assert digest_of_migrations({"svc_router": "a"}, root) != digest_of_migrations({"svc_router": "b"}, root)


def test_a_cluster_is_migrated_only_to_what_was_noted(tmp_path: Path) -> None:
    assert not is_migrated(tmp_path, "one")
    note_migrated(tmp_path, "one")
    assert is_migrated(tmp_path, "one")
    assert not is_migrated(tmp_path, "two")


def test_another_login_keeps_address_database_and_options_of_a_url() -> None:
    url = url_for_role("postgresql://admin:p%40ss@db.example:6432/wa?sslmode=require", "svc_router", "a/b@c")
    assert url == "postgresql://svc_router:a%2Fb%40c@db.example:6432/wa?sslmode=require"
