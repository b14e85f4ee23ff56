"""Finds tracklets among the candidates of exposures: `find_tracklets`. Knows arrays, no Spark."""

from fink_tracklets.finder.find import find_tracklets

__all__ = ["find_tracklets"]
