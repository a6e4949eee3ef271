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
