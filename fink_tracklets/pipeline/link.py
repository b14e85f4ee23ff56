"""Which task searches which exposure, and the tracklets that it finds, named."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from fink_tracklets.errors import UserError
from fink_tracklets.finder.find import search
from fink_tracklets.finder.short import find_short_tracks, find_straight_lines
from fink_tracklets.finder.straight import POINTS
from fink_tracklets.naming import (
    LINE_PREFIX,
    PREFIX,
    SHORT_PREFIX,
    exposure_second,
    tracklet_names,
)
from fink_tracklets.survey import Survey
from fink_tracklets.tables import TRACKLETS

MEASURED = tuple(
    column
    for column in TRACKLETS.columns
    if column.name not in ("tracklet", "exposure", "exposure_start", "jd")
)
MEMBER_DDL = ", ".join(
    [
        "exposure string, jd double, alert_id bigint, tracklet string, short_track string",
        "along_arcsec double, offset_arcsec double",
        *(f"{column.name} {column.type}" for column in MEASURED),
    ]
)
PANDAS_TYPES = {"string": "object", "double": "float64", "bigint": "Int64", "boolean": "boolean"}
MEMBER_TYPES = {
    name: PANDAS_TYPES[kind] for name, kind in (f.split() for f in MEMBER_DDL.split(", "))
}
"""Of the columns of `MEMBER_DDL`: Spark takes a column of nulls only in its own type."""
SEARCHED_COLUMNS = ("exposure", "jd", "alert_id", "ra", "dec", "detector", "x", "y", "mag")
"""Of the candidates, what `named_tracklets` needs."""
TASK_COST = 5e6
"""N^2 log2 N of the exposures of one task, about: 0.02 s where they are uniform, and some seconds
where they are crowds of artefacts, which nobody knows before; so tasks are small."""
MAX_TASKS = 4_000
DRIVER_COST = 10 * TASK_COST
"""A night of less work is searched in the driver: starting Spark's Python workers takes longer."""


