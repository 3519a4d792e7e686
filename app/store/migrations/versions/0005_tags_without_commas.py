"""Commas in stored tags become semicolons: they would split a tag in two when it is edited."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Rewrite such tags, and the lines by which a search finds them."""
    runs = sa.table("runs", *(sa.column(name, sa.Text) for name in ("id", "tags", "search")))
    connection = op.get_bind()
    for row in connection.execute(sa.select(runs)).all():
        tags, search = json.loads(row.tags), row.search
        for tag in tags:
            search = search.replace(f"\n#{tag.casefold()}\n", f"\n#{tag.casefold().replace(',', ';')}\n")
        changed = list(dict.fromkeys(tag.replace(",", ";") for tag in tags))
        if changed != tags:
            values = {"tags": json.dumps(changed, ensure_ascii=False), "search": search}
            connection.execute(sa.update(runs).where(runs.c.id == row.id).values(values))
