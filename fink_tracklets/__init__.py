"""Finds the glints of satellites and space debris in astronomical alert streams."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fink_tracklets.finder import find_tracklets
from fink_tracklets.survey import load_survey
from fink_tracklets.version import __version__

if TYPE_CHECKING:
    from fink_tracklets.downstream import read_table, with_tracklets, without_tracklets
    from fink_tracklets.pipeline.run import run_night

__all__ = [
    "__version__",
    "find_tracklets",
    "load_survey",
    "read_table",
    "run_night",
    "with_tracklets",
    "without_tracklets",
]

NEED_SPARK = {
    "read_table": "fink_tracklets.downstream",
    "run_night": "fink_tracklets.pipeline.run",
    "with_tracklets": "fink_tracklets.downstream",
    "without_tracklets": "fink_tracklets.downstream",
}
"""What is imported only when it is asked for, and from where."""


def __getattr__(name: str) -> Any:
    if name in NEED_SPARK:
        return getattr(import_module(NEED_SPARK[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
