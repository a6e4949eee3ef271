"""Prints the data dictionary from the headers."""

from rich.console import Console
from rich.table import Table as Grid

from orchestration.tables import Catalogue, Table


def print_tables(catalogue: Catalogue, console: Console) -> None:
    """Each table with the first sentence of its description."""
    grid = Grid("table", "kind", "description")
    for table in catalogue.values():
        kind = "view" if table.header.view else "table"
        grid.add_row(table.qualified, kind, table.header.description.split(". ")[0])
    console.print(grid)


def print_table(table: Table, console: Console) -> None:
    """One table: what it holds, its grain, its columns, what it is made from."""
    console.print(f"[bold]{table.qualified}[/] {table.header.description}", highlight=False)
    console.print(f"Grain: {', '.join(table.header.grain)}. Made from: {', '.join(sorted(table.reads)) or 'a source'}.")
    grid = Grid("column", "type", "unit", "null", "meaning")
    for name, column in table.header.columns.items():
        grid.add_row(name, table.types[name].lower(), column.unit, "yes" if column.nullable else "", column.meaning)
    console.print(grid)


def as_markdown(catalogue: Catalogue) -> str:
    """The whole dictionary: what docs/data-dictionary.md holds."""
    parts = ["# Data dictionary\n", "Written from the headers of sql/ by `make docs`.\n"]
    for table in catalogue.values():
        kind = "view" if table.header.view else "table"
        parts.append(f"## {table.qualified}\n\n{table.header.description}\n")
        parts.append(f"A {kind}, key {', '.join(table.header.grain)}.\n")
        lines = ["| column | type | unit | null | meaning |", "|---|---|---|---|---|"]
        for name, column in table.header.columns.items():
            null = "yes" if column.nullable else ""
            lines.append(f"| {name} | {table.types[name].lower()} | {column.unit} | {null} | {column.meaning} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)
