"""Fills indicators.baskets: legs, drawdown, correlations and crowding of each basket; its picture."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from assets.indicators.axes import date_concisely
from assets.indicators.belonging import belonging
from assets.indicators.reasons import reasons
from assets.inputs import Filled, Inputs
from assets.models import rolling
from assets.models.pairwise import mean_correlation
from assets.models.zigzag import legs

Array = NDArray[np.float64]

HORIZONS = (2, 5, 8, 15, 21, 63)
YEAR, WINDOW, RANKED = 252, 63, 504
REVERSAL = 0.15
LEAST_MEMBERS, LEAST_STOCKS = 3, 8
DRAWS, BAND = 200, (0.1, 0.9)

RETURNS = """
    select session, basket, basket_return, index_began, grade, inputs_missing as not_priced
    from indicators.basket_returns
    order by basket, session
"""
MEMBERS = (
    "select basket, symbol, valid_from, valid_to from reference.basket_members order by basket, symbol, valid_from"
)
COMPARATORS = "select basket, comparator from reference.baskets where comparator is not null"
FUNDS = """
    select session, symbol, total_return from staging.prices
    where
        symbol = 'QQQ'
        or symbol in (select symbol from reference.basket_members)
        or symbol in (select comparator from reference.baskets)
"""
STOCKS = """
    select session, symbol, total_return from staging.member_prices
    where symbol in (select symbol from reference.basket_members)
"""
BITCOIN = "select session, bitcoin_return from indicators.bitcoin_returns order by session"


def fill(inputs: Inputs) -> Filled:
    """Every basket's row of every session, columns as in sql/indicators/baskets.sql."""
    baskets = inputs.query(RETURNS)
    if baskets.empty:
        return Filled(pd.DataFrame())
    funds, stocks = inputs.query(FUNDS), inputs.query(STOCKS)
    by_symbol = pd.concat([funds, stocks]).pivot_table(index="session", columns="symbol", values="total_return")
    bitcoin = inputs.query(BITCOIN).set_index("session")["bitcoin_return"]
    members, comparators = inputs.query(MEMBERS), inputs.query(COMPARATORS).set_index("basket")["comparator"]
    parts = []
    for basket, of in baskets.groupby("basket"):
        sessions = pd.DatetimeIndex(of["session"])
        others = by_symbol.reindex(sessions)
        compared = {
            "bitcoin": np.log1p(bitcoin.reindex(sessions)),
            "qqq": np.log1p(_column(others, "QQQ")),
            "comparator": np.log1p(_column(others, comparators.get(basket))),
        }
        rows = of.set_index(sessions)
        belongs = belonging(sessions, members[members["basket"] == basket])
        own = others.reindex(columns=belongs.columns).where(belongs).dropna(axis=1, how="all")
        stocks_there = own.loc[:, own.columns.isin(stocks["symbol"].unique())].notna().sum(axis=1)
        part = _basket(
            np.log1p(rows["basket_return"].where(rows["basket_return"] > -1)),
            rows["index_began"],
            compared,
            own,
            is_broad=stocks_there >= LEAST_STOCKS,
        )
        parts.append(part.assign(basket=basket, grade=rows["grade"], not_priced=rows["not_priced"]))
    every = pd.concat(parts).rename_axis("session").reset_index()
    not_priced = every.pop("not_priced")
    missing = _missing(every, every["basket"].isin(comparators.index))
    return Filled(every.assign(inputs_missing=not_priced.where(not_priced.notna(), missing)))


def _column(frame: pd.DataFrame, name: str | None) -> pd.Series:
    return frame[name] if name in frame else pd.Series(np.nan, index=frame.index)


