"""Fills raw.option_chains from the profile's chain source, some snapshots at a time."""

from collections.abc import Iterator

import pandas as pd

from assets.inputs import Filled, Inputs
from assets.sources.errors import Failure, SourceError
from assets.sources.option_chains import Snapshot, Underlying

# Contracts that are staged and checked together.
BATCH_CONTRACTS = 200_000
_RENAMED = {"iv": "vendor_iv", "delta": "vendor_delta", "gamma": "vendor_gamma"}


def fill(inputs: Inputs) -> Iterator[Filled]:
    """The snapshots that are not stored yet, columns as in sql/raw/option_chains.sql.

    What corrects a reading that is stored already was not known before now.

    Raises:
        SourceError: If none of the sessions that the run was asked for could be delivered and none is stored.
    """
    stored = inputs.query("select distinct snapshot_id, underlying, session, reading from raw.option_chains")
    days = pd.DatetimeIndex(stored["session"]).date
    readings = set(zip(stored["underlying"], days, stored["reading"], strict=True))
    delivered = {session for _, session, _ in readings}
    frames: list[pd.DataFrame] = []
    failures: list[Failure] = []
    for found in inputs.sources.chains.snapshots(_underlyings(inputs), set(stored["snapshot_id"]), inputs.sessions):
        if isinstance(found, Failure):
            failures.append(found)
            continue
        try:
            key, known = (found.underlying, found.session, found.reading), found.available_at
        except SourceError as error:
            failures.append(Failure(found.underlying, f"{found.source}, quoted {found.quote_date}: {error}"))
            continue
        known = max(known, inputs.now) if key in readings else known
        frames.append(_rows(found).assign(available_at=pd.Timestamp(known)))
        delivered.add(found.session)
        if sum(map(len, frames)) >= BATCH_CONTRACTS:
            yield Filled(pd.concat(frames, ignore_index=True))
            frames = []
    missing = sorted((inputs.sessions or frozenset()) - delivered)
    failures += [Failure("*", f"no chain for session {day}") for day in missing]
    if missing and not (inputs.sessions or frozenset()) & delivered:
        raise SourceError("option chains", "; ".join(f"{failure.symbol}: {failure.reason}" for failure in failures))
    yield Filled(pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(), tuple(failures))


def _underlyings(inputs: Inputs) -> list[Underlying]:
    listed = inputs.query(
        """
        select r.underlying, i.class = 'index' as is_index, i.yahoo_symbol, list(r.root order by r.root) as roots
        from reference.option_roots as r
        inner join reference.instruments as i on r.underlying = i.symbol
        group by all
        order by all
        """
    )
    return [
        Underlying(str(row["underlying"]), tuple(row["roots"]), bool(row["is_index"]), str(row["yahoo_symbol"]))
        for row in listed.to_dict("records")
    ]


def _rows(snapshot: Snapshot) -> pd.DataFrame:
    return snapshot.contracts.rename(columns=_RENAMED).assign(
        session=pd.Timestamp(snapshot.session),
        underlying=snapshot.underlying,
        reading=snapshot.reading,
        snapshot_id=snapshot.snapshot_id,
        quote_date=pd.Timestamp(snapshot.quote_date),
        quote_at=pd.to_datetime(pd.Series([snapshot.quote_at]), utc=True).iloc[0],
        spot=snapshot.spot,
        source=snapshot.source,
    )
