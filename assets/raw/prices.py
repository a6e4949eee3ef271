"""Fills raw.prices from the profile's price source."""

from collections.abc import Sequence

import pandas as pd

from assets.inputs import Filled, Inputs
from assets.sources.availability import price_bars
from assets.sources.errors import Failure, some
from assets.sources.prices import COLUMNS, Instrument

# Sessions fetched again behind the newest stored one, to notice what the vendor restated.
OVERLAP = 10


def fill(inputs: Inputs) -> Filled:
    """The source's daily bars with the time each became known, columns as in sql/raw/prices.sql.

    Asked for are the instruments and, after them, whatever is or was a member of an index or of a basket. What could
    not be delivered of those that still belong is one failure each; who has left may be gone from the source as well.

    Raises:
        SourceError: If the source delivered nothing at all or something of the wrong shape.
    """
    listed = inputs.query("select symbol, class, role, sector, calendar, yahoo_symbol from reference.instruments")
    instruments = [
        Instrument(**{str(name): value for name, value in row.items()})
        for row in listed.rename(columns={"class": "asset_class"}).fillna({"sector": ""}).to_dict("records")
    ]
    members, current = _stocks(_members(inputs), instruments)
    of_baskets, still = _stocks(_of_baskets(inputs), [*instruments, *members])
    stocks = [*members, *of_baskets]
    known = inputs.query(
        f"""
        with days as (select distinct symbol, date from raw.prices),

        begun as (select symbol, list_min(max(date, {OVERLAP})) as first_date from days group by symbol)

        select p.symbol, p.date, p.close
        from raw.prices as p
        inner join begun as b on p.symbol = b.symbol and p.date >= b.first_date
        qualify row_number() over (partition by p.symbol, p.date, p.source order by p.observed_at desc) = 1
        """
    )
    delivery = inputs.sources.prices.prices([*instruments, *stocks], known)
    classes = delivery.rows["symbol"].map({one.symbol: one.asset_class for one in (*instruments, *stocks)})
    rows = delivery.rows[list(COLUMNS)].assign(available_at=price_bars(delivery.rows["date"], classes))
    failures = _in_one("members of baskets", delivery.failures, {stock.symbol for stock in of_baskets}, still)
    return Filled(rows, _in_one("index members", failures, {member.symbol for member in members}, current))


def _members(inputs: Inputs) -> pd.DataFrame:
    """Every symbol that is or was a member, in its newest list's sector, current if it is on the newest list of all."""
    return inputs.query(
        """
        select symbol, 'member' as role, sector, list_date = max(list_date) over () as is_current
        from raw.index_members
        qualify row_number() over (partition by symbol order by list_date desc, observed_at desc, source) = 1
        order by symbol
        """
    )


def _of_baskets(inputs: Inputs) -> pd.DataFrame:
    """Every symbol that is or was in a basket, with a basket as its role, current if it still is in one."""
    return inputs.query(
        f"""
        select
            symbol,
            min(basket) as role,
            '' as sector,
            bool_or(valid_to is null or valid_to > date '{inputs.now:%Y-%m-%d}') as is_current
        from reference.basket_members
        group by symbol
        order by symbol
        """
    )


def _stocks(listed: pd.DataFrame, taken: Sequence[Instrument]) -> tuple[list[Instrument], set[str]]:
    """Those that are not taken, as stocks, and which of them are current."""
    own = listed[~listed["symbol"].isin({one.symbol for one in taken})]
    stocks = [
        # Yahoo writes a class of shares behind a hyphen: BRK-B.
        Instrument(symbol, "stock", role, sector, "XNYS", symbol.replace(".", "-"))
        for symbol, role, sector in own[["symbol", "role", "sector"]].itertuples(index=False)
    ]
    return stocks, set(own.loc[own["is_current"].astype(bool), "symbol"])


def _in_one(what: str, failures: Sequence[Failure], members: set[str], current: set[str]) -> tuple[Failure, ...]:
    """The failures, with those of members in one in front: there are hundreds, and a few are always missing."""
    of_members = [failure for failure in failures if failure.symbol in current]
    others = tuple(failure for failure in failures if failure.symbol not in members)
    if not of_members:
        return others
    first = of_members[0]
    shown = some([failure.symbol for failure in of_members])
    reason = f"{len(of_members)} {what} not delivered: {shown}; {first.symbol}: {first.reason}"
    return (Failure("*", reason), *others)