def _basket(
    log_return: pd.Series, began: pd.Series, compared: dict[str, pd.Series], own: pd.DataFrame, *, is_broad: pd.Series
) -> pd.DataFrame:
    rows = pd.DataFrame(index=log_return.index)
    for sessions in HORIZONS:
        rows[f"basket_return_{sessions}d_pct"] = 100 * np.expm1(log_return.rolling(sessions).sum())
    rows["basket_drawdown_pct"] = 100 * np.expm1(rolling.drawdown(log_return, YEAR))
    rows = rows.join(_legs(log_return, began, own, is_broad))
    with_bitcoin = rolling.correlation(log_return, compared["bitcoin"], WINDOW)
    (
        rows["basket_corr_63d_bitcoin"],
        rows["basket_corr_63d_bitcoin_lo"],
        rows["basket_corr_63d_bitcoin_hi"],
    ) = with_bitcoin
    rows["basket_corr_63d_qqq"] = rolling.correlation(log_return, compared["qqq"], WINDOW).value
    rows["basket_corr_63d_comparator"] = rolling.correlation(log_return, compared["comparator"], WINDOW).value
    slope = rolling.beta(log_return, compared["qqq"], WINDOW)
    rows["basket_beta_63d_qqq"], rows["basket_beta_63d_qqq_lo"], rows["basket_beta_63d_qqq_hi"] = slope
    rows["pairwise_corr_63d"] = mean_correlation(own.to_numpy(), WINDOW, LEAST_MEMBERS)
    rows["pairwise_corr_rank_504d"] = rolling.rank(rows["pairwise_corr_63d"], RANKED)
    return rows


def _legs(log_return: pd.Series, began: pd.Series, own: pd.DataFrame, is_broad: pd.Series) -> pd.DataFrame:
    """Legs within each stretch of returns, and their bands where enough stocks returned all along."""
    parts = []
    for _, stretch in log_return.groupby(began):
        level = np.exp(stretch.cumsum().to_numpy())
        drawn = _drawn(own.loc[stretch.index]) if is_broad[stretch.index].any() else None
        narrow = np.insert((~is_broad[stretch.index]).to_numpy().cumsum(), 0, 0)
        trough, peak, is_rising = legs(level, REVERSAL)
        low, high, highest = _extremes(level)
        now = np.arange(len(level))
        dates = stretch.index.to_series().reset_index(drop=True)
        rows = {
            "trough_session": dates.reindex(trough).to_numpy(),
            "peak_session": dates.reindex(peak).to_numpy(),
            "is_rising": pd.array(is_rising, "boolean"),
            "low_63d_session": dates.reindex(low).to_numpy(),
        }
        for leg, start, end in (
            ("trough_to_peak", trough, peak),
            ("peak_to_date", peak, now),
            ("rise_63d", low, high),
            ("fall_63d", highest, now),
        ):
            growth = np.where(start >= 0, level[end] / level[start], np.nan)
            rows[f"{leg}_pct"] = 100 * (growth - 1)
            # What the choice of members moves, around the basket's own leg.
            moved = np.full((2, len(now)), np.nan) if drawn is None else _band(drawn, start, end)
            # A leg's returns begin after its start; one that has just begun stands on its only session.
            first = np.minimum(start + 1, end)
            moved[:, narrow[end + 1] > narrow[first]] = np.nan
            rows[f"{leg}_lo_pct"], rows[f"{leg}_hi_pct"] = 100 * (growth * np.exp(moved) - 1)
        part = pd.DataFrame(rows, index=stretch.index)
        too_soon = now < WINDOW - 1
        of_legs = [name for name in rows if "63d" not in name]
        part.loc[too_soon | (trough < 0), of_legs] = None
        part.loc[too_soon, [name for name in rows if "63d" in name]] = None
        parts.append(part)
    return pd.concat(parts)


