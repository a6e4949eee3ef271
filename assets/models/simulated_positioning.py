"""What the simulated market's cohorts of investors hold."""

from collections.abc import Mapping

# Percentage points of each cohort's equities against the index, by GICS sector; none elsewhere.
TILTS: Mapping[str, Mapping[str, float]] = {
    "hedge_funds": {"Information Technology": -6.0, "Health Care": 4.0, "Financials": 2.0},
    "mutual_funds": {"Information Technology": -4.0, "Health Care": 3.0, "Industrials": 1.0},
}
# The funds of each cohort, and the share of their value in equities where that is not all.
FUNDS: Mapping[str, str] = {
    **dict.fromkeys(("GVIP", "QLEIX", "GURU"), "hedge_funds"),
    **dict.fromkeys(
        ("AGTHX", "FCNTX", "AIVSX", "VPMAX", "TRBCX", "DODGX", "VWUSX", "PRGFX", "FMAGX", "OAKMX"), "mutual_funds"
    ),
}
EXPOSURE: Mapping[str, float] = {"QLEIX": 0.5}
SECTOR_FUNDS: Mapping[str, str] = {
    "Information Technology": "XLK",
    "Health Care": "XLV",
    "Financials": "XLF",
    "Industrials": "XLI",
}
UNIT = "% points of the cohort's equities, against the index"


def tilt_of(fund: str) -> Mapping[str, float]:
    """What a fund holds of each sector fund beyond the index, as a share of its equities; nothing for any other."""
    tilts = TILTS.get(FUNDS.get(fund, ""), {})
    return {SECTOR_FUNDS[sector]: points / 100 for sector, points in tilts.items()}


def variable(cohort: str, sector: str) -> str:
    """The name of a tilt among the simulated market's true values, and on the scoreboard."""
    return f"active_{cohort}_{sector.lower().replace(' ', '_')}"
