"""indicators.breadth: counts by hand and against pandas, membership day by day, and what is not known."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.sql.given import build, calendar, frame_of, sessions

COUNT = 300
DAYS = sessions("2024-01-02", COUNT)
SHARES = ("above_20d", "above_50d", "above_200d", "advance_share", "up_volume_share", "net_new_highs")
ROWS = "from indicators.breadth order by session"


def decided(day: pd.Timestamp) -> pd.Timestamp:
    """When the session's estimates are due."""
    return (day + pd.Timedelta(hours=18)).tz_localize("America/New_York")


def listed(symbols: Sequence[str], source: str = "simulated", **spell: object) -> pd.DataFrame:
    """A spell of membership for each symbol, from ever and for ever unless said otherwise."""
    rows = pd.DataFrame({"symbol": symbols, "index_symbol": "SPX", "source": source, **spell})
    for name in ("added_date", "removed_date"):
        rows[name] = pd.to_datetime(rows[name] if name in rows else pd.Series(pd.NaT, index=rows.index))
    if "available_at" not in rows:
        rows["available_at"] = decided(DAYS[0])
    return rows


def traded(
    closes: Mapping[str, Sequence[float | None]], volumes: Mapping[str, Sequence[float]] | None = None
) -> pd.DataFrame:
    """Rows of staging.member_prices from the first session on; no row where there is no close."""
    frames = [
        pd.DataFrame(
            {"session": DAYS[: len(of)], "symbol": symbol, "close": of, "volume": (volumes or {}).get(symbol, 100.0)}
        )
        for symbol, of in closes.items()
    ]
    return pd.concat(frames, ignore_index=True).dropna(subset="close").assign(segment=0)