def _extremes(level: Array) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each session of a stretch: the low of 63 sessions, the high since it, and the high of all 63."""
    places = np.full((3, len(level)), -1)
    if len(level) >= WINDOW:
        windows = np.lib.stride_tricks.sliding_window_view(level, WINDOW)
        low = windows.argmin(axis=1)
        # Every level is above 0.
        since = np.where(np.arange(WINDOW) >= low[:, None], windows, 0)
        starts = np.arange(len(windows))
        places[:, WINDOW - 1 :] = starts + np.array([low, since.argmax(axis=1), windows.argmax(axis=1)])
    return places[0], places[1], places[2]


def _band(drawn: Array, start: NDArray[np.int64], end: NDArray[np.int64]) -> Array:
    return np.asarray(np.quantile(drawn[end] - drawn[start], BAND, axis=1))


def _drawn(own: pd.DataFrame) -> Array:
    """Compounded log return of random draws of the members less that of all, equal weights, (sessions, DRAWS).

    How often a draw has a member is a Poisson variable of mean 1, as in a bootstrap of many, from a generator that the
    symbol alone seeds: who is listed later changes no earlier draw. Members are added one by one, as one without a
    return then adds an exact zero; the last digits of a reduction hang on how many members there are.
    """
    total, there = np.zeros((2, len(own), DRAWS + 1))
    for symbol, of in own.items():
        random = np.random.default_rng(list(str(symbol).encode()))
        # The basket itself, which has each member once, comes first.
        weights = np.insert(random.poisson(1, DRAWS), 0, 1)
        returns = of.to_numpy()[:, None]
        total += np.nan_to_num(returns) * weights
        there += np.isfinite(returns) * weights
    growth = np.log1p(total / np.maximum(there, 1))
    every = growth[:, :1]
    # A draw of nobody moves as the basket does.
    drawn = np.where(there[:, 1:] > 0, growth[:, 1:], every)
    return np.asarray((drawn - every).cumsum(axis=0))


def _missing(rows: pd.DataFrame, has_comparator: pd.Series) -> pd.Series:
    returns = ["rise_63d_pct", *(f"basket_return_{sessions}d_pct" for sessions in HORIZONS)]
    return reasons(
        {
            "63 returns of the basket": rows[returns].isna().any(axis=1),
            "a year of the basket": rows["basket_drawdown_pct"].isna(),
            "a rise of 15 % in 63 returns or more": rows["trough_to_peak_pct"].isna(),
            "63 returns of bitcoin": rows["basket_corr_63d_bitcoin"].isna(),
            "63 returns of QQQ": rows["basket_corr_63d_qqq"].isna(),
            "63 returns of the comparator": rows["basket_corr_63d_comparator"].isna() & has_comparator,
            "63 returns of 3 members": rows["pairwise_corr_63d"].isna(),
            "504 sessions of pairwise_corr_63d": rows["pairwise_corr_rank_504d"].isna(),
        }
    )


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """The index of the baskets that turned most over the last 126 sessions, with their turning points; None without."""
    history = query(
        """
        select b.session, b.basket, r.basket_index, b.trough_session, b.peak_session
        from indicators.baskets as b
        inner join indicators.basket_returns as r using (session, basket)
        where r.basket_index is not null
        qualify dense_rank() over (order by b.session desc) <= 126
        order by b.session
        """
    )
    newest = history[history["session"] == history["session"].max()].set_index("basket")
    of = {basket: one.set_index("session")["basket_index"] for basket, one in history.groupby("basket")}
    ranges = {basket: of[basket].max() / of[basket].min() for basket in newest.index}
    shown = sorted(ranges, key=ranges.__getitem__, reverse=True)[:6]
    if not shown:
        return None
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots()
    for basket in shown:
        line = 100 * of[basket] / of[basket].iloc[0]
        [drawn] = axes.plot(line.index, line, label=basket)
        turns = newest.loc[basket, ["trough_session", "peak_session"]].dropna()
        marked = line.reindex(pd.DatetimeIndex(turns)).dropna()
        axes.plot(marked.index, marked, "o", color=drawn.get_color())
    axes.set(title="Newest rise of each from trough to peak", ylabel="index, 100 at the start")
    axes.set_yscale("log")
    axes.legend(frameon=False)
    date_concisely(axes)
    figure.suptitle("Baskets (members are a judgement: grade C)")
    return figure
