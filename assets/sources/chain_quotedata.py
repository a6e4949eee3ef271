"""Cboe's "quotedata" download: a preamble in the downloader's language, then calls and puts side by side.

Three forms are known. Today's has the lines `<name>,Last: <spot>,Change: <change>` and `Date: <time>,Bid: <bid>,...`.
The one before has `<root> (<name>),<spot>,<change>` and `<time> ET,Bid,<bid>,...`, and shorter names of columns. The
oldest has no columns of expiry, strike, implied volatility and greeks: the symbols hold expiry and strike.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa

from assets.sources.chain_layouts import Companion, Document, Header, Layout, Quoted
from assets.sources.chain_tables import Table, occ_keys, price, read_rows, time_in_words
from assets.sources.errors import SourceError

_LABELS = r"Last|Change|Bid|Ask|Size|Vol|Volume"
_SHOWN = 160


class Quotedata(Layout):
    """Cboe's "quotedata" download.

    The halves repeat the names of their columns, so position tells them apart: what follows `Calls` and what follows
    `Puts`. Each half has to hold each column once; a file of which that is not true, or in which most deltas have
    the other half's sign, is refused.
    """

    name = "files/cboe_quotedata"
    columns: ClassVar = {
        "bid": ("bid",),
        "ask": ("ask",),
        "last": ("lastsale",),
        "volume": ("volume", "vol"),
        "open_interest": ("openinterest", "openint"),
        "iv": ("iv",),
        "delta": ("delta",),
        "gamma": ("gamma",),
    }
    optional = frozenset({"iv", "delta", "gamma"})
    shared: ClassVar = {"expiry": "expirationdate", "strike": "strike"}

    def share(self, header: Header) -> float:
        """No other layout has calls and puts side by side."""
        return float({"calls", "puts"} <= set(header.plain))

    def table(self, document: Document) -> Table:
        """The calls' rows, then the puts'."""
        header = document.header
        calls, puts = self._halves(document)
        shared = {
            name: header.plain.index(title) for name, title in self.shared.items() if header.plain.count(title) == 1
        }
        if len(shared) != (0 if not set(header.plain) & set(self.shared.values()) else len(self.shared)):
            raise SourceError(document.label, "expected one Expiration Date and one Strike, or neither")
        wanted = sorted({*calls.values(), *puts.values(), *shared.values()})
        cells, count = read_rows(document.label, document.body, header.delimiter, len(header.names), wanted)
        columns = {name: pa.concat_arrays([cells[calls[name]], cells[puts[name]]]) for name in calls}
        columns |= {name: pa.concat_arrays([cells[position]] * 2) for name, position in shared.items()}
        columns["put_call"] = pa.array(["C"] * count + ["P"] * count)
        titles = {name: header.names[position] for name, position in (calls | shared).items()}
        titles |= {"option": "the symbol", "put_call": "the half it stands in"}
        return Table(document.label, columns, titles, np.tile(np.arange(1, count + 1), 2))

    def _halves(self, document: Document) -> tuple[dict[str, int], dict[str, int]]:
        """Positions of each half's columns."""
        names = document.header.plain
        first, second = names.index("calls"), names.index("puts")
        calls = self.located(document, range(first, second)) | {"option": first}
        puts = self.located(document, range(second, len(names))) | {"option": second}
        outside = self.located(document, range(first))
        twice = names.count("calls") > 1 or names.count("puts") > 1
        if twice or first > second or outside or set(calls) != set(puts):
            raise SourceError(
                document.label,
                "the columns of calls and puts cannot be told apart: expected Calls and its columns, then Puts and "
                f"the same ones; found: {', '.join(document.header.names)}",
            )
        missing = [names[0] for name, names in self.columns.items() if name not in self.optional and name not in calls]
        if missing:
            raise SourceError(document.label, f"column missing under Calls and Puts: {', '.join(missing)}")
        return calls, puts

    def quoted(self, document: Document, companion: Companion) -> Quoted:  # noqa: ARG002 - it states everything itself
        """From the preamble."""
        above = [line.strip() for line in document.head[: document.header.line] if line.strip(",\t\r ")]
        if len(above) != 2:  # noqa: PLR2004 - spot and time
            raise SourceError(document.label, "expected two lines above the header, of spot and time")
        spot, time = (line.replace('"', "").strip(",\t ") for line in above)
        try:
            words = re.split(rf"[,\t]\s*(?:{_LABELS})\b", time)[0]
            quote_at = time_in_words(words.removeprefix("Date:"))
        except ValueError as error:
            raise SourceError(document.label, str(error)) from error
        return Quoted(quote_at.date(), quote_at, _spot(document.label, spot))

    def keys(self, document: Document, quoted: Quoted) -> pd.DataFrame:
        """From the symbols."""
        table = document.table
        found = occ_keys(table)
        delta, call = table.numbers("delta"), (found["put_call"] == "C").to_numpy()
        for half, wrong in ((call, delta < 0), (~call, delta > 0)):
            if (wrong & half).sum() > ((delta != 0) & ~np.isnan(delta) & half).sum() / 2:
                raise SourceError(document.label, "the columns of calls and puts are exchanged: see the sign of Delta")
        low, high = found["strike"].min(), found["strike"].max()
        # A separator of thousands read as a decimal point, or the reverse, would put it outside.
        if quoted.spot is None or not low <= quoted.spot <= high:
            raise SourceError(
                document.label, f"spot {quoted.spot} is outside the strikes, {low:g} to {high:g}: misread?"
            )
        return found


def _spot(label: str, line: str) -> float | None:
    """The price in the first line; a comma in it would look like one between cells, so the cells must be as known."""
    cells: Sequence[str] = [cell.strip() for cell in re.split(r"[,\t]", line)]
    last = [n for n, cell in enumerate(cells) if cell.startswith("Last:")]
    if len(last) == 1:
        after = cells[last[0] + 1 :]
        if not after or after[0].startswith("Change"):
            return price(label, cells[last[0]].removeprefix("Last:").strip())
    elif len(cells) == 3:  # noqa: PLR2004 - name, price and change
        return price(label, cells[1])
    raise SourceError(label, f"spot cannot be read from {line[:_SHOWN]!r}")
