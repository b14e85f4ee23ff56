"""Finds the glints of satellites and space debris in astronomical alert streams."""

from typing import TYPE_CHECKING, Any

from fink_tracklets.finder import find_tracklets
from fink_tracklets.survey import load_survey
from fink_tracklets.version import __version__

if TYPE_CHECKING:
    from fink_tracklets.downstream import with_tracklets, without_tracklets

__all__ = ["__version__", "find_tracklets", "load_survey", "with_tracklets", "without_tracklets"]


def __getattr__(name: str) -> Any:
    """What needs Spark is imported when it is asked for."""
    if name in ("with_tracklets", "without_tracklets"):
        from fink_tracklets import downstream

        return getattr(downstream, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
