"""Fills indicators.sector_positioning: sector weights of cohorts of funds against the benchmark's; its picture."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from assets.indicators.axes import date_concisely
from assets.indicators.reasons import reasons
from assets.inputs import Filled, Inputs
from assets.models.rolling import Z80
from assets.models.style import decay, influence, random_walk_weights, sampling_deviation, style

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

BENCHMARK = "SPY"
WINDOW, HALF_LIFE, MEAN_BLOCK = 126, 42.0, 10.0
# Returns that a window must hold, 95 % of it, and sectors: nine have had funds since 1998.
LEAST_RETURNS, LEAST_SECTORS = 120, 9
# A fund with less than this of its value in equities, or of its long shares in a sector, says nothing about sectors.
LEAST_EXPOSURE = 0.2
# A cohort stands on a third of the funds that have joined it, and a spread of holders on two.
FUNDS_PER_LEAST = 3
LEAST_HOLDERS = 2
STEP = 0.001
CHUNK = 256
CONSENSUS_PP = 1.0

SECTORS = "select symbol, sector from reference.instruments where role = 'sector' order by symbol"
COHORTS = "select cohort, symbol, is_long_only, valid_from from reference.cohorts order by cohort, symbol"
# A net asset value is known in the evening and stands on the session after its date; what came later still is left out.
RETURNS = """
    with numbered as (
        select session, row_number() over (order by session) as n from reference.sessions
    )

    select p.date, p.session, p.symbol, p.total_return
    from staging.prices as p
    inner join numbered as own on p.date = own.session
    inner join numbered as placed on p.session = placed.session
    where
        placed.n - own.n <= 1
        and (
            p.symbol = 'SPY'
            or p.symbol in (select symbol from reference.instruments where role = 'sector')
            or p.symbol in (select symbol from reference.cohorts)
        )
"""
SESSIONS = "select session from reference.sessions where session {span} order by session"
# Each holder's newest report that was known and is at most 200 days old; an older one that comes late is no news. Sums
# of decimals are exact.
REPORTS = """
    with reports as (
        select distinct cohort, holder, report_date, available_at, placed from staging.holdings_sectors
        qualify report_date = max(report_date) over (partition by cohort, holder order by available_at)
    ),

    listed as (
        select s.session, s.decision_at, h.cohort, h.holder
        from reference.sessions as s
        cross join (select distinct cohort, holder from reports) as h
        where s.session {span}
    ),

    known as materialized (
        select l.session, r.cohort, r.holder, r.report_date, r.available_at
        from listed as l
        asof inner join reports as r
            on l.cohort = r.cohort and l.holder = r.holder and l.decision_at >= r.available_at
        where r.report_date >= l.session - 200 and r.placed >= {least}
    ),

    holders as (
        select session, cohort, count(*) as holders, quantile_disc(report_date, 0.5) as report_date
        from known
        group by session, cohort
    ),

    totals as (
        select
            k.session,
            k.cohort,
            w.sector,
            sum(w.weight::decimal(28, 12))::double as total,
            sum((w.weight * w.weight)::decimal(28, 12))::double as squares
        from known as k
        inner join staging.holdings_sectors as w using (cohort, holder, report_date, available_at)
        group by k.session, k.cohort, w.sector
    )

    select
        h.session,
        h.cohort,
        h.holders,
        h.report_date,
        t.sector,
        t.total / h.holders as weight,
        -- Of the mean, as if the holders were a sample, of which one alone tells no spread.
        greatest(t.squares / h.holders - (t.total / h.holders) ** 2, 0) / nullif(h.holders - 1, 0) as variance
    from holders as h
    inner join totals as t using (session, cohort)
