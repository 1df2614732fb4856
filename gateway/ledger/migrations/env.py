"""Alembic's way in. The connection, its transaction and its lock are the caller's; logging is left as it is."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], **context.config.attributes["settings"])
with context.begin_transaction():
    context.run_migrations()
