"""The yardstick of start-up: a bare Textual app with header, footer and table."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Footer, Header

TITLE = "Bare"


class Bare(App[None]):
    """What any program of this kind has at least."""

    TITLE = TITLE
    BINDINGS = [("q", "quit", "Quit")]  # noqa: RUF012 - as Textual's manual writes it

    def compose(self) -> ComposeResult:
        """Header, table, footer."""
        yield Header()
        yield DataTable[str]()
        yield Footer()

    def on_mount(self) -> None:
        """Ten rows."""
        table = self.query_one(DataTable)
        table.add_columns("Name", "Value")
        for row in range(10):
            table.add_row(f"row {row}", "value")


if __name__ == "__main__":
    Bare().run()
