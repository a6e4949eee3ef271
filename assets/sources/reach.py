"""When a source is out of reach, and from when on asking it for more has no point."""

from assets.sources.errors import SourceError

# Sources limit by address, not by symbol: what three in a row ran into, the others would too.
GIVE_UP_AFTER = 3


class OutOfReachError(SourceError):
    """A source refused, or did not answer, until the attempts were used up."""
