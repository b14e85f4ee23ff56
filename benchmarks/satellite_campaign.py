"""Drawn tracklets of a real catalogue under the true sky and under shifted ones."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.satellite_skies import ErrorTable, draw_tracklets
from fink_tracklets import load_survey
from fink_tracklets.satellites.composite import match_two
from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.identify import (
    Catalogue,
    fields_of,
    match_tracklet,
    scenes,
    tracklet_points,
)
from fink_tracklets.satellites.shifted import BELT_DEG, belt_distance
from fink_tracklets.sky.sphere import unit_vectors
from fink_tracklets.survey import Survey
from fink_tracklets.survey.satellites import METHODS

HIGH = ("GEO in slot", "GEO passive", "MEO", "MOLNIYA", "GTO", "HEO debris")
"""Classes of orbits beyond 2,000 km."""
SHIFTS = (0.6, 3.0)
"""Range of the sky's shifts, earlier or later [h]."""


def share(count: int, of: int) -> str:
    """A fraction with its binomial error."""
    if of == 0:
        return "-"
    p = count / of
    return f"{p:.4f} +- {np.sqrt(max(p * (1 - p), 1 / of) / of):.4f}"


def results(
    alerts: pd.DataFrame,
    catalogue: Catalogue,
    survey: Survey,
    shift_s: float,
    methods: Sequence[str] = METHODS,
    composites: bool = False,
) -> pd.DataFrame:
    """For each tracklet and method the best object, its score, and whether it is certain; with
    `composites` also whether two objects together explain what none does alone, which takes time.
    """
    points = tracklet_points(alerts)
    rows = []
    widest = replace(survey, satellites=replace(survey.satellites, method=methods[0]))
    if "paper1" in methods:
        widest = replace(survey, satellites=replace(survey.satellites, method="paper1"))
    for scene in scenes(catalogue, fields_of(alerts), widest, shift_s):
        for method in methods:
            chosen = replace(survey, satellites=replace(survey.satellites, method=method))
            for name, own in points[scene.exposure].items():
                found = match_tracklet(own, scene, chosen)
                some = len(found.which) > 0
                row = scene.orbits.rows[found.which[0]] if some else -1
                number = catalogue.elements.norad_cat_id[row] if some else 0
                score = found.score[0] if some else np.inf
                two = composites and not some and match_two(own, scene, chosen) is not None
                rows.append((name, method, number, score, found.certain and some, two))
    names = ["tracklet", "method", "found", "score", "certain", "composite"]
    return pd.DataFrame(rows, columns=names)


def campaign(
    alerts: pd.DataFrame,
    catalogue: Catalogue,
    survey: Survey,
    skies: Sequence[float | None],
    methods: Sequence[str] = METHODS,
    composites: bool = False,
) -> pd.DataFrame:
    """`results` under several skies, by two processes.

    Parameters
    ----------
    skies : shifts in hours, None for one drawn for each exposure. Geosynchronous slots lie at whole
        degrees of longitude, so a shift by 0.6 h = 9.02 deg puts satellites on each other's places;
        only shifts of many sizes tell the rate.

    Returns
    -------
    With a column `sky`, which of `skies` it is.
    """
    rng = np.random.default_rng(len(alerts))
    tasks = []
    for sky, hour in enumerate(skies):
        for _, some in alerts.groupby("exposure", sort=False):
            drawn = rng.choice([-1, 1]) * rng.uniform(*SHIFTS) if hour is None else hour
            tasks.append((some, sky, drawn, methods, composites))
    start, done = time.perf_counter(), []
    with get_context("fork").Pool(2, _share, (catalogue, survey)) as pool:
        for k, found in enumerate(pool.imap(_run, tasks, chunksize=4), 1):
            done.append(found)
            if k % 50 == 0 or k == len(tasks):
                print(
                    f"  {k} of {len(tasks)} parts, {time.perf_counter() - start:.0f} s", flush=True
                )
    return pd.concat(done, ignore_index=True)


def _share(catalogue: Catalogue, survey: Survey) -> None:
    global SHARED
    SHARED = (catalogue, survey)


def _run(task: tuple[pd.DataFrame, int, float, Sequence[str], bool]) -> pd.DataFrame:
    alerts, sky, hour, methods, composites = task
    return results(alerts, *SHARED, hour * 3600, methods, composites).assign(sky=sky)


def drawn(
    data: Path, n: int, seed: int, high: bool
) -> tuple[pd.DataFrame, pd.DataFrame, Catalogue, Survey]:
    """Alerts, truth with the column `belt`, and what they are to be matched with."""
    survey = load_survey("ztf")
    catalogue = Catalogue.of(read_elements([data / "norad_20210611.3le.gz"]))
    alerts, truth = draw_tracklets(
        catalogue.elements,
        catalogue.classes,
        np.isin(catalogue.classes, HIGH) == high,
        n,
        survey,
        ErrorTable.read(data / "element_errors.csv"),
        seed,
    )
    first = alerts.groupby("tracklet")[["ra", "dec", "jd"]].first().loc[truth["tracklet"]]
    near = belt_distance(unit_vectors(first["ra"], first["dec"]), first["jd"].to_numpy(), survey)
    truth = truth.assign(belt=near < BELT_DEG)
    print(
        f"{len(truth)} true tracklets {'beyond' if high else 'below'} 2,000 km in "
        f"{alerts['exposure'].nunique()} exposures, elements 1-4 days old, seed {seed}",
        flush=True,
    )
    return alerts, truth, catalogue, survey


def parts(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """All, those in the belt, those elsewhere."""
    yield "all", rows
    yield "belt", rows[rows["belt"]]
    yield "elsewhere", rows[~rows["belt"]]
