"""Fills raw.prices from the profile's price source."""

from collections.abc import Sequence

from assets.inputs import Filled, Inputs
from assets.sources.availability import price_bars
from assets.sources.errors import Failure, some
from assets.sources.prices import COLUMNS, Instrument

# Sessions fetched again behind the newest stored one, to notice what the vendor restated.
OVERLAP = 10


def fill(inputs: Inputs) -> Filled:
    """The source's daily bars with the time each became known, columns as in sql/raw/prices.sql.

    Asked for are the instruments and, after them, whatever is or was a member of an index. What could not be delivered
    of those on the newest list is one failure; who has left may be gone from the source as well.

    Raises:
        SourceError: If the source delivered nothing at all or something of the wrong shape.
    """
    listed = inputs.query("select symbol, class, role, sector, calendar, yahoo_symbol from reference.instruments")
    instruments = [
        Instrument(**{str(name): value for name, value in row.items()})
        for row in listed.rename(columns={"class": "asset_class"}).fillna({"sector": ""}).to_dict("records")
    ]
    members, current = _members(inputs, instruments)
    known = inputs.query(
        f"""
        select symbol, date, close
        from raw.prices
        qualify dense_rank() over (partition by symbol order by date desc) <= {OVERLAP}
            and row_number() over (partition by symbol, date, source order by observed_at desc) = 1
        """
    )
    delivery = inputs.sources.prices.prices([*instruments, *members], known)
    classes = delivery.rows["symbol"].map({one.symbol: one.asset_class for one in (*instruments, *members)})
    rows = delivery.rows[list(COLUMNS)].assign(available_at=price_bars(delivery.rows["date"], classes))
    return Filled(rows, _members_in_one(delivery.failures, {member.symbol for member in members}, current))


def _members(inputs: Inputs, instruments: Sequence[Instrument]) -> tuple[list[Instrument], set[str]]:
    """Every symbol that is or was a member, in its newest list's sector, and those on the newest list of all.

    A member that is an instrument too is left to the instruments.
    """
    newest = inputs.query(
        """
        select symbol, sector, list_date = max(list_date) over () as is_current
        from raw.index_members
        qualify row_number() over (partition by symbol order by list_date desc, observed_at desc, source) = 1
        order by symbol
        """
    )
    taken = {instrument.symbol for instrument in instruments}
    newest = newest[~newest["symbol"].isin(taken)]
    members = [
        # Yahoo writes a class of shares behind a hyphen: BRK-B.
        Instrument(symbol, "stock", "member", sector, "XNYS", symbol.replace(".", "-"))
        for symbol, sector in newest[["symbol", "sector"]].itertuples(index=False)
    ]
    return members, set(newest.loc[newest["is_current"].astype(bool), "symbol"])


def _members_in_one(failures: Sequence[Failure], members: set[str], current: set[str]) -> tuple[Failure, ...]:
    """The failures, with those of members in one in front: an index has hundreds, and a few are always missing."""
    of_members = [failure for failure in failures if failure.symbol in current]
    others = tuple(failure for failure in failures if failure.symbol not in members)
    if not of_members:
        return others
    first = of_members[0]
    shown = some([failure.symbol for failure in of_members])
    reason = f"{len(of_members)} index members not delivered: {shown}; {first.symbol}: {first.reason}"
    return (Failure("*", reason), *others)
