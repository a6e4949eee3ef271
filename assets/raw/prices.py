"""Fills raw.prices from the profile's price source."""

from assets.inputs import Filled, Inputs
from assets.sources.availability import price_bars
from assets.sources.prices import COLUMNS, Instrument

# Sessions fetched again behind the newest stored one, to notice what the vendor restated.
OVERLAP = 10


def fill(inputs: Inputs) -> Filled:
    """The source's daily bars with the time each became known, columns as in sql/raw/prices.sql.

    Raises:
        SourceError: If the source delivered nothing at all or something of the wrong shape.
    """
    listed = inputs.query("select symbol, class, role, sector, calendar, yahoo_symbol from reference.instruments")
    instruments = [
        Instrument(**{str(name): value for name, value in row.items()})
        for row in listed.rename(columns={"class": "asset_class"}).fillna({"sector": ""}).to_dict("records")
    ]
    known = inputs.query(
        f"""
        select symbol, date, close
        from raw.prices
        qualify dense_rank() over (partition by symbol order by date desc) <= {OVERLAP}
            and row_number() over (partition by symbol, date, source order by observed_at desc) = 1
        """
    )
    delivery = inputs.sources.prices.prices(instruments, known)
    classes = delivery.rows["symbol"].map(listed.set_index("symbol")["class"])
    rows = delivery.rows[list(COLUMNS)].assign(available_at=price_bars(delivery.rows["date"], classes))
    return Filled(rows, delivery.failures)