"""


class Market(NamedTuple):
    """Returns by date; the first of the funds is the benchmark.

    Attributes:
        sectors: Returns of the sector funds, shape (dates, sectors), NaN without one.
        funds: Returns of the funds, shape (dates, funds), NaN without one or before the fund joins its cohort.
        is_long_only: By fund.
        joined: Whether a fund is in its cohort, shape (dates, funds).
        groups: Which funds make a cohort, by cohort.
    """

    sectors: Array
    funds: Array
    joined: Flags
    is_long_only: Flags
    groups: dict[str, Flags]


class Styles(NamedTuple):
    """Style analysis of every window.

    Attributes:
        used: Which sectors had a full window, shape (dates, sectors).
        weights: Share of a fund's value in each of them, shape (dates, funds, sectors); NaN without a full window.
        r2: Share of a fund's variance that its mix explains, shape (dates, funds).
        deviation: By cohort, of its mean weight less the benchmark's; by the benchmark's name, of its own. Shares of
            the exposure, shape (dates, sectors).
    """

    used: Flags
    weights: Array
    r2: Array
    deviation: dict[str, Array]


class Block(NamedTuple):
    """One cohort by one method.

    Attributes:
        weight: Share of the exposure, shape (sessions, sectors).
        benchmark: The benchmark's, likewise.
        deviation: Of `weight - benchmark`, likewise.
        by_session: funds, lacking (why values are missing) and further columns of the table.
    """

    weight: Array
    benchmark: Array
    deviation: Array
    by_session: pd.DataFrame


def fill(inputs: Inputs) -> Filled:
    """Every session's cohorts, methods and sectors, columns as in sql/indicators/sector_positioning.sql."""
    bars = inputs.query(RETURNS)
    if BENCHMARK not in set(bars["symbol"]):
        return Filled(pd.DataFrame())
    sectors, cohorts = inputs.query(SECTORS), inputs.query(COHORTS)
    # A net asset value of the evening already stands on the session to come, which has not been yet.
    last = bars.loc[bars["session"] == bars["date"], "session"].max()
    span = f"between date '{bars['date'].min():%Y-%m-%d}' and date '{last:%Y-%m-%d}'"
    dates = pd.DatetimeIndex(inputs.query(SESSIONS.format(span=span))["session"])
    market = gather(dates, bars, sectors["symbol"], cohorts)
    found = styles(market)
    # A session knows the returns up to the date before, whose last net asset values came after its decision time.
    sessions = dates[1:]
    own = shares(found.weights, found.used)[:-1, 0]
    begun = sessions[_there(own)]
    if begun.empty:
        return Filled(pd.DataFrame())
    blocks = _blocks(market, found, cohorts)
    reports = inputs.query(REPORTS.format(span=span, least=LEAST_EXPOSURE))
    benchmark_deviation = found.deviation[BENCHMARK][:-1]
    for cohort in market.groups:
        of = reports[reports["cohort"] == cohort]
        blocks[cohort, "holdings"] = _reported(sessions, of, sectors["sector"], own, benchmark_deviation)
    frames = [
        _rows(sessions, sectors, found.used[:-1], block).assign(
            cohort=cohort, method=method, is_consensus=_consensus(blocks, method)
        )
        for (cohort, method), block in blocks.items()
    ]
    rows = pd.concat(frames, ignore_index=True).assign(grade="C")
    return Filled(rows[rows["session"] >= begun[0]])


def gather(dates: pd.DatetimeIndex, bars: pd.DataFrame, sectors: pd.Series, cohorts: pd.DataFrame) -> Market:
    """Returns of sector funds and cohorts by date, from rows of `RETURNS`, `SECTORS` and `COHORTS`."""
    by_date = bars.set_index(["date", "symbol"])["total_return"].unstack().reindex(dates)  # noqa: PD010 - no bar twice
    funds = by_date.reindex(columns=[BENCHMARK, *cohorts["symbol"]]).to_numpy(float)
    joined = dates.to_numpy()[:, None] >= pd.DatetimeIndex([dates[0], *cohorts["valid_from"]]).to_numpy()
    return Market(
        by_date.reindex(columns=sectors).to_numpy(float),
        np.where(joined, funds, np.nan),
        joined,
        np.append(True, cohorts["is_long_only"]).astype(bool),
        {cohort: np.append(False, cohorts["cohort"] == cohort) for cohort in cohorts["cohort"].unique()},
    )


def styles(market: Market) -> Styles:
    """Style weights of the window that ends with each date, each window by itself.

    A date on which the benchmark or a sector with a full window has no return is left out of a window, for a fund also
    one on which it has none.
    """
    count, sectors = market.sectors.shape
    used: Flags = np.isfinite(_windows(market.sectors)).sum(axis=1) >= LEAST_RETURNS
    found = Styles(
        used,
        np.full((*market.funds.shape, sectors), np.nan),
        np.full(market.funds.shape, np.nan),
        {name: np.full((count, sectors), np.nan) for name in (BENCHMARK, *market.groups)},
    )
    for first in range(0, count, CHUNK):
        _find(found, market, np.arange(first, min(first + CHUNK, count)))
    return found


