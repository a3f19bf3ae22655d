"""Alembic revisions of sender's schema."""
