"""Fills indicators.systemic: turbulence, the absorption ratio, and official stress indices beside them; its picture."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from assets.indicators.axes import date_concisely
from assets.indicators.reasons import reasons
from assets.inputs import Filled, Inputs
from assets.models.systemic import absorption_ratio, turbulence, weighted_covariance, without_each

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

SECTORS = ("XLB", "XLC", "XLE", "XLF", "XLI", "XLK", "XLP", "XLRE", "XLU", "XLV", "XLY")
ASSETS = (*SECTORS, "TLT", "HYG", "GLD", "UUP", "BTC-USD")
LEAST_ASSETS = 8
# A window is full with 95 % of an asset's returns, and holds at least half of its sessions with a return of every one.
FULL, LEAST_COMMON = 0.95, 0.5
TURBULENCE_SESSIONS = 756
TURBULENT_RANK = 0.95
ABSORPTION_SESSIONS, HALF_LIFE = 500, 250
WEIGHTS = 0.5 ** (np.arange(ABSORPTION_SESSIONS)[::-1] / HALF_LIFE)
# Kritzman, Li, Page and Rigobon take a fifth of the components, and 15 sessions against a year.
ASSETS_PER_COMPONENT = 5
RECENT, YEAR = 15, 252
BAND = (0.1, 0.9)
# By series, the column, and how many days old a number may be: 15 of the daily one, 30 of the weekly ones.
COMPARATORS = {"OFR_FSI": ("ofr_fsi", 15), "NFCI": ("nfci", 30), "ANFCI": ("anfci", 30), "STLFSI4": ("stlfsi4", 30)}

QUERY = """
    with bars as materialized (
        select session, symbol, total_return from staging.prices where symbol in {symbols}
    )

    select
        s.session,
        {columns}
    from reference.sessions as s
    left join bars as b using (session)
    where s.session between (select min(session) from bars) and (select max(session) from bars)
    group by s.session
    order by s.session
""".format(
    symbols=ASSETS,
    columns=", ".join(f"""max(b.total_return) filter (b.symbol = '{symbol}') as "{symbol}" """ for symbol in ASSETS),
)
# The newest number of each that was known at a session's decision time: those that were the newest when they became
# known, so that an old date delivered late does not pass for news.
KNOWN = """
    with newest as (
        select series_id, series_date, series_value, available_at
        from staging.series
        where series_id in {series}
        qualify series_date = max(series_date) over (partition by series_id order by available_at)
    ),

    listed as (
        select s.session, s.decision_at, i.series_id
        from reference.sessions as s
        cross join (select distinct series_id from newest) as i
    ),

    known as (
        select l.session, n.series_id, n.series_date, n.series_value
        from listed as l
        asof inner join newest as n on l.series_id = n.series_id and l.decision_at >= n.available_at
        where n.series_date >= l.session - case n.series_id {most_days} end
    )

    select
        session,
        {columns}
    from known
    group by session
