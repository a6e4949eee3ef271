"""What the axes of several pictures have in common."""

from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter


def date_concisely(axes: Axes) -> None:
    """Label the dates of the x axis without repeating what they share."""
    axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))  # type: ignore[no-untyped-call]  # matplotlib has no types here
