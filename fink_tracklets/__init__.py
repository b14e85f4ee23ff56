"""Finds the glints of satellites and space debris in astronomical alert streams."""

__version__ = "0.1.0"

from fink_tracklets.downstream import with_tracklets, without_tracklets
from fink_tracklets.finder import find_tracklets
from fink_tracklets.survey import load_survey

__all__ = ["find_tracklets", "load_survey", "with_tracklets", "without_tracklets"]
