"""Each audit of sql/audits: rows that it must report, and rows close by that it must not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pytest

from assets.sources.option_chains import Snapshot
from orchestration.tables import parse, tables_in
from tests.sql.chains import rows, snapshot, whole
from tests.sql.given import Bar, Prices, bar, bars, build, rows_of, sessions, tables, with_a_fund

DAYS = sessions("2025-11-17", 8)
MON, TUE, WED, THU, FRI = DAYS[:5]
Value = str | float | pd.Timestamp | None
REPEATED = (10.0, 12.0, 8.0, 11.0)
INFINITE = float("inf")
# Filing, security, value, shares, and date of the positions.
Held = tuple[str, str, float | None, float | None, str]


@dataclass(frozen=True)
class Case:
    """What is given, and what the first columns of the audit's rows must be."""

    audit: str
    rows: Sequence[Bar]
    reported: Sequence[tuple[object, ...]] = ()
    chains: Sequence[Snapshot] = ()
    members: Sequence[str] = ()
    baskets: Sequence[tuple[str, str, str, str, str | None]] = ()
    patterns: Sequence[tuple[str, str, str]] = ()
    holdings: Sequence[Held] = ()


def on(symbol: str, *prices: Prices, **more: object) -> list[Bar]:
    """Bars from the Monday on, one per session."""
    return bars(symbol, DAYS[: len(prices)], prices, **more)


def listed(symbols: Sequence[str]) -> pd.DataFrame:
    """Rows of raw.index_members: a list of the Monday."""
    known = pd.Timestamp(f"{MON.date()} 18:00", tz="America/New_York")
    names = {"index_symbol": "SPX", "company": "any", "sector": "Energy", "source": "vendor"}
    times = {"list_date": MON, "available_at": known, "observed_at": known}
    return pd.DataFrame({"symbol": list(symbols), **times, **names})


def in_baskets(*spells: tuple[str, str, str, str, str | None]) -> pd.DataFrame:
    """Rows of reference.basket_members: basket, symbol, weight rule, first day and first day after."""
    names = ["basket", "symbol", "weight_rule", "valid_from", "valid_to"]
    rows_given = pd.DataFrame(spells, columns=names).assign(side="long", why="any")
    return rows_given.astype(dict.fromkeys(("valid_from", "valid_to"), "datetime64[us]"))


def shown(*patterns: tuple[str, str, str]) -> pd.DataFrame:
    """Rows of indicators.head_shoulders of 63 sessions: session, right shoulder and when the pattern was detected."""
    columns = ["session", "right_shoulder_session", "detected_at"]
    rows_given = pd.DataFrame(patterns, columns=columns, dtype="datetime64[us]")
    return rows_given.assign(window_sessions=63, is_pattern=True)


def reported(symbol: str, *days: object) -> list[tuple[object, ...]]:
    """What is expected of an audit that reports these sessions."""
    return [(symbol, str(day)[:10]) for day in days]