def computed(members: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """The table's rows, by session."""
    given = {"staging.index_members": members, "staging.member_prices": prices}
    return frame_of(build(until="indicators.breadth", given=given), ROWS).set_index("session")


def test_a_session_by_hand() -> None:
    # Means of 20 closes: 10.1, 19.95, 30 and 40; D does not trade.
    closes = {"A": [*[10.0] * 19, 12.0], "B": [*[20.0] * 19, 19.0], "C": [30.0] * 20, "D": [*[39.0] * 19, 59.0]}
    volumes = {"A": [300.0] * 20, "B": [100.0] * 20, "C": [50.0] * 20, "D": [*[70.0] * 19, 0.0]}
    found = computed(listed(["A", "B", "C", "D", "E"]), traded(closes, volumes))
    last = found.iloc[-1]
    counts = ["members", "members_priced", "members_expected", "members_missing", "advances", "declines", "unchanged"]
    assert last[counts].to_list() == [5, 4, 5, 1, 1, 1, 1]
    # A close at its mean is not above it; a halted close is.
    assert last[["above_20d_pct", "above_20d_lo_pct", "above_20d_hi_pct"]].to_list() == [50, 40, 60]
    # D and E are not known to have moved.
    assert last["advance_share_pct"] == 50
    assert last[["advance_share_lo_pct", "advance_share_hi_pct"]].to_list() == [25, 75]
    assert last["up_volume_share_pct"] == 75
    # Each of the two may have traded 200, the mean of A and B.
    ends = last[["up_volume_share_lo_pct", "up_volume_share_hi_pct"]].to_list()
    assert ends == pytest.approx([100 * 300 / 800, 100 * 700 / 800])
    assert last["advance_decline_line"] == 0
    assert last["grade"] == "C"
    assert last["inputs_missing"] == "1 of 5 members, 50 closes, 200 closes, 252 closes"
    first = found.iloc[0]
    assert first["inputs_missing"].startswith("1 of 5 members, closes of the session before, 20 closes")
    assert first[["advances", "unchanged", "advance_decline_line", "above_20d_pct", "up_volume_share_pct"]].isna().all()
    # Where nobody moves there are no shares, and the line stays.
    assert found["unchanged"].iloc[1] == 4
    assert found["inputs_missing"].iloc[1].startswith("1 of 5 members, members that moved, volumes")


def test_a_company_is_a_member_from_the_day_it_is_known_to_be_until_it_is_gone() -> None:
    kept = listed(["A"])
    added = listed(["B"], added_date=DAYS[3], available_at=decided(DAYS[3]))
    told_late = listed(["C"], added_date=DAYS[3], available_at=decided(DAYS[5]) + pd.Timedelta(seconds=1))
    gone = listed(["D"], removed_date=DAYS[4])
    back = listed(["D"], added_date=DAYS[7])
    other = listed(["A", "B"]).assign(index_symbol="NDX")
    members = pd.concat([kept, added, told_late, gone, back, other])
    found = computed(members, traded({symbol: [1.0, 2.0] * 5 for symbol in "ABCDX"}))
    assert found["members"].to_list() == [2, 2, 2, 3, 2, 2, 3, 4, 4, 4]
    assert found["members_priced"].equals(found["members"])
    # A member's closes from before it was one stand in its averages; those of others nowhere.
    assert found["advances"].to_list()[1:] == [2, 0, 3, 0, 2, 0, 4, 0, 4]


def test_the_first_row_is_that_of_the_first_bar_of_a_member() -> None:
    members = listed(["A"], added_date=DAYS[4], available_at=decided(DAYS[4]))
    found = computed(members, traded({"A": [5.0] * 9, "B": [5.0] * 12}))
    assert found.index.to_list() == DAYS[4:9]


@pytest.mark.parametrize(("known", "expected"), [(400, 503), (505, 505)])
def test_of_a_real_list_503_members_are_expected(known: int, expected: int) -> None:
    symbols = [f"S{n}" for n in range(known)]
    prices = traded({symbol: [1.0, 1.0 + (n % 4 > 0)] for n, symbol in enumerate(symbols)})
    last = computed(listed(symbols, source="files/reference"), prices).iloc[-1]
    assert (last["members"], last["members_expected"], last["members_missing"]) == (known, expected, expected - known)
    advances, unknown = sum(n % 4 > 0 for n in range(known)), expected - known
    assert last[["advances", "declines", "unchanged"]].to_list() == [advances, 0, known - advances]
    assert last["advance_share_lo_pct"] == pytest.approx(100 * advances / (advances + unknown))
    assert last["grade"] == ("B" if known > 475 else "C")
    assert last["inputs_missing"].startswith("103 of 503 members") == (known == 400)


def wild(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Members that come and go, and bars with holes, halts, splits and ties."""
    random = np.random.default_rng(seed)
    symbols = [f"S{n:02}" for n in range(10)]
    steps = random.choice([-0.01, 0.0, 0.01], (COUNT, 10), p=[0.45, 0.05, 0.5])
    closes = np.round(50 * np.exp(np.cumsum(steps, axis=0)), 2)
    volumes = random.integers(1, 10**9, (COUNT, 10)).astype(float)
    volumes[random.random((COUNT, 10)) < 0.02] = 0
    prices = traded(
        dict(zip(symbols, closes.T.tolist(), strict=True)), dict(zip(symbols, volumes.T.tolist(), strict=True))
    )
    # Four symbols have no flaw and so have values of every window.
    flawed = prices["symbol"].isin(symbols[4:])
    split = prices["symbol"].eq("S09") & (prices["session"] >= DAYS[120])
    prices = prices.assign(segment=split.astype(int), close=prices["close"].mask(split, prices["close"] * 7))
    holes = flawed & (random.random(len(prices)) < 0.002)
    members = pd.concat(
        [
            listed(symbols[:8]),
            listed(symbols[8:], added_date=DAYS[60], removed_date=DAYS[290], available_at=decided(DAYS[60])),
        ]
    )
    return members, prices.loc[~holes]


def by_pandas(members: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """The counts of the same definitions, each symbol on every session."""
    counts: dict[str, pd.Series] = {}
    spells = members.assign(
        added_date=members["added_date"].fillna(DAYS[0]), removed_date=members["removed_date"].fillna(pd.Timestamp.max)
    )
    for symbol, added, removed in zip(spells["symbol"], spells["added_date"], spells["removed_date"], strict=True):
        bars = prices[prices["symbol"] == symbol].set_index("session").reindex(pd.DatetimeIndex(DAYS))
        close, moves = bars["close"], bars["volume"].ne(0) & bars["close"].notna()
        is_member = (bars.index >= added) & (bars.index < removed)
        whole = {n: bars["segment"].rolling(n).std().eq(0) & close.notna() for n in (2, 20, 50, 200, 252)}
        change = close.diff().where(whole[2] & moves)
        flags = {
            "members": pd.Series(data=True, index=bars.index),
            "members_priced": close.notna(),
            **{f"known_{n}": whole[n] for n in (20, 50, 200)},
            **{f"above_{n}": whole[n] & (close > close.rolling(n).mean() + 1e-9) for n in (20, 50, 200)},
            "advances": change > 0,
            "declines": change < 0,
            "unchanged": change == 0,
            "known_252": whole[252] & moves,
            "new_highs_252d": whole[252] & moves & (close == close.rolling(252).max()),
            "new_lows_252d": whole[252] & moves & (close == close.rolling(252).min()),
            "up_volume": bars["volume"].where(change > 0, 0),
            "moving_volume": bars["volume"].where(change.abs() > 0, 0),
        }
        for name, of in flags.items():
            counts[name] = counts.get(name, 0) + of.where(is_member, other=0).astype(float)
    return pd.DataFrame(counts)


@pytest.mark.parametrize("seed", range(2))
def test_every_count_is_that_of_pandas(seed: int) -> None:
    members, prices = wild(seed)
    found, expected = computed(members, prices), by_pandas(members, prices)
    assert found.index.to_list() == DAYS
    for name in ("members", "members_priced"):
        assert found[name].to_list() == expected[name].to_list()
    for name in ("advances", "declines", "unchanged", "new_highs_252d", "new_lows_252d"):
        there = found[name].notna()
        assert there.sum() == COUNT - (1 if name in {"advances", "declines", "unchanged"} else 251)
        assert found.loc[there, name].to_list() == expected.loc[there, name].to_list(), name
    for n in (20, 50, 200):
        above = 100 * expected[f"above_{n}"] / expected[f"known_{n}"]
        np.testing.assert_allclose(found[f"above_{n}d_pct"], above, rtol=1e-12, err_msg=str(n))
    volume_share = 100 * expected["up_volume"] / expected["moving_volume"]
    np.testing.assert_allclose(found["up_volume_share_pct"], volume_share, rtol=1e-12)
    net = 100 * (expected["new_highs_252d"] - expected["new_lows_252d"]) / expected["known_252"]
    np.testing.assert_allclose(found["net_new_highs_pct"], net, rtol=1e-12)
    line = (expected["advances"] - expected["declines"]).cumsum()
    assert found["advance_decline_line"].to_list()[1:] == line.to_list()[1:]
    for name in SHARES:
        low, value, high = (found[f"{name}{end}_pct"] for end in ("_lo", "", "_hi"))
        assert ((low <= value) & (value <= high))[value.notna()].all(), name
        assert low.isna().equals(value.isna()), name
        assert high.isna().equals(value.isna()), name


@pytest.mark.parametrize("future", ["unknown", "different"])
def test_the_future_never_changes_a_past_row(future: str) -> None:
    members, prices = wild(3)
    day = DAYS[270]
    past, later = prices[prices["session"] <= day], prices[prices["session"] > day]
    made_up = later.assign(close=later["close"] ** 1.5, volume=1e12, segment=9)
    then = past if future == "unknown" else pd.concat([past, made_up])
    # The next list drops a name and brings another.
    changed = members.assign(removed_date=members["removed_date"].where(members["removed_date"] <= day, DAYS[280]))
    new = listed(["NEW"], added_date=DAYS[275], available_at=decided(DAYS[275]), source="live")
    found = computed(pd.concat([changed, new]), then)
    pd.testing.assert_frame_equal(found[:day], computed(members, prices)[:day], check_exact=True)


def test_a_split_that_nobody_adjusted_and_a_hole_each_start_windows_anew() -> None:
    names = list("ABCDEF")
    closes: dict[str, Sequence[float | None]] = {name: [10.0] * 60 for name in names}
    closes["C"] = [*closes["C"][:29], None, *closes["C"][30:]]
    prices = traded(closes)
    prices["segment"] = (prices["symbol"].eq("B") & (prices["session"] >= DAYS[30])).astype(int)
    found = computed(listed(names), prices)
    known = found["above_20d_hi_pct"] - found["above_20d_lo_pct"]
    assert found["members_priced"].iloc[29] == 5
    assert found["unchanged"].iloc[[28, 29, 30, 31]].to_list() == [6, 5, 4, 6]
    # Nothing is above its mean, so the bounds are apart by the share of members without a value.
    assert known.iloc[[28, 29, 30, 48]].to_list() == pytest.approx([0, 100 / 6, 200 / 6, 200 / 6])
    assert known.iloc[49] == 0


def test_a_session_on_which_too_few_have_a_bar_says_nothing() -> None:
    closes: dict[str, Sequence[float | None]] = {name: [1.0, 2.0, 3.0, 4.0] for name in "ABCD"}
    closes["E"] = [1.0, 2.0, None, 4.0]
    closes["F"] = [1.0, 2.0, None, None]
    found = computed(listed(list("ABCDEF")), traded(closes))
    # Four of six are not 80 %, and what follows the last session with enough is left out.
    assert found.index.to_list() == DAYS[:4]
    assert found["members_priced"].to_list() == [6, 6, 4, 5]
    assert found["advances"].isna().to_list() == [True, False, True, False]
    assert found["inputs_missing"].iloc[2].startswith("2 of 6 members, bars of 80 % of the members known")
    short = computed(listed(list("ABCDEF")), traded({**closes, "E": [1.0, 2.0, None, None]}))
    assert short.index.to_list() == DAYS[:2]


def test_a_session_without_a_single_bar_has_its_row_and_says_so() -> None:
    found = computed(listed(["A", "B"]), traded({"A": [1.0, 2.0, None, 3.0], "B": [1.0, 2.0, None, 3.0]}))
    assert found.index.to_list() == DAYS[:4]
    assert found["advances"].isna().to_list() == [True, False, True, True]
    assert (found["members"].iloc[2], found["members_missing"].iloc[2]) == (2, 2)
    assert found["inputs_missing"].iloc[2].startswith("2 of 2 members, bars of 80 % of the members known")


def test_without_volumes_there_is_all_but_their_share() -> None:
    last = computed(listed(["A"]), traded({"A": [1.0, 2.0]}).assign(volume=np.nan)).iloc[-1]
    assert (last["advances"], last["advance_share_pct"]) == (1, 100)
    assert last[["up_volume_share_pct", "up_volume_share_lo_pct", "up_volume_share_hi_pct"]].isna().all()
    assert "volumes" in last["inputs_missing"].split(", ")


def test_without_a_list_there_are_no_rows() -> None:
    assert computed(pd.DataFrame(), traded({"A": [1.0, 2.0]})).empty


@cache
def of_record(folder: Path) -> pd.DataFrame:
    """The table on the real bars of the S&P 500's members of 2025-11-16."""
    names = pd.read_csv(folder / "reference" / "sp500_members_2025-11-16.csv")
    added = pd.to_datetime(names["Date added"])
    symbols = names["Symbol"].str.replace(".", "-").to_list()
    members = listed(symbols, "files/reference", added_date=added, available_at=[decided(day) for day in added])
    prices = pd.read_parquet(folder / "prices" / "sp500_members.parquet", columns=["symbol", "date", "close", "volume"])
    prices = prices.assign(session=pd.to_datetime(prices["date"]), segment=0)
    is_session = prices["session"].isin(calendar()["session"])
    return computed(members, prices[is_session].drop(columns="date"))


# Published: advances and declines by All Star Charts and The Chart Report, shares by Reuters of 2025-04-15.
PUBLISHED = [
    ("2025-01-27", "advance_share", 69.8, 0.0),
    ("2025-11-21", "advance_share", 88.9, 0.0),
    ("2022-10-14", "above_200d", 15.9, 0.0),
    ("2025-04-08", "above_200d", 17.5, 1.0),
    ("2025-04-08", "above_50d", 5.2, 1.0),
    ("2025-04-14", "above_50d", 25.5, 0.0),
    ("2025-04-14", "above_200d", 30.0, 2.0),
]


@pytest.mark.parametrize(("session", "share", "published", "outside"), PUBLISHED)
def test_published_shares_lie_between_the_bounds_or_close_by(
    market_data: Path, session: str, share: str, published: float, outside: float
) -> None:
    # Closes that are adjusted for dividends lift the shares above an average.
    row = of_record(market_data).loc[session]
    assert row[f"{share}_lo_pct"] - outside <= published <= row[f"{share}_hi_pct"]


def test_numbers_of_record(market_data: Path) -> None:
    found = of_record(market_data)
    row = found[found.index == "2025-11-21"].iloc[0]
    counts = ["members", "members_priced", "advances", "declines", "unchanged", "new_highs_252d", "new_lows_252d"]
    assert row[counts].to_list() == [503, 494, 441, 52, 1, 24, 0]
    assert row["above_200d_pct"] == pytest.approx(55.87, abs=0.005)
    assert row["up_volume_share_pct"] == pytest.approx(73.75, abs=0.005)
    # Of those of early 2021 only the ones that stayed are known.
    assert found["members_missing"].iloc[0] == 77
    assert found["grade"].iloc[[1, -1]].to_list() == ["C", "B"]