def _find(found: Styles, market: Market, dates: NDArray[np.int64]) -> None:
    """Fill in some dates of `found`."""
    used = found.used[dates, None]
    sectors, held = np.where(used, _windows(market.sectors)[dates], 0), _windows(market.funds)[dates]
    is_whole: Flags = np.isfinite(sectors).all(axis=2) & np.isfinite(held[:, :, 0])
    is_ready = (used.sum(axis=2)[:, 0] >= LEAST_SECTORS) & (is_whole.sum(axis=1) >= LEAST_RETURNS)
    dates, used, held, is_whole = (of[is_ready] for of in (dates, used[:, 0], held, is_whole))
    sectors = np.where(is_whole[:, :, None], sectors[is_ready], 0)
    seen: Flags = is_whole[:, :, None] & np.isfinite(held)
    held, counts = np.where(seen, held, 0), seen.sum(axis=1)
    is_complete = counts == is_whole.sum(axis=1)[:, None]

    # Funds that lack nothing share a decomposition.
    recent = _recent(is_whole)
    weights, errors, r2 = style(held, sectors, recent, market.is_long_only)
    for fund in np.flatnonzero((~is_complete).any(axis=0)):
        lacks, own = ~is_complete[:, fund], np.array([fund])
        weights[lacks, fund] = r2[lacks, fund] = np.nan
        errors[lacks, :, fund] = 0
        lone = lacks & (counts[:, fund] >= LEAST_RETURNS)
        if not lone.any():
            continue
        days = seen[lone, :, fund]
        alone = style(held[lone][:, :, own], sectors[lone], _recent(days), market.is_long_only[own])
        weights[lone, fund], r2[lone, fund] = alone.weights[:, 0], alone.r2[:, 0]
        errors[lone, :, fund] = np.where(days, alone.errors[:, :, 0], 0)
    found.weights[dates], found.r2[dates] = weights, r2
    _deviate(found, market, dates, sectors=sectors, errors=errors, recent=recent)


def _deviate(
    found: Styles, market: Market, dates: NDArray[np.int64], *, sectors: Array, errors: Array, recent: Array
) -> None:
    """Fill in the deviations of some dates of `found`, whose weights are there.

    Args:
        found: What was found so far.
        market: Who belongs to which cohort.
        dates: The dates.
        sectors: Their windows, shape (dates, WINDOW, sectors), zero where left out.
        errors: What the mixes leave of the funds' returns, shape (dates, WINDOW, funds).
        recent: Weights of the observations, shape (dates, WINDOW).
    """
    used, weights = found.used[dates], found.weights[dates]
    of_exposure, exposure = shares(weights, used), _exposure(weights, used)
    stands = _there(of_exposure)
    unexplained = np.divide(errors, exposure.swapaxes(1, 2), out=np.zeros(errors.shape), where=stands[:, None])
    for name, deviation in found.deviation.items():
        group = stands & market.groups.get(name, np.arange(stands.shape[1]) == 0)
        stand = used & stands[:, :1] & group.any(axis=1)[:, None]
        # Windows in which none of the cohort's funds stands, which may be all of them, have nothing to resample.
        has = stand.any(axis=1)
        if not has.any():
            continue
        group, left, x, recency = group[has], unexplained[has], sectors[has], recent[has]
        count = np.maximum(group.sum(axis=1), 1)[:, None]
        of_long, of_net = (
            np.where((group & of)[:, None], left, 0).sum(axis=2) / count
            for of in (market.is_long_only, ~market.is_long_only)
        )
        moved = influence(x, of_long - (name != BENCHMARK) * left[:, :, 0], recency)
        if of_net.any():
            held_net = _mean(np.where(used[has, None], of_exposure[has], 0), group & ~market.is_long_only)
            moved += influence(x, of_net, recency, np.nan_to_num(held_net))
        deviation[dates[has]] = np.where(stand[has], sampling_deviation(moved, recency, MEAN_BLOCK), np.nan)


