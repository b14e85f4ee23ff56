"""The survey's cuts as Spark columns, and the funnel that they make."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from fink_tracklets.survey import Survey


def passed_cuts(survey: Survey) -> Column:
    """How many of the survey's cuts an alert passes in their order, before the first it fails.

    A predicate that is null rejects.
    """
    later_first = reversed(list(enumerate(survey.cuts)))
    return reduce(
        lambda rest, cut: F.when(F.expr(cut[1].predicate), rest).otherwise(cut[0]),
        later_first,
        F.lit(len(survey.cuts)),
    )
