"""Fills indicators.head_shoulders: the pattern in cyclical against defensive sectors; its picture."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from assets.indicators.axes import date_concisely
from assets.indicators.belonging import belonging
from assets.indicators.reasons import reasons
from assets.inputs import Filled, Inputs
from assets.models.head_shoulders import (
    LEAST_BANDWIDTH,
    Patterns,
    find,
    first_reported,
    neckline,
    share_of_random_paths,
    smooth,
)

Array = NDArray[np.float64]

WINDOWS = (63, 126, 189)
POINTS = ("left_shoulder", "left_low", "head", "right_low", "right_shoulder")
HEAD = POINTS.index("head")
SAME = 3
BROKEN = 0.25
RANDOM_PATHS, BLOCK, LEAST_CHANGES = 1_000, 10.0, 252
# What stands in for a member in a variant: banks for the two companies that rule their sector.
SUBSTITUTES = {"XLY": "KRE"}
SIDES = ("cyclicals", "defensives")
PICTURED = 126

CHANGES = """
    select session, variant, -rotation_1d_pct / 100 as change from indicators.rotation
    order by session
"""
MEMBERS = """
    select basket, symbol, valid_from, valid_to from reference.basket_members
    where basket in ('cyclicals', 'defensives')
    order by basket, symbol
"""
RETURNS = """
    select session, symbol, ln(1 + total_return) as log_return from staging.prices
    where
        total_return > -1
        and (
            symbol in (select symbol from reference.basket_members where basket in ('cyclicals', 'defensives'))
            or symbol in ({substitutes})
        )
""".format(substitutes=", ".join(f"'{symbol}'" for symbol in SUBSTITUTES.values()))


def fill(inputs: Inputs) -> Filled:
    """Every window of every session from the first full one, columns as in sql/indicators/head_shoulders.sql."""
    by_variant = inputs.query(CHANGES).pivot_table(index="session", columns="variant", values="change", dropna=False)
    if "sector_funds" not in by_variant:
        return Filled(pd.DataFrame())
    changes = by_variant["sector_funds"].loc[by_variant["sector_funds"].first_valid_index() :]
    returns = inputs.query(RETURNS).pivot_table(index="session", columns="symbol", values="log_return")
    variants = _variants(returns.reindex(changes.index), inputs.query(MEMBERS))
    if "equal_weight_funds" in by_variant:
        variants["equal weight"] = by_variant["equal_weight_funds"].reindex(changes.index)
    parts = [_of_window(changes, variants, window) for window in WINDOWS if len(changes) >= window]
    return Filled(pd.concat(parts, ignore_index=True) if parts else pd.DataFrame())


def _difference(by_symbol: pd.DataFrame, members: pd.DataFrame) -> pd.Series:
    """Mean log return of the cyclical members less that of the defensive ones; missing without all of them."""
    means = []
    for side in SIDES:
        belongs = belonging(by_symbol.index, members[members["basket"] == side])
        returns = by_symbol.reindex(columns=belongs.columns)
        whole = belongs.any(axis=1) & ~(belongs & returns.isna()).any(axis=1)
        means.append(returns.where(belongs).mean(axis=1).where(whole))
    return means[0] - means[1]


def _variants(by_symbol: pd.DataFrame, members: pd.DataFrame) -> dict[str, pd.Series]:
    """The difference for other choices of funds, each on the sessions on which the fund in question belongs."""
    variants = {}
    for symbol in members["symbol"].unique():
        # So that a fund that is listed later makes no variant of a past in which it changes nothing.
        belongs = belonging(by_symbol.index, members[members["symbol"] == symbol])[symbol]
        variants[f"without {symbol}"] = _difference(by_symbol, members[members["symbol"] != symbol]).where(belongs)
        if symbol in SUBSTITUTES:
            replaced = members.assign(symbol=members["symbol"].replace(symbol, SUBSTITUTES[symbol]))
            variants[f"{SUBSTITUTES[symbol]} for {symbol}"] = _difference(by_symbol, replaced).where(belongs)
    return variants


def _paths(
    changes: pd.Series, window: int, where: NDArray[np.intp] | slice = slice(None)
) -> tuple[Array, NDArray[np.bool_]]:
    """Some windows' paths from 0, (windows, window), and whether each has no gap; zeros where it has one."""
    moves = np.lib.stride_tricks.sliding_window_view(changes.to_numpy(), window)[where, 1:]
    whole = np.isfinite(moves).all(axis=1)
    paths = np.zeros((len(moves), window))
    paths[whole, 1:] = moves[whole].cumsum(axis=1)
    return paths, whole


