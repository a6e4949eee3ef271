"""Contracts by their OCC symbol: root, expiry (YYMMDD), C or P, and the strike times 1000 in eight digits."""

import math
import reprlib

import pandas as pd

from assets.sources.errors import SourceError
from assets.sources.option_chains import CONTRACT_COLUMNS, MOST_CONTRACTS, Underlying

SYMBOL = "option"
NUMBERS = CONTRACT_COLUMNS[4:]
_OCC = "^(?P<root>[A-Z0-9]{1,6})(?P<expiry>[0-9]{6})(?P<put_call>[CP])(?P<strike>[0-9]{8})$"
_DIGITS = "0123456789"


def read_contracts(listed: pd.DataFrame, underlying: Underlying, label: str) -> pd.DataFrame:
    """Bring listed contracts into the port's form, values unchanged.

    The adjusted contracts of a fund (root with a digit appended: SPY1) and its FLEX contracts (root with a digit in
    front: 2SPY) are left out: the one stands for something else than 100 shares, the other for terms of its own.
    An index has no adjusted contracts, so that there a strange root is an error like any other.

    Args:
        listed: One row per contract: `SYMBOL`, the OCC symbol without spaces, and `NUMBERS`, missing where None or NaN.
        underlying: Whose contracts they must be.
        label: Source, and file or address, for messages.

    Returns:
        Columns `CONTRACT_COLUMNS`, in the given order.

    Raises:
        SourceError: If a symbol is no OCC symbol or of another root, a number is none, nothing is left, or there are
            more than `MOST_CONTRACTS`. It names the first such contract.
    """
    if len(listed) > MOST_CONTRACTS:
        raise SourceError(label, f"{len(listed):,} contracts, no chain has more than {MOST_CONTRACTS:,}")
    parts = _parts(listed[SYMBOL], label)
    numbers = {name: _floats(listed, name, label) for name in NUMBERS}
    contracts = parts.assign(**numbers)[list(CONTRACT_COLUMNS)]
    foreign = ~parts["root"].isin(underlying.roots)
    if not underlying.is_index:
        adjusted = foreign & parts["root"].str.strip(_DIGITS).isin(underlying.roots)
        contracts, foreign = contracts[~adjusted], foreign & ~adjusted
    if foreign.any():
        symbol = listed.loc[foreign, SYMBOL].iloc[0]
        raise SourceError(label, f"{symbol!r} is no option of {underlying.symbol} ({', '.join(underlying.roots)})")
    if contracts.empty:
        raise SourceError(label, "no contracts")
    return contracts.reset_index(drop=True)


def read_spot(value: object, label: str) -> float | None:
    """The price of the underlying that stands beside the quotes; None stays None.

    Raises:
        SourceError: If it is no finite number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SourceError(label, f"the underlying's price is {reprlib.repr(value)}, not a number")
    return float(value)


def _parts(symbols: pd.Series, label: str) -> pd.DataFrame:
    text = symbols.map(lambda symbol: symbol if isinstance(symbol, str) else "").astype("str")
    parts = text.str.extract(_OCC)
    # Without the century, 69 to 99 would be read as years of the last one.
    expiry = pd.to_datetime("20" + parts["expiry"], format="%Y%m%d", errors="coerce").dt.as_unit("us")
    if expiry.isna().any():
        row = int(expiry.isna().argmax())
        raise SourceError(label, f"contract {row + 1}: {reprlib.repr(symbols.tolist()[row])} is no OCC symbol")
    return parts.assign(expiry=expiry, strike=parts["strike"].astype(float) / 1000)


def _floats(listed: pd.DataFrame, name: str, label: str) -> pd.Series:
    values = listed[name]
    if not pd.api.types.is_any_real_numeric_dtype(values):
        # A column of objects may still be one in which every value is missing.
        for row, value in enumerate(values.tolist()):
            if not (value is None or isinstance(value, float)):
                reason = f"{name} is {reprlib.repr(value)}, not a number"
                raise SourceError(label, f"contract {row + 1} ({listed[SYMBOL].iloc[row]}): {reason}")
    return values.astype(float)
