"""Fills raw.series from the profile's series source."""

import pandas as pd

from assets.inputs import Filled, Inputs
from assets.sources.availability import RELEASES
from assets.sources.errors import Failure, SourceError
from assets.sources.series import ListedSeries

# Numbers of each series fetched again behind the newest stored one, to notice what the publisher restated.
OVERLAP = 10


def fill(inputs: Inputs) -> Filled:
    """The source's numbers with the time each became known, columns as in sql/raw/series.sql.

    A number on a date that the publication rule's calendar does not reach makes its series a failure.

    Raises:
        SourceError: If a series' release has no rule.
    """
    listed = inputs.query("select series_id, coalesce(fred_id, '') as fred_id, release from reference.series_catalog")
    releases = dict(zip(listed["series_id"], listed["release"], strict=True))
    for series_id, release in releases.items():
        if release not in RELEASES:
            reason = f"release {release!r} has no publication rule; there are {', '.join(RELEASES)}"
            raise SourceError("reference.series_catalog", reason, series_id)
    known = inputs.query(
        f"""
        select series_id, series_date as date, series_value as value
        from raw.series
        qualify dense_rank() over (partition by series_id order by series_date desc) <= {OVERLAP}
            and row_number() over (partition by series_id, series_date, source order by observed_at desc) = 1
        """
    )
    wanted = [ListedSeries(*row) for row in listed[["series_id", "fred_id"]].itertuples(index=False)]
    delivery = inputs.sources.series.series(wanted, known)
    frames: list[pd.DataFrame] = []
    failures = list(delivery.failures)
    for series_id, rows in delivery.rows.groupby("series_id", sort=False):
        try:
            available_at = RELEASES[releases[series_id]](pd.DatetimeIndex(rows["date"]))
        except SourceError as error:
            failures.append(Failure(str(series_id), str(error)))
            continue
        frames.append(rows.assign(available_at=available_at))
    rows = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    return Filled(rows.rename(columns={"date": "series_date", "value": "series_value"}), tuple(failures))
