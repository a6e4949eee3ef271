"""Tickers by CUSIP, from the list that edgartools carries. It is today's, whatever the date of the positions."""

from functools import cache

import pandas as pd


def tickers_of(cusips: pd.Series) -> pd.Series:
    """The ticker of each CUSIP, missing where the list has none; a class of shares without its dot (BRKB)."""
    return cusips.map(_tickers()).astype("object")


@cache
def _tickers() -> "pd.Series[str]":
    from edgar.reference import cusip_ticker_mapping  # noqa: PLC0415 - costs four seconds, needed for new filings only

    listed: pd.Series[str] = cusip_ticker_mapping(allow_duplicate_cusips=False)["Ticker"]
    return listed
