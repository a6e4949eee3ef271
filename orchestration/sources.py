"""Which adapter stands behind each port, by profile, and what time it is there."""

import os
from datetime import UTC, datetime

from assets.inputs import Sources
from assets.sources.cboe import CboeChains
from assets.sources.chain_files import FileChains
from assets.sources.combined_series import CombinedSeries
from assets.sources.datahub import DatahubMembers
from assets.sources.edgar_holdings import EdgarHoldings
from assets.sources.fallback_chains import FallbackChains
from assets.sources.file_holdings import FileHoldings
from assets.sources.file_members import FileMembers
from assets.sources.file_series import FileSeries
from assets.sources.files import FilePrices
from assets.sources.fred import FredSeries
from assets.sources.ofr import OfrSeries
from assets.sources.simulated import CLOCK, SimulatedPrices
from assets.sources.simulated_chains import SimulatedChains
from assets.sources.simulated_holdings import SimulatedHoldings
from assets.sources.simulated_members import SimulatedMembers
from assets.sources.simulated_series import SimulatedSeries
from assets.sources.yahoo import YahooPrices
from assets.sources.yahoo_chains import YahooChains
from orchestration.settings import Settings, SettingsError


def clock(settings: Settings) -> datetime:
    """The run's time: the as-of time, the simulated market's last moment, or now.

    Raises:
        SettingsError: If the as-of time lies ahead of the profile's own clock.
    """
    now = CLOCK if settings.simulated else datetime.now(UTC)
    if settings.as_of is None:
        return now
    if settings.as_of > now:
        raise SettingsError(
            f"UNDERTOW_AS_OF={settings.as_of.isoformat()}: lies after {now.isoformat()}, the clock here"
        )
    return settings.as_of


def sources(settings: Settings, now: datetime) -> Sources:
    """The profile's adapters."""
    # Where edgartools, which makes a folder when it is loaded, makes it; by default in the user's home.
    os.environ.setdefault("EDGAR_LOCAL_DATA_DIR", str(settings.main_home / "edgartools"))
    match settings.profile:
        case "demo":
            return Sources(
                prices=SimulatedPrices(),
                chains=SimulatedChains(),
                series=SimulatedSeries(),
                members=SimulatedMembers(),
                holdings=SimulatedHoldings(),
            )
        case "files":
            if settings.files is None:
                raise SettingsError("UNDERTOW_FILES: the files profile needs an existing folder")
            folder = settings.files
            return Sources(
                prices=FilePrices(folder),
                chains=FileChains(folder),
                series=FileSeries(folder),
                members=FileMembers(folder),
                holdings=FileHoldings(folder),
            )
        case "live":
            return Sources(
                prices=YahooPrices(now=now, cache=settings.main_home / "yahoo"),
                chains=FallbackChains(CboeChains(), YahooChains(now=now, cache=settings.main_home / "yahoo")),
                series=CombinedSeries((FredSeries(), OfrSeries())),
                members=DatahubMembers(now=now),
                holdings=EdgarHoldings(now=now, identity=settings.sec_identity),
            )