def _windows(returns: Array) -> Array:
    """The window that ends with each date, shape (dates, WINDOW, n); NaN before the first date."""
    before = np.full((WINDOW - 1, returns.shape[1]), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(np.vstack([before, returns]), WINDOW, axis=0)
    return np.asarray(windows.swapaxes(1, 2))


def _recent(is_there: Flags) -> Array:
    """Weights of a window's observations, the newest the heaviest, none for those left out; shape as given."""
    weights = decay(WINDOW, HALF_LIFE) * is_there
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def shares(weights: Array, used: Flags) -> Array:
    """Weights as shares of the exposure, NaN in a sector without a full window or with too little exposure in all.

    Args:
        weights: Shares of a fund's value, shape (dates, funds, sectors).
        used: Shape (dates, sectors).
    """
    kept, exposure = np.where(used[:, None, :], weights, np.nan), _exposure(weights, used)
    return np.asarray(np.divide(kept, exposure, out=np.full(kept.shape, np.nan), where=exposure >= LEAST_EXPOSURE))


def _there(values: Array) -> Flags:
    """Whether there is a value of any sector, the last axis."""
    return np.asarray(np.isfinite(values).any(axis=-1))


def _blocks(market: Market, found: Styles, cohorts: pd.DataFrame) -> dict[tuple[str, str], Block]:
    """Every cohort by style analysis and by the filter, as known on the session after each date."""
    # A date on which a sector with a full window has no return teaches nothing, as in `styles`.
    is_whole = np.asarray((np.isfinite(market.sectors) | ~found.used).all(axis=1))
    filtered = random_walk_weights(np.where(is_whole[:, None], market.funds, np.nan), market.sectors, STEP, HALF_LIFE)
    exposure = _exposure(filtered.weights, found.used)
    variance = filtered.variances / np.where(exposure >= LEAST_EXPOSURE, exposure, np.nan) ** 2
    has_window = _there(found.weights)[:, :, None]
    blocks = {}
    for method, weights in (("style", found.weights), ("kalman", np.where(has_window, filtered.weights, np.nan))):
        of_exposure = shares(weights, found.used)
        for cohort, group in market.groups.items():
            symbols, stands = cohorts.loc[group[1:], "symbol"], _there(of_exposure[:, group])
            # Of those that have joined, so that one that joins later asks for no more before.
            least = np.maximum(-(-market.joined[:, group].sum(axis=1) // FUNDS_PER_LEAST), 1)
            is_enough = stands.sum(axis=1) >= least
            lacking = market.joined[:, group] & ~stands
            why = {symbol: pd.Series(lacking[:, n]) for n, symbol in enumerate(symbols)}
            why |= {
                f"{count} of the cohort's funds": pd.Series(~is_enough & (least == count)) for count in np.unique(least)
            }
            why[BENCHMARK] = pd.Series(~_there(of_exposure[:, 0]))
            by_date = pd.DataFrame({"funds": stands.sum(axis=1), "lacking": reasons(why)})
            stands &= is_enough[:, None]
            by_date["net_exposure"] = _mean(_exposure(weights, found.used)[:, group], stands)
            if method == "style":
                by_date["style_r2"] = _mean(found.r2[:, group, None], stands)
                deviation = found.deviation[cohort]
            else:
                # Errors of the filter hang on each fund's own noise and are taken as independent.
                of_funds = _mean(variance[:, group], stands) / np.maximum(stands.sum(axis=1), 1)[:, None]
                deviation = np.sqrt(of_funds + variance[:, 0])
            weight = _mean(of_exposure[:, group], stands)
            blocks[cohort, method] = Block(weight[:-1], of_exposure[:-1, 0], deviation[:-1], by_date[:-1])
    return blocks


def _exposure(weights: Array, used: Flags) -> Array:
    """Sum of the weights in the sectors with a full window, shape (dates, funds, 1)."""
    summed: Array = np.where(used[:, None, :], weights, 0).sum(axis=2, keepdims=True)
    return summed


def _mean(values: Array, stands: Flags) -> Array:
    """Mean over the funds that stand, shape (dates, n) of (dates, funds, n); NaN without one."""
    count = stands.sum(axis=1)[:, None]
    summed = np.where(stands[:, :, None], values, 0).sum(axis=1)
    return np.asarray(np.divide(summed, count, out=np.full(summed.shape, np.nan), where=count > 0))


def _reported(
    sessions: pd.DatetimeIndex, reports: pd.DataFrame, sectors: pd.Series, own: Array, own_deviation: Array
) -> Block:
    """A cohort by its holders' reports; what a report does not name it does not hold.

    Args:
        sessions: The sessions.
        reports: The cohort's rows of `REPORTS`.
        sectors: GICS names of the sectors.
        own: The benchmark's weights, shape (sessions, sectors).
        own_deviation: Their deviation.
    """
    by_session = reports.drop_duplicates("session").set_index("session").reindex(sessions)
    is_there = by_session["holders"].notna().to_numpy()
    weight, variance = (
        np.where(is_there[:, None], of.reindex(index=sessions, columns=sectors).fillna(0).to_numpy(float), np.nan)
        for of in (
            reports.pivot_table(index="session", columns="sector", values=name) for name in ("weight", "variance")
        )
    )
    holders = by_session["holders"].fillna(0).astype(int).to_numpy()
    variance[holders < LEAST_HOLDERS] = np.nan
    columns = pd.DataFrame(
        {
            "funds": holders,
            "lacking": reasons(
                {
                    "reports of 200 days with a fifth in sectors": pd.Series(holders == 0),
                    "a second holder for a band": pd.Series((holders > 0) & (holders < LEAST_HOLDERS)),
                }
            ),
            "as_of_holdings_date": by_session["report_date"].to_numpy(),
        }
    )
    return Block(weight, own, np.sqrt(variance + own_deviation**2), columns)


def _rows(sessions: pd.DatetimeIndex, sectors: pd.DataFrame, used: Flags, block: Block) -> pd.DataFrame:
    """A block's rows by session and sector."""
    count = len(sectors)
    rows = block.by_session.loc[block.by_session.index.repeat(count)].reset_index(drop=True)
    no_fund = pd.Series(np.tile(sectors["symbol"], len(sessions)), dtype=object).where(~used.ravel())
    active, width = block.weight - block.benchmark, Z80 * block.deviation
    return rows.drop(columns="lacking").assign(
        session=sessions.repeat(count),
        sector=np.tile(sectors["sector"], len(sessions)),
        weight_pct=100 * block.weight.ravel(),
        benchmark_weight_pct=100 * block.benchmark.ravel(),
        active_wt_pp=100 * active.ravel(),
        active_wt_lo_pp=100 * (active - width).ravel(),
        active_wt_hi_pp=100 * (active + width).ravel(),
        inputs_missing=no_fund.str.cat(rows["lacking"], sep=", ").fillna(no_fund).fillna(rows["lacking"]),
    )


def _consensus(blocks: dict[tuple[str, str], Block], method: str) -> pd.Series:
    """Whether all cohorts are more than CONSENSUS_PP from the benchmark on the same side, by session and sector."""
    active = 100 * np.array([block.weight - block.benchmark for (_, of), block in blocks.items() if of == method])
    agree = (active > CONSENSUS_PP).all(axis=0) | (active < -CONSENSUS_PP).all(axis=0)
    return pd.Series(agree.ravel()).astype("boolean").mask(np.isnan(active).any(axis=0).ravel())


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """Active weights of the newest session and their last year, by sector and cohort; None without any.

    The year is that of the sectors in which the cohorts lean the most.
    """
    history = query(
        """
        select session, cohort, sector, active_wt_pp, active_wt_lo_pp, active_wt_hi_pp
        from indicators.sector_positioning
        where method = 'style' and active_wt_pp is not null
        qualify dense_rank() over (order by session desc) <= 252
        order by session, sector
        """
    )
    if history.empty:
        return None
    newest = history[history["session"] == history["session"].max()]
    order = newest.groupby("sector")["active_wt_pp"].mean().sort_values()
    cohorts = sorted(newest["cohort"].unique())
    figure = Figure(figsize=(10, 7), layout="constrained")
    now, *years = figure.subplot_mosaic([["now", "low"], ["now", "high"]]).values()
    for n, cohort in enumerate(cohorts):
        of = newest[newest["cohort"] == cohort].set_index("sector").reindex(order.index)
        place = np.arange(len(order)) + 0.3 * (n - (len(cohorts) - 1) / 2)
        ends = np.abs(of[["active_wt_lo_pp", "active_wt_hi_pp"]].sub(of["active_wt_pp"], axis=0)).to_numpy().T
        now.errorbar(of["active_wt_pp"], place, xerr=ends, fmt="o", capsize=3, label=cohort.replace("_", " "))
        for axes, sector in zip(years, (order.index[0], order.index[-1]), strict=True):
            year = history[(history["cohort"] == cohort) & (history["sector"] == sector)]
            axes.plot(year["session"], year["active_wt_pp"])
            axes.fill_between(year["session"], year["active_wt_lo_pp"], year["active_wt_hi_pp"], alpha=0.2)
            axes.set(title=sector, ylabel="% points")
            axes.axhline(0, color="grey", linewidth=0.8)
            date_concisely(axes)
    now.axvline(0, color="grey", linewidth=0.8)
    now.set_yticks(range(len(order)), order.index)
    now.set(title=f"Against SPY, {newest['session'].iloc[0]:%d %B %Y}", xlabel="% points, with 80 % bands")
    now.legend(frameon=False)
    figure.suptitle("Sector positioning by style analysis (grade C)")
    return figure
