"""Tables of commands. What one copies from them (keys, codes, serials, dates) is never cut or broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.table import Column, Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rich.console import Console

#: a column of prose is at least so wide, or as wide as its longest word
_PROSE: Final = 16


class Listing(Table):
    """A table whose columns are whole; those of `prose` may be wrapped where a terminal is too narrow."""

    def __init__(self, *names: str, prose: Collection[str] = ()) -> None:
        """Take the columns' names, and those of them that hold sentences."""
        super().__init__(*(Column(name, no_wrap=name not in prose, overflow="fold") for name in names))

    def row(self, *cells: str | Text) -> None:
        """Add a row; in plain texts brackets are brackets."""
        self.add_row(*(Text(each) if isinstance(each, str) else each for each in cells))

    def show(self, out: Console) -> None:
        """Print it: as wide as it needs where no terminal is, so that each row is one line.

        On a terminal it is as wide as the terminal, and wider where what must not be cut does not fit.
        """
        for column in self.columns:
            texts = [str(column.header), *map(str, column.cells)]
            column.no_wrap = column.no_wrap or not out.is_terminal
            column.min_width = max(map(cell_len, texts)) if column.no_wrap else _longest_word(texts)
        needed = sum(each.min_width or 0 for each in self.columns) + 3 * len(self.columns) + 1
        self.width = needed if needed > out.width or not out.is_terminal else None
        out.print(self, soft_wrap=False, crop=False)


def shortened(lines: Sequence[str], shown: int) -> list[str]:
    """Return so many lines, indented below what they belong to, and how many more there are."""
    more = [f"… and {len(lines) - shown} more"] if len(lines) > shown else []
    return [f"  {line}" for line in (*lines[:shown], *more)]


def _longest_word(texts: list[str]) -> int:
    return min(_PROSE, max((cell_len(word) for text in texts for word in text.split()), default=0))
