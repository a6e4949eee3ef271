"""What the code that fills a table is given, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from assets.sources.errors import Failure
from assets.sources.holdings import HoldingSource
from assets.sources.members import MemberSource
from assets.sources.option_chains import ChainSource
from assets.sources.prices import PriceSource
from assets.sources.series import SeriesSource


@dataclass(frozen=True)
class Sources:
    """The profile's adapters, one per port."""

    prices: PriceSource
    chains: ChainSource
    series: SeriesSource
    members: MemberSource
    holdings: HoldingSource


@dataclass(frozen=True)
class Inputs:
    """What a table's `fill(inputs)` may use.

    Attributes:
        query: Runs a `SELECT` on the tables that the header lists under `reads`, and on no others.
        sources: The profile's sources.
        now: The run's clock, timezone-aware: nothing that became known later may be used.
        simulated: Whether the sources are the simulated market.
        sessions: The partitions that the run was asked for; None for whatever is new.
    """

    query: Callable[[str], pd.DataFrame]
    sources: Sources
    now: datetime
    simulated: bool
    sessions: frozenset[date] | None = None


@dataclass(frozen=True)
class Filled:
    """A table's rows, and the parts that could not be delivered; a large table's come in several of these.

    Attributes:
        rows: The rows; a frame without columns for none.
        failures: What could not be delivered.
    """

    rows: pd.DataFrame
    failures: tuple[Failure, ...] = ()