def one_contract(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Snapshot:
    """A chain of a single contract."""
    return snapshot(FRI, [100.0], {"IWM": ["2025-12-19"]}, change=lambda contracts: change(contracts.head(1)))


def hundred(change: Callable[[pd.DataFrame], pd.DataFrame] = lambda contracts: contracts) -> Snapshot:
    """A chain of 100 contracts."""
    strikes = [75.0 + n for n in range(50)]
    return snapshot(FRI, strikes, {"IWM": ["2025-12-19"]}, change=change)


def replaced(contracts: pd.DataFrame, column: str, first: int, value: Value) -> pd.DataFrame:
    """The contracts with another value in the first of them."""
    kept = np.arange(len(contracts)) >= first
    return contracts.assign(**{column: contracts[column].where(kept, value)})


def wrong(audit: str, of: Snapshot, second: object) -> Case:
    """A chain that the audit reports in a single row, its second column as given."""
    return Case(audit, [], [(of.snapshot_id, str(second))], [of])


def impossible(column: str, value: Value) -> Case:
    """A contract with an impossible value."""
    return wrong("impossible_quote", one_contract(lambda contracts: contracts.assign(**{column: value})), "IWM")


def possible(column: str, value: Value) -> Case:
    """A contract with a strange value that occurs."""
    return Case("impossible_quote", [], chains=[one_contract(lambda c: c.assign(**{column: value}))])


LAST = pd.Timestamp("2025-12-31")


def filed(*positions: Held) -> pd.DataFrame:
    """Rows of raw.holdings, all of one holder and published in the evening of the Monday."""
    names = ["filing_id", "security", "value_usd", "shares", "report_date"]
    known = pd.Timestamp(f"{MON.date()} 22:00", tz="America/New_York")
    rows_given = pd.DataFrame(positions, columns=names).assign(holder="any", available_at=known, observed_at=known)
    return rows_given.astype({"report_date": "datetime64[us]"})


def held(value: float | None = 1.0, shares: float | None = 1.0, day: str = "2025-09-30") -> Case:
    """A filing of two positions, the second of which the audit reports."""
    positions: list[Held] = [("F", "A", 1.0, 1.0, "2025-09-30"), ("F", "B", value, shares, day)]
    return Case("impossible_position", [], [("F", "B")], holdings=positions)


FAILING = {
    "short position": held(value=-5.0),
    "no value": held(value=None),
    "infinite value": held(value=INFINITE),
    "value of the whole world": held(value=1.1e13),
    "shares sold short": held(shares=-1.0),
    "infinite shares": held(shares=INFINITE),
    "positions of a day to come": held(day=str(TUE.date())),
    "security twice": Case(
        "impossible_position",
        [],
        [("F", "A"), ("F", "A")],
        holdings=[("F", "A", 1.0, 1.0, "2025-09-30"), ("F", "A", 2.0, 1.0, "2025-09-30")],
    ),
    "three of five members": Case(
        "members_without_bars",
        on("SPX", 1.0) + [b for name in "ABC" for b in on(name, 1.0)],
        [(str(MON.date()), "5")],
        members="ABCDE",
    ),
    "negative bid": impossible("bid", -0.05),
    "negative ask": impossible("ask", -0.05),
    "negative volatility": impossible("iv", -0.2),
    "negative gamma": impossible("gamma", -0.01),
    "negative open interest": impossible("open_interest", -1.0),
    "negative volume of a contract": impossible("volume", -1.0),
    "delta of a call above one": impossible("delta", 1.01),
    "delta of a put below minus one": impossible("delta", -1.01),
    "volatility of 51": impossible("iv", 51.0),
    "strike of zero": impossible("strike", 0.0),
    "infinite ask": impossible("ask", INFINITE),
    "infinite open interest": impossible("open_interest", INFINITE),
    "absurd ask": impossible("ask", 1e26),
    "absurd open interest": impossible("open_interest", 1e26),
    "absurd volume": impossible("volume", 1e26),
    "neither call nor put": impossible("put_call", "X"),
    "expired 8 days before": impossible("expiry", FRI - pd.Timedelta(days=8)),
    "spot of zero": wrong(
        "impossible_quote",
        snapshot(FRI, [100.0], {"IWM": ["2025-12-19"]}, stated_spot=0.0, change=lambda contracts: contracts.head(1)),
        "IWM",
    ),
    "contract listed twice": wrong("duplicate_contract", one_contract(lambda c: pd.concat([c, c])), "IWM"),
    "contract listed with two prices": wrong(
        "duplicate_contract", one_contract(lambda c: pd.concat([c, c.assign(bid=0.0)])), "IWM"
    ),
    **{
        f"one {column} left out": wrong(
            "incomplete_greeks", hundred(partial(replaced, column=column, first=1, value=None)), 100
        )
        for column in ("iv", "delta", "gamma")
    },
    "two of 100 crossed": wrong("crossed_quotes", hundred(partial(replaced, column="bid", first=2, value=99.0)), 100),
    "nothing open": wrong("no_open_interest", hundred(lambda c: c.assign(open_interest=0.0)), 100),
    "open interest not stated": wrong("no_open_interest", hundred(lambda c: c.assign(open_interest=None)), 100),
    "open interest not stated for 6 of 100": wrong(
        "no_open_interest", hundred(partial(replaced, column="open_interest", first=6, value=None)), 100
    ),
    "intraday chain": Case(
        "refused_chain", [], [("2025-11-21", "IWM")], [whole("IWM", FRI, reading="intraday"), whole("IWM", FRI)]
    ),
    "chain of the session before": Case(
        "chain_behind_the_clock", [], [("2025-12-31", "2025-12-30")], [whole("SPX", "2025-12-30"), whole("SPY", LAST)]
    ),
    "newest chain refused": Case(
        "chain_behind_the_clock",
        [],
        [("2025-12-31", "2025-12-29")],
        [whole("SPX", "2025-12-29"), whole("SPX", LAST, reading="intraday")],
    ),
    "duplicate": Case("duplicate_bar", on("SPX", 1.0, 2.0) + on("SPX", 1.1), reported("SPX", MON)),
    "exact duplicate": Case("duplicate_bar", on("SPX", 1.0) * 2, reported("SPX", MON)),
    "high below close": Case("disordered_bar", on("SPY", (10.0, 10.5, 9.0, 11.0)), reported("SPY", MON)),
    "low above open": Case("disordered_bar", on("SPY", (9.0, 12.0, 9.5, 10.0)), reported("SPY", MON)),
    "high below low": Case("disordered_bar", on("SPY", (None, 9.0, 10.0, 9.5)), reported("SPY", MON)),
    "disordered below zero": Case("disordered_bar", on("CL=F", (-1.0, -2.0, -3.0, -2.5)), reported("CL=F", MON)),
    "holiday": Case("holiday_bar", [bar("SPX", "2025-11-27", 1.0)], reported("SPX", "2025-11-27")),
    "weekend": Case("holiday_bar", [bar("SPX", "2025-11-22", 1.0)], reported("SPX", "2025-11-22")),
    "no close": Case("impossible_price", on("SPX", (1.0, 1.0, 1.0, None)), reported("SPX", MON)),  # type: ignore[arg-type]
    "close of zero": Case("impossible_price", on("SPX", 1.0, 0.0), reported("SPX", TUE)),
    "negative low": Case("impossible_price", on("BTC-USD", (1.0, 1.0, -1.0, 1.0)), reported("BTC-USD", MON)),
    "negative open": Case("impossible_price", on("SPY", (-1.0, 1.0, 1.0, 1.0)), reported("SPY", MON)),
    "infinite close": Case("impossible_price", on("SPX", INFINITE), reported("SPX", MON)),
    "infinite high": Case("impossible_price", on("SPX", (1.0, INFINITE, 1.0, 1.0)), reported("SPX", MON)),
    "infinite yield": Case("impossible_price", on("TNX", -INFINITE), reported("TNX", MON)),
    "adjusted close of zero": Case("impossible_price", on("SPY", 1.0, adj_close=0.0), reported("SPY", MON)),
    "negative volume": Case("impossible_price", on("SPY", 1.0, volume=-1.0), reported("SPY", MON)),
    "negative dividend": Case("impossible_price", on("SPY", 1.0, dividend=-0.1), reported("SPY", MON)),
    "split of zero": Case("impossible_price", on("SPY", 1.0, split=0.0), reported("SPY", MON)),
    "infinite volume": Case("impossible_price", on("SPY", 1.0, volume=INFINITE), reported("SPY", MON)),
    "slipped high": Case("implausible_range", on("SPX", (1.0, 1.26, 1.0, 1.0)), reported("SPX", MON)),
    "slipped low": Case("implausible_range", on("SPY", (1.0, 1.0, 0.39, 1.0)), reported("SPY", MON)),
    "slipped low of a future": Case("implausible_range", on("GC=F", (1.0, 1.0, 0.1, 1.0)), reported("GC=F", MON)),
    "false split": Case("unconfirmed_jump", on("SPY", 10.0, 50.3), reported("SPY", TUE)),
    "false reverse split": Case("unconfirmed_jump", on("SPY", 50.0, 10.0, 10.1), reported("SPY", TUE)),
    "index jump": Case("unconfirmed_jump", on("SPX", 100.0, 100.0, 126.0), reported("SPX", WED)),
    "currency jump": Case("unconfirmed_jump", on("EURUSD=X", 1.0, 1.21), reported("EURUSD=X", TUE)),
    "bitcoin jump": Case("unconfirmed_jump", on("BTC-USD", 1.0, 0.39), reported("BTC-USD", TUE)),
    "future below zero": Case("unconfirmed_jump", on("GC=F", 18.0, -38.0), reported("GC=F", TUE)),
    "another day than confirmed": Case("unconfirmed_jump", on("CL=F", 18.0, -38.0), reported("CL=F", TUE)),
    "fund that was split": Case("unconfirmed_jump", on("FCNTX", 15.0, 10.0), reported("FCNTX", TUE)),
    "fund that fell by more than it paid": Case(
        "unconfirmed_jump", [*on("FCNTX", 10.0), bar("FCNTX", TUE, 6.0, dividend=1.0)], reported("FCNTX", TUE)
    ),
    "payment with a slipped decimal": Case(
        "unconfirmed_jump", [*on("SPY", 10.0), bar("SPY", TUE, 9.9, dividend=5.0)], reported("SPY", TUE)
    ),
    "slipped low of a fund": Case("implausible_range", on("FCNTX", (1.0, 1.0, 0.1, 1.0)), reported("FCNTX", MON)),
    "holiday of a fund": Case("holiday_bar", [bar("FCNTX", "2025-11-27", 1.0)], reported("FCNTX", "2025-11-27")),
    "fund below the value it closed at": Case(
        "disordered_bar", on("FCNTX", (10.0, 10.0, 10.0, 11.0)), reported("FCNTX", MON)
    ),
    "missing session of a fund": Case("missing_bar", bars("FCNTX", [MON, WED], [1.0, 1.0]), reported("FCNTX", WED)),
    "sixth equal value of a fund": Case(
        "stale_bar", on("FCNTX", *[(9.0, 9.0, 9.0, 9.0)] * 7), reported("FCNTX", *DAYS[5:7])
    ),
    "required instruments behind a fund": Case(
        "required_instrument_missing",
        on("SPX", 1.0, 1.0) + on("FCNTX", 1.0, 1.0),
        reported("VIX", TUE),
    ),
    "third repeat": Case("stale_bar", on("SPX", *[REPEATED] * 4), reported("SPX", WED, THU)),
    "missing session": Case("missing_bar", bars("SPX", [MON, THU], [1.0, 1.0]), reported("SPX", TUE, WED)),
    "missing session of a volatility index": Case(
        "missing_bar", bars("VVIX", [MON, WED], [1.0, 1.0]), reported("VVIX", TUE)
    ),
    "required instrument absent": Case("required_instrument_missing", on("SPX", 1.0), reported("VIX", MON)),
    "required instrument a session behind": Case(
        "required_instrument_missing", on("SPX", 1.0) + on("VIX", 1.0, 1.0), reported("SPX", TUE)
    ),
    "required instruments behind an ETF": Case(
        "required_instrument_missing",
        on("SPX", 1.0) + on("VIX", 1.0) + on("SPY", 1.0, 1.0),
        [*reported("SPX", TUE), *reported("VIX", TUE)],
    ),
    "nothing at all": Case("required_instrument_missing", [], [("SPX", "None"), ("VIX", "None")]),
    "no bar for the newest session": Case(
        "behind_the_clock", [bar("SPX", "2025-12-30", 1.0)], [("2025-12-31", "2025-12-30")]
    ),
    "no bar but a fund's": Case(
        "behind_the_clock",
        [bar("SPX", "2025-12-29", 1.0), bar("FCNTX", "2025-12-30", 1.0)],
        [("2025-12-31", "2025-12-29")],
    ),
    "no bar but Bitcoin's": Case(
        "behind_the_clock",
        [bar("SPX", "2025-12-29", 1.0), bar("BTC-USD", "2025-12-30", 1.0)],
        [("2025-12-31", "2025-12-29")],
    ),
    "a basket that is not listed": Case(
        "contradictory_basket_member",
        [],
        [("any", "A")],
        baskets=[("any", "A", "equal_daily", "2025-01-02", None)],
    ),
    "two weight rules": Case(
        "contradictory_basket_member",
        [],
        [("quantum", "A"), ("quantum", "B")],
        baskets=[
            ("quantum", "A", "equal_daily", "2025-01-02", None),
            ("quantum", "B", "equal_monthly", "2025-01-02", None),
        ],
    ),
    "ends when it begins": Case(
        "contradictory_basket_member",
        [],
        [("quantum", "A")],
        baskets=[("quantum", "A", "equal_daily", "2025-01-02", "2025-01-02")],
    ),
    "belongs twice": Case(
        "contradictory_basket_member",
        [],
        [("quantum", "A")],
        baskets=[
            ("quantum", "A", "equal_daily", "2025-01-02", "2025-03-03"),
            ("quantum", "A", "equal_daily", "2025-03-02", None),
        ],
    ),
    "dated two sessions after its shoulder": Case(
        "unseen_pattern",
        [],
        [("63", "2025-11-19")],
        patterns=[("2025-11-19", "2025-11-17", "2025-11-19")],
    ),
    "dated to a session without a pattern": Case(
        "unseen_pattern",
        [],
        [("63", "2025-11-21")],
        patterns=[("2025-11-21", "2025-11-17", "2025-11-20")],
    ),
    "dated to an earlier shoulder's": Case(
        "unseen_pattern",
        [],
        [("63", "2025-11-21")],
        patterns=[("2025-11-20", "2025-11-14", "2025-11-20"), ("2025-11-21", "2025-11-17", "2025-11-20")],
    ),
    "dated later than its session": Case(
        "unseen_pattern",
        [],
        [("63", "2025-11-20")],
        patterns=[("2025-11-20", "2025-11-17", "2025-11-21"), ("2025-11-21", "2025-11-17", "2025-11-21")],
    ),
    "vanished": Case("vanished_symbol", on("SPX", *[1.0] * 7) + on("NDX", 1.0), reported("NDX", MON)),
}
PASSING = {
    "shares not told, published that day, worthless, in another filing too": Case(
        "impossible_position",
        [],
        holdings=[("F", "A", 1e13, None, str(MON.date())), ("G", "A", 0.0, 0.0, "2025-09-30")],
    ),
    "ordinary chain": Case("impossible_quote", [], chains=[whole("IWM", FRI)]),
    "no bid": possible("bid", 0.0),
    "no quotes": Case("impossible_quote", [], chains=[one_contract(lambda c: c.assign(bid=None, ask=None, last=None))]),
    "no volatility": possible("iv", 0.0),
    "volatility of 50": possible("iv", 50.0),
    "delta of one": possible("delta", -1.0),
    "expired in the week": possible("expiry", FRI - pd.Timedelta(days=7)),
    "no spot": Case("impossible_quote", [], chains=[snapshot(FRI, [100.0], {"IWM": ["2025-12-19"]}, stated_spot=None)]),
    "contracts that differ in one thing": Case(
        "duplicate_contract",
        [],
        chains=[snapshot(FRI, [95.0, 100.0], {"SPX": ["2025-12-19"], "SPXW": ["2025-12-19", "2025-12-20"]})],
    ),
    "the same contract at two times": Case(
        "duplicate_contract", [], chains=[hundred(), snapshot(THU, [100.0], {"IWM": ["2025-12-19"]})]
    ),
    "no sensitivities": Case(
        "incomplete_greeks", [], chains=[hundred(lambda c: c.assign(iv=None, delta=None, gamma=None))]
    ),
    "zeros for sensitivities": Case(
        "incomplete_greeks", [], chains=[hundred(partial(replaced, column="iv", first=9, value=0.0))]
    ),
    "one of 100 crossed": Case(
        "crossed_quotes", [], chains=[hundred(partial(replaced, column="bid", first=1, value=99.0))]
    ),
    "bids without asks": Case("crossed_quotes", [], chains=[hundred(lambda c: c.assign(ask=0.0))]),
    "open interest not stated for 5 of 100": Case(
        "no_open_interest", [], chains=[hundred(partial(replaced, column="open_interest", first=5, value=None))]
    ),
    "one contract open": Case(
        "no_open_interest", [], chains=[hundred(partial(replaced, column="open_interest", first=99, value=0.0))]
    ),
    "used and superseded chains": Case(
        "refused_chain", [], chains=[whole("IWM", FRI), whole("IWM", FRI, source="yahoo"), whole("IWM", THU)]
    ),
    "chain of the newest session": Case("chain_behind_the_clock", [], chains=[whole("SPX", LAST)]),
    "no chains at all": Case("chain_behind_the_clock", []),
    "two sources": Case("duplicate_bar", on("SPX", 1.0, source="a") + on("SPX", 1.0, source="b")),
    "two symbols": Case("duplicate_bar", on("SPX", 1.0) + on("SPY", 1.0)),
    "rounded": Case("disordered_bar", on("SPY", (10.0, 10.0, 9.0, 10.000009), (10.0, 11.0, 10.0, 9.999991))),
    "close only": Case("disordered_bar", on("SPY", 1.0)),
    "ordered below zero": Case("disordered_bar", on("CL=F", (-1.0, -1.0, -3.0, -3.0), (-2.0, -2.0, -2.0, -2.0))),
    "session": Case("holiday_bar", on("SPX", 1.0)),
    "half day": Case("holiday_bar", [bar("SPX", "2025-11-28", 1.0)]),
    "weekend of Bitcoin": Case("holiday_bar", [bar("BTC-USD", "2025-11-22", 1.0)]),
    "holiday of the exchange alone": Case("holiday_bar", [bar("TNX", "2025-11-27", 4.0)]),
    "before the calendar begins": Case("holiday_bar", [bar("SPX", "1989-12-30", 1.0)]),
    "session to come": Case("holiday_bar", [bar("SPX", "2026-01-02", 1.0)]),
    "ordinary bar": Case("impossible_price", on("SPX", (1.0, 2.0, 0.5, 1.5), adj_close=0.1)),
    "oil below zero": Case("impossible_price", on("CL=F", (17.0, 17.5, -40.0, -37.6))),
    "yield of zero": Case("impossible_price", on("IRX", 0.0, -0.1)),
    "nothing traded": Case("impossible_price", on("SPY", 1.0, volume=0.0, dividend=0.0, split=1.0)),
    "wide day": Case("implausible_range", on("SPX", (1.0, 1.24, 0.76, 1.0))),
    "wide opening of VIX": Case("implausible_range", on("VIX", (20.0, 65.7, 20.0, 38.6))),
    "close alone": Case("implausible_range", on("SPX", 1.0)),
    "confirmed day": Case("implausible_range", [bar("CL=F", "2020-04-20", (17.0, 40.0, 17.0, 17.0))]),
    "panic of VIX": Case("unconfirmed_jump", on("VIX", 17.0, 37.0)),
    "crash of an index": Case("unconfirmed_jump", on("SPX", 282.0, 224.0)),
    "confirmed": Case(
        "unconfirmed_jump", bars("CL=F", ["2020-04-17", "2020-04-20", "2020-04-21"], [18.3, -37.6, 10.0])
    ),
    "crash of a fund": Case("unconfirmed_jump", on("FCNTX", 100.0, 76.0)),
    "gains that a fund paid out": Case("unconfirmed_jump", [*on("FCNTX", 10.0), bar("FCNTX", TUE, 6.0, dividend=3.8)]),
    "sources that differ": Case(
        "unconfirmed_jump", on("SPY", 10.0, source="a") + bars("SPY", [TUE], [50.0], source="b")
    ),
    "one repeat": Case("stale_bar", on("SPX", REPEATED, REPEATED, (10.0, 12.0, 8.0, 11.1), REPEATED)),
    "five equal values of a fund": Case("stale_bar", on("FCNTX", *[(9.0, 9.0, 9.0, 9.0)] * 5, 9.01, 9.0)),
    "value of a fund": Case("implausible_range", on("FCNTX", (9.0, 9.0, 9.0, 9.0), 9.1)),
    "values of a fund": Case("missing_bar", on("FCNTX", 1.0, 1.0, 1.0)),
    "volatility index at rest": Case("stale_bar", on("VIX", *[REPEATED] * 4)),
    "one price all day": Case("stale_bar", on("SPX", *[(1.0, 1.0, 1.0, 1.0)] * 4)),
    "the same bar from three sources": Case(
        "stale_bar", [one for source in "abc" for one in on("SPX", REPEATED, source=source)]
    ),
    "every session": Case("missing_bar", bars("SPX", sessions("2025-11-24", 5), [1.0] * 5)),
    "starts later": Case("missing_bar", on("SPX", 1.0, 1.0, 1.0) + bars("SPY", [WED], [1.0])),
    "holes of a market with its own holidays": Case("missing_bar", bars("TNX", [MON, THU], [4.0, 4.0])),
    "a fund's value of the session before": Case(
        "required_instrument_missing", on("SPX", 1.0, 1.0) + on("VIX", 1.0, 1.0) + on("FCNTX", 1.0)
    ),
    "all required there": Case("required_instrument_missing", on("SPX", 1.0, 1.0) + on("VIX", 1.0, 1.0)),
    "Bitcoin ahead": Case("required_instrument_missing", on("SPX", 1.0) + on("VIX", 1.0) + on("BTC-USD", 1.0, 1.0)),
    "an ETF behind": Case("required_instrument_missing", on("SPX", 1.0, 1.0) + on("VIX", 1.0, 1.0) + on("SPY", 1.0)),
    "newest session there": Case("behind_the_clock", [bar("SPY", "2025-12-31", 1.0), bar("SPX", "2025-12-30", 1.0)]),
    "four of five members": Case(
        "members_without_bars", on("SPX", 1.0) + [b for name in "ABCD" for b in on(name, 1.0)], members="ABCDE"
    ),
    "five sessions behind": Case("vanished_symbol", on("SPX", *[1.0] * 6) + on("NDX", 1.0)),
    "belongs again": Case(
        "contradictory_basket_member",
        [],
        baskets=[
            ("quantum", "A", "equal_daily", "2025-01-02", "2025-03-03"),
            ("quantum", "A", "equal_daily", "2025-03-03", None),
            ("nuclear", "A", "equal_monthly", "2025-01-02", None),
        ],
    ),
    "seen three sessions after its shoulder": Case(
        "unseen_pattern",
        [],
        patterns=[
            ("2025-11-20", "2025-11-17", "2025-11-20"),
            ("2025-11-24", "2025-11-17", "2025-11-20"),
            ("2025-11-25", "2025-11-14", "2025-11-20"),
        ],
    ),
    "Bitcoin behind": Case("vanished_symbol", on("SPX", *[1.0] * 8) + on("BTC-USD", 1.0)),
}


def found(case: Case) -> list[tuple[object, ...]]:
    """The first two columns, mostly symbol and day, of the rows that the audit returns."""
    [of] = {name for name, table in tables().items() if case.audit in table.audits}
    given = {"reference.instruments": with_a_fund()}
    if case.chains:
        given["raw.option_chains"] = rows(*case.chains)
    if case.baskets:
        given["reference.basket_members"] = in_baskets(*case.baskets)
    if case.patterns:
        given["indicators.head_shoulders"] = shown(*case.patterns)
    if case.holdings:
        given["raw.holdings"] = filed(*case.holdings)
    if case.members:
        given["raw.index_members"] = listed(case.members)
    query, path = tables()[of].audits[case.audit], tables()[of].path
    # Of raw rows no more is made than the audit reads, as some of what it reports never gets further.
    until = (of, *tables_in(path, parse(path, query)), "reference.sessions")
    connection = build(case.rows, until, given=given)
    found_rows = rows_of(connection, query)
    return sorted((str(row[0]), str(row[1])) for row in found_rows)


@pytest.mark.parametrize("case", FAILING.values(), ids=[f"{of.audit}: {name}" for name, of in FAILING.items()])
def test_an_audit_reports(case: Case) -> None:
    assert case.reported
    assert found(case) == case.reported


@pytest.mark.parametrize("case", PASSING.values(), ids=[f"{of.audit}: {name}" for name, of in PASSING.items()])
def test_an_audit_lets_pass(case: Case) -> None:
    assert found(case) == []


def test_every_audit_has_a_failing_and_a_passing_example() -> None:
    named = {name for table in tables().values() for name in table.audits}
    assert {case.audit for case in FAILING.values()} == named
    assert {case.audit for case in PASSING.values()} == named


def test_a_price_that_is_not_a_number_is_impossible() -> None:
    connection = build(on("SPX", 1.0, 1.0), "staging.prices")
    connection.execute("update raw.prices set close = 'nan'::double where date = ?", (TUE.date(),))
    query = tables()["raw.prices"].audits["impossible_price"]
    assert [str(day) for _, day, *_ in rows_of(connection, query)] == ["2025-11-18"]


def test_the_audit_of_vanished_symbols_counts_sessions() -> None:
    query = tables()["staging.prices"].audits["vanished_symbol"]
    connection = build(bars("SPX", DAYS, [1.0] * 8) + on("NDX", 1.0, 1.0), "staging.prices")
    assert rows_of(connection, query) == [("NDX", TUE.date(), 6)]


WITHHELD = [REPEATED, REPEATED, (5.0, 5.0, 5.0, 5.0), REPEATED, REPEATED, REPEATED, (10.0, 10.5, 9.0, 11.0), REPEATED]


def test_staging_withholds_exactly_what_the_audits_report() -> None:
    connection = build(bars("SPX", DAYS, WITHHELD), "staging.prices")
    audits = tables()["raw.prices"].audits
    stale = rows_of(connection, f"select date from ({audits['stale_bar']}) order by all")
    kept = {session for (session,) in rows_of(connection, "select session from staging.prices")}
    assert stale == [(day.date(),) for day in DAYS if day.date() not in kept] == [(DAYS[5].date(),)]
    disordered = rows_of(connection, f"select date from ({audits['disordered_bar']}) order by all")
    flagged = rows_of(connection, "select session from staging.prices where quality_flag = 'disordered' order by all")
    assert flagged == disordered == [(DAYS[6].date(),)]