def searched(counts: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """The exposures that can hold a tracklet or a short track and are not too crowded, and the cost
    of each search.

    Parameters
    ----------
    counts : one row per exposure, with exposure, jd and candidates
    """
    limits = survey.finder
    least = min(limits.min_points, POINTS)
    some = counts[counts["candidates"].between(least, limits.max_candidates)]
    some = some[some["exposure"].notna()]
    n = some["candidates"].to_numpy(float)
    return some.assign(cost=n**2 * np.log2(n))


def is_light(counts: pd.DataFrame, survey: Survey) -> bool:
    """Whether a night's search is so little work that the driver does it itself."""
    return float(searched(counts, survey)["cost"].sum()) <= DRIVER_COST


def task_of_exposure(counts: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """Which task searches which exposure, as columns exposure and task; none that cannot hold one.

    Exposures that share a second go together, as they share one numbering of their tracklets. The
    number of tasks comes from the work. The costliest are assigned first, each to the task with the
    least work until then, so that a heavy exposure is alone. What is found does not depend on it.

    Parameters
    ----------
    counts : one row per exposure, with jd and candidates
    """
    some = searched(counts, survey)
    second = exposure_second(some["jd"].to_numpy(float))
    by_second = some["cost"].groupby(second).sum().sort_values(ascending=False, kind="stable")
    tasks = int(np.clip(by_second.sum() / TASK_COST, 1, MAX_TASKS))
    least = [(0.0, task) for task in range(tasks)]
    assigned = {}
    for one, work in by_second.items():
        before, task = heapq.heappop(least)
        assigned[one] = task
        heapq.heappush(least, (before + work, task))
    numbers = [assigned[one] for one in second]
    return pd.DataFrame({"exposure": some["exposure"].to_numpy(), "task": numbers})


def link_candidates(candidates: DataFrame, task_of: pd.DataFrame, survey: Survey) -> DataFrame:
    """The alerts that belong to a tracklet, with its name and its measures (`MEMBER_DDL`); an
    exposure that was given up is a row that has nothing else.

    Parameters
    ----------
    task_of : see `task_of_exposure`
    """
    tasks = candidates.sparkSession.createDataFrame(task_of, "exposure string, task int")
    return (
        candidates.join(F.broadcast(tasks), "exposure")
        .select(*SEARCHED_COLUMNS, "task")
        .repartitionById(int(task_of["task"].max()) + 1 if len(task_of) else 1, "task")
        .select(*SEARCHED_COLUMNS)
        .mapInPandas(lambda frames: _linked(frames, survey), MEMBER_DDL)
    )


@contextmanager
def deaths_named(task_of: pd.DataFrame, counts: pd.DataFrame) -> Iterator[None]:
    """Where a search ends its Python worker, as one for memory does: which exposure it was.

    Parameters
    ----------
    task_of : see `task_of_exposure`; a task is the partition of its number
    counts : exposure and candidates
    """
    try:
        yield
    except (PySparkException, Py4JError) as error:
        dead = re.search(r"Task (\d+) in stage .*Python worker exited", str(error), re.DOTALL)
        if dead is None:
            raise
        there = counts.merge(task_of[task_of["task"] == int(dead[1])], on="exposure")
        largest = there.sort_values("candidates", ascending=False).iloc[0]
        others = f" or one of {len(there) - 1} smaller ones" if len(there) > 1 else ""
        raise UserError(
            f"The search of the exposure {largest['exposure']} ({largest['candidates']:,} "
            f"candidates){others} ended its Python worker, most likely for memory: give the "
            "executors more, or the survey a smaller max_candidates."
        ) from error


def _linked(frames: Iterator[pd.DataFrame], survey: Survey) -> Iterator[pd.DataFrame]:
    """`named_tracklets` of all that a task got."""
    parts = [frame for frame in frames if len(frame)]
    if parts:
        yield named_tracklets(pd.concat(parts, ignore_index=True), survey)


def named_tracklets(frame: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """`find_tracklets` with the tracklets' names and magnitudes, in the columns of `MEMBER_DDL`;
    then the short tracks, and the exposures that were given up.

    Parameters
    ----------
    frame : candidates, with jd [exposure start, UTC] and mag; all exposures of a second together
    """
    found, given_up = search(frame, survey)
    left = frame[~frame["exposure"].isin(given_up)]
    parts = [
        _named(found, frame, "tracklet", PREFIX),
        named_short(left, found["alert_id"], survey),
    ]
    if given_up:
        parts.append(_typed(pd.DataFrame({"exposure": given_up}, dtype=object)))
    full = [part for part in parts if len(part)]
    return pd.concat(full, ignore_index=True) if full else parts[0]


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of `MEMBER_DDL` in their types, those that the frame lacks null."""
    return frame.reindex(columns=list(MEMBER_TYPES)).astype(MEMBER_TYPES)


def named_short(frame: pd.DataFrame, members: pd.Series, survey: Survey) -> pd.DataFrame:
    """`find_short_tracks` and `find_straight_lines` with names, in the columns of `MEMBER_DDL`.

    Parameters
    ----------
    frame : see `named_tracklets`
    members : alert ids of the tracklets
    """
    short = _named(find_short_tracks(frame, members, survey), frame, "short_track", SHORT_PREFIX)
    known = pd.Series([*members, *short["alert_id"]], dtype="int64")
    straight = find_straight_lines(frame, known, survey)
    if not len(straight):
        return short
    lines = _named(straight, frame, "short_track", LINE_PREFIX)
    return pd.concat([short, lines], ignore_index=True) if len(short) else lines


def _named(found: pd.DataFrame, frame: pd.DataFrame, column: str, prefix: str) -> pd.DataFrame:
    """What the finder found, with names in a column and all others of `MEMBER_DDL`."""
    found = found.merge(
        frame[["exposure", "alert_id", "jd", "mag"]].drop_duplicates(["exposure", "alert_id"]),
        on=["exposure", "alert_id"],
    )
    found = found.sort_values(["exposure", "number", "alert_id"], ignore_index=True)
    tracklets = found.groupby(["exposure", "number"], as_index=False).agg(
        jd=("jd", "first"),
        n_alerts=("n_alerts", "first"),
        first_alert=("alert_id", "first"),
        mag_mean=("mag", "mean"),
        mag_min=("mag", "min"),
        mag_max=("mag", "max"),
    )
    tracklets[column] = tracklet_names(tracklets, prefix)
    named = found.drop(columns=["jd", "n_alerts", "mag"]).merge(tracklets)
    return _typed(named)
