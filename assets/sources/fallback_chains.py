"""Two sources of option chains, the second for what the first could not deliver."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from assets.sources.errors import Failure
from assets.sources.option_chains import ChainSource, Snapshot, Underlying


@dataclass(frozen=True)
class FallbackChains:
    """An option-chain source that asks one source, and then another for the underlyings that failed there.

    Attributes:
        first: Asked for every underlying.
        second: Asked for those of which the first had a failure, once it is done.
    """

    first: ChainSource
    second: ChainSource

    def snapshots(
        self, underlyings: Sequence[Underlying], known: Collection[str], sessions: Collection[date] | None
    ) -> Iterator[Snapshot | Failure]:
        """Deliver as the port `ChainSource` says; a failure of both sources is one failure with both reasons."""
        failed: dict[str, list[str]] = {}
        symbols = {underlying.symbol for underlying in underlyings}
        for found in self.first.snapshots(underlyings, known, sessions):
            if isinstance(found, Failure) and found.symbol in symbols:
                failed.setdefault(found.symbol, []).append(found.reason)
            else:
                yield found
        if not failed:
            return
        again = [underlying for underlying in underlyings if underlying.symbol in failed]
        for found in self.second.snapshots(again, known, sessions):
            if isinstance(found, Failure) and found.symbol in failed:
                yield Failure(found.symbol, "; ".join([*failed[found.symbol], found.reason]))
            else:
                yield found
