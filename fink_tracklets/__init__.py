"""Finds the glints of satellites and space debris in astronomical alert streams."""

from fink_tracklets.finder import find_tracklets
from fink_tracklets.survey import load_survey

__version__ = "0.1.0"
__all__ = ["find_tracklets", "load_survey"]
