"""Alembic's room: `env.py` and one file per revision."""
