"""Fills raw.holdings from the profile's source of filings, some filings at a time."""

from collections.abc import Iterator

import pandas as pd

from assets.inputs import Filled, Inputs
from assets.sources.errors import Failure
from assets.sources.holdings import Filing, Holder

# Positions that are staged and checked together.
BATCH_POSITIONS = 100_000


def fill(inputs: Inputs) -> Iterator[Filled]:
    """The filings that are not stored yet, columns as in sql/raw/holdings.sql.

    What says something else than a stored filing of the same holder, date and time of publication is a correction by
    whoever made the file, and was not known before now. A filing that is dated after the run, or that has no position,
    is a failure.
    """
    listed = inputs.query("select holder, form, cik, fund_series from reference.holders order by holder")
    holders = [
        Holder(holder, form, cik, None if pd.isna(series) else series)
        for holder, form, cik, series in listed.itertuples(index=False)
    ]
    stored = inputs.query("select distinct filing_id, holder, report_date, available_at from raw.holdings")
    keys = stored[["holder", "report_date", "available_at"]].itertuples(index=False)
    taken = {(holder, day.date(), known.to_pydatetime()) for holder, day, known in keys}
    frames: list[pd.DataFrame] = []
    failures: list[Failure] = []
    for found in inputs.sources.holdings.filings(holders, set(stored["filing_id"])):
        problem = found if isinstance(found, Failure) else _problem(found, inputs)
        if isinstance(found, Failure) or problem:
            failures += [problem] if problem else []
            continue
        is_correction = (found.holder, found.report_date, found.available_at) in taken
        known = inputs.now if is_correction else found.available_at
        frames.append(_rows(found).assign(available_at=pd.Timestamp(known).tz_convert("UTC")))
        if sum(map(len, frames)) >= BATCH_POSITIONS:
            yield Filled(pd.concat(frames, ignore_index=True))
            frames = []
    yield Filled(pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(), tuple(failures))


def _problem(filing: Filing, inputs: Inputs) -> Failure | None:
    where = f"{filing.source}: {filing.filing_id}, positions of {filing.report_date}"
    if filing.available_at > inputs.now:
        return Failure(filing.holder, f"{where}: published on {filing.available_at.date()}, after the run")
    if filing.positions.empty:
        return Failure(filing.holder, f"{where}: no long shares among {filing.left_out} rows")
    return None


def _rows(filing: Filing) -> pd.DataFrame:
    return filing.positions.assign(
        holder=filing.holder,
        cohort=filing.cohort,
        report_date=pd.Timestamp(filing.report_date),
        filing_id=filing.filing_id,
        adds=filing.adds,
        left_out=filing.left_out,
        source=filing.source,
    )
