"""What the simulated market's cohorts of investors hold."""

from collections.abc import Mapping

# Percentage points of each cohort's equities against the index, by GICS sector; none elsewhere.
TILTS: Mapping[str, Mapping[str, float]] = {
    "hedge_funds": {"Information Technology": -6.0, "Health Care": 4.0, "Financials": 2.0},
    "mutual_funds": {"Information Technology": -4.0, "Health Care": 3.0, "Industrials": 1.0},
}