""".format(
    series=tuple(COMPARATORS),
    most_days=" ".join(f"when '{series_id}' then {days}" for series_id, (_, days) in COMPARATORS.items()),
    columns=", ".join(
        f"max(series_value) filter (series_id = '{series_id}') as {name}, "
        f"max(series_date) filter (series_id = '{series_id}') as {name}_date"
        for series_id, (name, _) in COMPARATORS.items()
    ),
)


def fill(inputs: Inputs) -> Filled:
    """Every session, columns as in sql/indicators/systemic.sql; none without a bar of any asset."""
    sessions = inputs.query(QUERY)
    if sessions.empty:
        return Filled(pd.DataFrame())
    returns = sessions[list(ASSETS)].to_numpy(float)
    turbulent, in_turbulence = turbulent_sessions(returns)
    absorbed, in_absorption = absorbed_sessions(returns[:, : len(SECTORS)])
    estimates = pd.concat([sessions[["session"]], turbulent, absorbed], axis=1)
    rows = estimates.merge(inputs.query(KNOWN), how="left", on="session").assign(grade="C")
    used = in_turbulence.copy()
    used[:, : len(SECTORS)] &= in_absorption
    return Filled(rows.assign(inputs_missing=_missing(rows, used)))


def turbulent_sessions(returns: Array) -> tuple[pd.DataFrame, Flags]:
    """Turbulence of each session against the window that ends with the one before.

    Args:
        returns: Total returns, shape (sessions, n), NaN without one.

    Returns:
        turbulence with its band, turbulence_rank_756d, is_turbulent and assets_used by session; and which assets each
        session used.
    """
    is_there = ~np.isnan(returns)
    used = is_there & _before(_full(is_there, TURBULENCE_SESSIONS), 1)
    value, without = np.full(len(returns), np.nan), np.full(returns.shape, np.nan)
    for t in np.flatnonzero(used.sum(axis=1) >= LEAST_ASSETS):
        before = slice(max(t - TURBULENCE_SESSIONS, 0), t)
        window = returns[before, used[t]][is_there[before, used[t]].all(axis=1)]
        if len(window) < LEAST_COMMON * TURBULENCE_SESSIONS:
            continue
        # Seldom has an asset the same return on both ends; then all of the window is searched.
        moves = window[0] != window[-1]
        if not moves.all():
            moves = (window != window[0]).any(axis=0)
            window = window[:, moves]
            used[t, used[t]] = moves
        if moves.sum() < LEAST_ASSETS:
            continue
        value[t], without[t, used[t]] = turbulence(window, returns[t, used[t]])
    low, high = _band(value, without)
    distance = pd.Series(value)
    ranked = distance.rolling(TURBULENCE_SESSIONS, min_periods=int(np.ceil(FULL * TURBULENCE_SESSIONS)))
    rank = ranked.rank(method="max", pct=True).where(distance.notna())
    table = pd.DataFrame(
        {
            "turbulence": distance,
            "turbulence_lo": low,
            "turbulence_hi": high,
            "turbulence_rank_756d": rank,
            "is_turbulent": (rank >= TURBULENT_RANK).astype("boolean").mask(rank.isna()),
            "assets_used": used.sum(axis=1),
        }
    )
    return table, used


def absorbed_sessions(returns: Array) -> tuple[pd.DataFrame, Flags]:
    """Absorption ratio of each session's window, and how far it has shifted within a year.

    The ratio jumps when an asset joins or leaves. So the shift compares ratios of the same assets throughout: of those
    used on the session, the ones whose windows were full a year before too.

    Args:
        returns: Total returns, shape (sessions, n), NaN without one.

    Returns:
        absorption_ratio with its band, absorption_shift and sectors_used by session; and which assets each session
        used.
    """
    is_there = ~np.isnan(returns)
    full = _full(is_there, ABSORPTION_SESSIONS)
    used = is_there & full
    lasting = used & _before(full, YEAR - 1)
    value, shift, without = np.full(len(returns), np.nan), np.full(len(returns), np.nan), np.full(returns.shape, np.nan)
    # Sessions with the same assets at a time.
    for flags in np.unique(np.vstack([used, lasting]), axis=0):
        members = np.flatnonzero(flags)
        if len(members) < LEAST_ASSETS:
            continue
        of_session, of_year = ((sets == flags).all(axis=1) for sets in (used, lasting))
        asked = of_session | (_seen(of_year[::-1], YEAR)[::-1] > 0)
        is_known, covariances = _covariances(returns[:, members], asked)
        components = round(len(members) / ASSETS_PER_COMPONENT)
        ratio = np.full(len(returns), np.nan)
        ratio[is_known] = absorption_ratio(covariances, components)
        value[of_session] = ratio[of_session]
        both = of_session & is_known
        without[np.ix_(both, members)] = absorption_ratio(without_each(covariances[both[is_known]]), components)
        [years] = np.nonzero(of_year)
        year = ratio[years[:, None] + np.arange(1 - YEAR, 1)]
        spread = year.std(axis=1, ddof=1)
        moved = year[:, -RECENT:].mean(axis=1) - year.mean(axis=1)
        shift[years] = np.divide(moved, spread, out=np.full(len(years), np.nan), where=spread > 0)
    low, high = _band(value, without)
    table = pd.DataFrame(
        {
            "absorption_ratio": value,
            "absorption_ratio_lo": low,
            "absorption_ratio_hi": high,
            "absorption_shift": shift,
            "sectors_used": used.sum(axis=1),
        }
    )
    return table, used


def _full(is_there: Flags, window: int) -> Flags:
    """Whether the window that ends with a session is full, by session and asset."""
    full: Flags = _seen(is_there, window) >= FULL * window
    return full


def _seen(flags: Flags, window: int) -> NDArray[np.int64]:
    """How many are set in the window that ends with each session."""
    seen: NDArray[np.int64] = np.cumsum(flags, axis=0, dtype=np.int64)
    seen[window:] -= seen[:-window].copy()
    return seen


def _before(flags: Flags, sessions: int) -> Flags:
    """The flags of so many sessions before; false where there were none."""
    return np.vstack([np.zeros((sessions, flags.shape[1]), bool), flags])[: len(flags)]


def _covariances(returns: Array, asked: Flags) -> tuple[Flags, Array]:
    """Weighted covariances of the windows that end with the sessions asked for and have enough sessions in common.

    Args:
        returns: Shape (sessions, n).
        asked: Shape (sessions,).

    Returns:
        Which of the sessions have one, shape (sessions,); those, shape (with one, n, n).
    """
    is_whole: Flags = np.asarray(~np.isnan(returns).any(axis=1))
    is_known = asked & (_seen(is_whole, ABSORPTION_SESSIONS) >= LEAST_COMMON * ABSORPTION_SESSIONS)
    [ends] = np.nonzero(is_known)
    covariances = np.empty((len(ends), returns.shape[1], returns.shape[1]))
    for place, t in enumerate(ends):
        window = slice(max(t + 1 - ABSORPTION_SESSIONS, 0), t + 1)
        kept = is_whole[window]
        covariances[place] = weighted_covariance(returns[window][kept], WEIGHTS[-len(kept) :][kept])
    return is_known, covariances


def _band(value: Array, without: Array) -> tuple[Array, Array]:
    """The middle 80 % of each session's values without one asset, stretched to the value itself."""
    low, high = value.copy(), value.copy()
    is_there = ~np.isnan(without)
    counts = is_there.sum(axis=1)
    for count in np.unique(counts[counts > 0]):
        rows = counts == count
        ends = np.quantile(without[rows][is_there[rows]].reshape(-1, count), BAND, axis=1)
        low[rows], high[rows] = np.minimum(ends[0], value[rows]), np.maximum(ends[1], value[rows])
    return low, high


