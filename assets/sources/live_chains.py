"""What live option-chain sources have in common: they show the present chain alone."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date

from assets.sources.errors import Failure, SourceError
from assets.sources.option_chains import Snapshot, Underlying
from assets.sources.reach import GIVE_UP_AFTER, OutOfReachError


def present_snapshots(
    source: str,
    read: Callable[[Underlying], Snapshot],
    underlyings: Sequence[Underlying],
    known: Collection[str],
    sessions: Collection[date] | None,
) -> Iterator[Snapshot | Failure]:
    """Ask for one underlying after the other, as the port `ChainSource` says.

    Args:
        source: The source's name.
        read: Asks for the present chain of one underlying; raises SourceError.
        underlyings: As in the port.
        known: As in the port.
        sessions: As in the port.

    Yields:
        A snapshot, or a failure where there is none or it is of another session than asked for. After
        `GIVE_UP_AFTER` underlyings in a row out of reach, the rest are failures without being asked for.
    """
    unreached = 0
    for underlying in underlyings:
        if unreached == GIVE_UP_AFTER:
            reason = f"{source} {underlying.symbol}: not asked for, the {unreached} before it were out of reach"
            yield Failure(underlying.symbol, reason)
            continue
        try:
            snapshot = read(underlying)
            session = snapshot.session
        except SourceError as error:
            unreached = unreached + 1 if isinstance(error, OutOfReachError) else 0
            yield Failure(underlying.symbol, str(error))
            continue
        unreached = 0
        if sessions is not None and session not in sessions:
            reason = f"{source} {underlying.symbol}: publishes no history, now has the session {session}"
            yield Failure(underlying.symbol, reason)
        elif snapshot.snapshot_id not in known:
            yield snapshot
