"""Parts of SQL statements that a table's header stands for."""

from typing import Literal

from orchestration.settings import Settings, notice
from orchestration.tables import Table


def columns(table: Table) -> str:
    """The columns with their types, as CREATE TABLE has them."""
    return ", ".join(
        f"{quoted(name)} {kind}{'' if table.header.columns[name].nullable else ' not null'}"
        for name, kind in table.types.items()
    )


def comments(table: Table, what: Literal["view", "table"], name: str, settings: Settings) -> list[str]:
    """Statements that put the header's words beside a table or view of that name, and beside its columns."""
    of_columns = (
        f"comment on column {name}.{quoted(column)} is {literal(f'{said.meaning} [{said.unit}]')}"
        for column, said in table.header.columns.items()
    )
    return [f"comment on {what} {name} is {literal(notice(settings) + table.header.description)}", *of_columns]


def quoted(name: str) -> str:
    """A name."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text."""
    return "'" + text.replace("'", "''") + "'"
