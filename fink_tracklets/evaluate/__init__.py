"""Found tracklets against the truth: how many are missed, and how many invented."""

from fink_tracklets.evaluate.compare import Score, compare
from fink_tracklets.evaluate.night import Evaluation, evaluate, evaluate_nights
from fink_tracklets.evaluate.short import ShortTracks, compare_short
from fink_tracklets.evaluate.summary import Rate, Summary, summarize

__all__ = [
    "Evaluation",
    "Rate",
    "Score",
    "ShortTracks",
    "Summary",
    "compare",
    "compare_short",
    "evaluate",
    "evaluate_nights",
    "summarize",
]