def _missing(rows: pd.DataFrame, used: Flags) -> pd.Series:
    lacking = {symbol: pd.Series(~used[:, n]) for n, symbol in enumerate(ASSETS)}
    lacking |= {
        f"{TURBULENCE_SESSIONS} returns of {LEAST_ASSETS} assets": rows["turbulence"].isna(),
        f"turbulence of {TURBULENCE_SESSIONS} sessions": rows["turbulence_rank_756d"].isna(),
        f"{ABSORPTION_SESSIONS} returns of {LEAST_ASSETS} sectors": rows["absorption_ratio"].isna(),
        f"{ABSORPTION_SESSIONS + YEAR} returns of {LEAST_ASSETS} sectors": rows["absorption_shift"].isna(),
    }
    for series_id, (name, days) in COMPARATORS.items():
        lacking[f"{series_id} of the last {days} days"] = rows[name].isna()
    return reasons(lacking)


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """Turbulence, its rank and the absorption ratio over the last 504 sessions; None without turbulence."""
    history = query(
        """
        select
            session, turbulence, turbulence_lo, turbulence_hi, turbulence_rank_756d,
            absorption_ratio, absorption_ratio_lo, absorption_ratio_hi
        from indicators.systemic
        order by session desc
        limit 504
        """
    ).sort_values("session")
    if history["turbulence"].isna().all():
        return None
    figure = Figure(figsize=(9, 7), layout="constrained")
    distance, rank, absorption = figure.subplots(3, 1, sharex=True)
    days = history["session"]
    for axes, name in ((distance, "turbulence"), (absorption, "absorption_ratio")):
        axes.fill_between(days, history[f"{name}_lo"], history[f"{name}_hi"], alpha=0.2, label="80 % band")
        axes.plot(days, history[name], label="estimate")
        axes.legend(frameon=False)
    distance.set_yscale("log")
    distance.set(title="Turbulence, about 1 on average", ylabel="distance per asset")
    is_turbulent = history["turbulence_rank_756d"] >= TURBULENT_RANK
    rank.plot(days, history["turbulence_rank_756d"], linewidth=0.6)
    rank.plot(days[is_turbulent], history["turbulence_rank_756d"][is_turbulent], "o", markersize=3, color="tab:red")
    rank.axhline(TURBULENT_RANK, color="grey", linewidth=0.8, linestyle="--")
    rank.set(title=f"Its rank in {TURBULENCE_SESSIONS} sessions; turbulent from {TURBULENT_RANK} on", ylim=(0, 1.02))
    absorption.set(title="Absorption ratio of the sectors", ylabel="share of variance")
    date_concisely(absorption)
    figure.suptitle("Turbulence and absorption (grade C)")
    return figure