def _of_window(changes: pd.Series, variants: Mapping[str, pd.Series], window: int) -> pd.DataFrame:
    sessions = pd.DatetimeIndex(changes.index[window - 1 :])
    paths, whole = _paths(changes, window)
    found = find(paths)
    has = whole & (found.points[:, 0] >= 0)
    forms = whole & ~has & (found.forming[:, 0] >= 0)
    points = np.where(forms[:, None], np.pad(found.forming, ((0, 0), (0, 1)), constant_values=-1), found.points)
    line, at_head = (neckline(paths, points, at) for at in (window - 1, points[:, HEAD]))
    rows = pd.DataFrame({"session": sessions, "window_sessions": window, "grade": "B"})
    rows["is_pattern"] = pd.array(has, "boolean")
    rows.loc[~whole, "is_pattern"] = pd.NA
    starts = np.arange(len(paths))
    for number, name in enumerate(POINTS):
        place = points[:, number]
        known = (has | forms) & (place >= 0)
        rows[f"{name}_session"] = pd.Series(changes.index[starts + place]).where(known)
        rows[f"{name}_pct"] = pd.Series(100 * paths[starts, place]).where(known)
    rows["path_pct"] = pd.Series(100 * paths[:, -1]).where(whole)
    rows["pattern_tolerance_pct"] = pd.Series(100 * found.tolerance).where(whole)
    rows["neckline_pct"] = pd.Series(100 * line).where(has | forms)
    rows["neckline_distance_pct"] = rows["path_pct"] - rows["neckline_pct"]
    broken = rows["neckline_distance_pct"] < -BROKEN * rows["pattern_tolerance_pct"]
    status = pd.Series(np.where(broken, "broken", "complete"), dtype=object)
    rows["pattern_status"] = status.where(has, None).mask(forms, "forming")
    rows["target_pct"] = (rows["neckline_pct"] - (rows["head_pct"] - pd.Series(100 * at_head))).where(has)
    places = np.where(has[:, None], starts[:, None] + found.points, -1)
    first = first_reported(places, window * LEAST_BANDWIDTH)
    rows["detected_at"] = pd.Series(sessions[first]).where(has)
    tested, share = _share_of_variants(variants, window, np.flatnonzero(has), found)
    rows["variants_tested"] = pd.Series(tested, dtype="Int64").where(has)
    rows["pattern_share_variants"] = pd.Series(share).where(has)
    rows["pattern_share_random"] = _share_random(changes, window, sessions)
    rows["inputs_missing"] = reasons(
        {
            f"{window} returns of all funds": pd.Series(~whole),
            "a variant's returns": rows["pattern_share_variants"].isna() & has,
            f"{LEAST_CHANGES} returns before the year": rows["pattern_share_random"].isna(),
        }
    )
    return rows


def _share_of_variants(
    variants: Mapping[str, pd.Series], window: int, where: NDArray[np.intp], found: Patterns
) -> tuple[Array, Array]:
    """How many variants have every return, and the share of them with a head within 3 sessions, at some windows."""
    tested, agree = np.zeros(len(found.points)), np.zeros(len(found.points))
    for changes in variants.values():
        paths, whole = _paths(changes, window, where)
        there = where[whole]
        heads = find(paths[whole]).points[:, HEAD]
        tested[there] += 1
        agree[there] += (heads >= 0) & (np.abs(heads - found.points[there, HEAD]) <= SAME)
    with np.errstate(invalid="ignore"):
        return tested, agree / np.where(tested > 0, tested, np.nan)


def _share_random(changes: pd.Series, window: int, sessions: pd.DatetimeIndex) -> pd.Series:
    """The share of random paths with a pattern, of the differences known before each calendar year."""
    shares = {}
    for year in sessions.year.unique():
        before = changes[: f"{year - 1}"].dropna().to_numpy()
        shares[year] = (
            share_of_random_paths(before, window, RANDOM_PATHS, BLOCK, seed=10_000 * window + int(year))
            if len(before) >= LEAST_CHANGES
            else np.nan
        )
    return pd.Series(sessions.year.map(shares), dtype=float)


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """The path of 126 sessions, smoothed, with the newest pattern; None without a path."""
    history = query(
        f"""
        select * from indicators.head_shoulders
        where window_sessions = {PICTURED} and path_pct is not null
        order by session desc
        limit 1
        """
    )
    if history.empty:
        return None
    newest = history.iloc[0]
    path = query(
        f"""
        select session, sum(-rotation_1d_pct) over (order by session) as level from indicators.rotation
        where variant = 'sector_funds' and session <= '{newest["session"]:%Y-%m-%d}'
        order by session desc
        limit {PICTURED}
        """
    ).sort_values("session")
    level = path["level"].to_numpy() - path["level"].iloc[0]
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot(path["session"], level, linewidth=0.8, label="cyclicals less defensives")
    axes.plot(path["session"], smooth(level[None])[0][0], label="smoothed")
    title = f"No head-and-shoulders in {PICTURED} sessions"
    if pd.notna(newest["pattern_status"]):
        seen = [name for name in POINTS if pd.notna(newest[f"{name}_session"])]
        days, levels = ([newest[f"{name}_{what}"] for name in seen] for what in ("session", "pct"))
        axes.plot(days, levels, "o", color="tab:red")
        line = [newest["left_low_pct"], newest["neckline_pct"]]
        axes.plot([newest["left_low_session"], newest["session"]], line, "--", color="tab:red", label="neckline")
        title = f"Head-and-shoulders, {newest['pattern_status']}"
    if newest["is_pattern"]:
        axes.axhline(newest["target_pct"], color="grey", linestyle=":", label="target")
        if pd.notna(newest["pattern_share_random"]):
            title += f"; {newest['pattern_share_random']:.0%} of random paths show one"
    axes.set(title=title, ylabel="log %")
    axes.legend(frameon=False)
    date_concisely(axes)
    return figure
