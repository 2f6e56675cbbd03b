"""Alembic's migrations of a coordinator's database."""
