"""Alembic's environment: one room's schema, on the connection that migrate.py opened."""

from alembic import context

config = context.config
room = config.attributes["room"]

context.configure(
    connection=config.attributes["connection"],
    version_table="schema_version",
    version_table_schema=room,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
