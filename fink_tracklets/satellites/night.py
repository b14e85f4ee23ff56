"""All that is found out about a night's satellites: matches, blind matches, false matches."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fink_tracklets.errors import UserError
from fink_tracklets.satellites.blind import METHODS, blind_matches, single_matches
from fink_tracklets.satellites.composite import match_two
from fink_tracklets.satellites.elements import Elements, nearest_sets
from fink_tracklets.satellites.identify import (
    Catalogue,
    Fields,
    Scene,
    fields_of,
    match_tracklet,
    scenes,
    tracklet_points,
)
from fink_tracklets.satellites.on_arcs import lines_on_arcs, named_lines
from fink_tracklets.satellites.propagation import iers_end, instants, propagate
from fink_tracklets.satellites.rows import match_rows
from fink_tracklets.satellites.shifted import BELT_DEG, FalseMatches, belt_distance, share, summary
from fink_tracklets.survey import Survey

OLD_DAYS = 3.0
"""Elements older than this are counted as old."""
BLIND_SHIFTS = 2
"""Shifted skies for single candidates, of which there are many."""


@dataclass(frozen=True)
class Identification:
    """What was found."""

    satellites: pd.DataFrame
    """One row per match of a tracklet, columns as in `fink_tracklets.tables.SATELLITES`."""
    blind: pd.DataFrame
    """One row per blind match, columns as in `fink_tracklets.tables.BLIND_MATCHES`."""
    lines: pd.DataFrame
    """One row per alert of a line on an object's arc, see `named_lines`."""
    record: dict[str, Any]
    """The account for the manifest."""


def identify_night(
    alerts: pd.DataFrame,
    candidates: pd.DataFrame,
    elements: Elements,
    survey: Survey,
    satcat: pd.DataFrame | None = None,
) -> Identification:
    """The objects behind a night's tracklets and candidates.

    Parameters
    ----------
    alerts : of tracklets: tracklet, exposure, jd, ra, dec, along_arcsec
    candidates : alert_id, exposure, jd, ra, dec, tracklet; those of tracklets included; lines on
        arcs are looked for among those whose `short_track` is null, too, if there is such a column
    elements : of any epoch
    survey : its site and limits
    satcat : as `read_satcat` gives it

    Raises
    ------
    UserError
        No set of elements is near enough to the night.
    """
    if not len(candidates):
        return Identification(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), {})
    # Every exposure's tracklets against the objects around it; where none explains a tracklet, two
    # together may. And every candidate by itself.
    jd = np.unique(candidates["jd"])
    ages = element_ages(elements, jd, survey)
    catalogue = Catalogue.of(elements)
    by_exposure = tracklet_points(alerts)
    of_exposure = {str(exposure): some for exposure, some in candidates.groupby("exposure")}
    fields = fields_of(candidates)
    matched, blind, lines = [], [], []
    for scene in scenes(catalogue, fields, survey):
        for name, points in by_exposure.get(scene.exposure, {}).items():
            found = match_tracklet(points, scene, survey)
            if not len(found.which) and survey.satellites.method == "likelihood":
                found = match_two(points, scene, survey) or found
            if len(found.which):
                matched.append(match_rows(name, points, found, scene, catalogue, satcat, survey))
        single, line = without_tracklets(of_exposure, scene, catalogue, survey)
        blind.append(single)
        lines.append(line)
    satellites = pd.concat(matched) if matched else pd.DataFrame()
    blindly = pd.concat(blind)

    # How often chance does as well: the same tracklets and candidates under shifted skies.
    false = false_matches(alerts, catalogue, survey)
    if len(satellites):
        places = {name: k for k, name in enumerate(sorted(alerts["tracklet"].unique()))}
        satellites["chance_probability"] = np.nan
        for key, rows in satellites[~satellites["composite"]].groupby("tracklet", sort=False):
            belt = false.in_belt[places[str(key)]]
            satellites.loc[satellites["tracklet"] == key, "chance_probability"] = false.chance(
                rows["score"].to_numpy(), belt
            )
    shifted = under_shifted_skies(of_exposure, fields, catalogue, survey)
    blindly, blind_record = with_blind_chance(blindly, shifted, len(candidates))
    on_arcs = named_lines(lines, (shifted.lines + 0.5) / shifted.skies)
    record = {
        "method": survey.satellites.method,
        **account(elements, jd, ages, survey),
        "tracklets": int(alerts["tracklet"].nunique()),
        "matched": int(satellites["tracklet"].nunique()) if len(satellites) else 0,
        "certain": int((satellites["certain"] & (satellites["rank"] == 1)).sum())
        if len(satellites)
        else 0,
        "composite": satellites.loc[satellites["composite"], "tracklet"].nunique()
        if len(satellites)
        else 0,
        "false_matches_on_shifted_skies": summary(false),
        "blind": blind_record,
        "lines_on_arcs": {
            "found": on_arcs["short_track"].nunique() if len(on_arcs) else 0,
            "skies_shifted": shifted.skies,
            "on_shifted_skies": shifted.lines,
        },
    }
    return Identification(satellites.reset_index(drop=True), blindly, on_arcs, record)


def without_tracklets(
    of_exposure: dict[str, pd.DataFrame], scene: Scene, catalogue: Catalogue, survey: Survey
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What candidates of one exposure match by their own places: one by one, and as lines on arcs,
    if they are of no track; where short tracks were not looked for, there are no lines.

    Parameters
    ----------
    of_exposure : by exposure, see `identify_night`
    """
    candidates = of_exposure[scene.exposure]
    single = single_matches(candidates, scene, survey.satellites)
    blind = blind_matches(candidates, single, scene, catalogue, survey.satellites)
    if "short_track" not in candidates:
        return blind, pd.DataFrame()
    free = np.flatnonzero(candidates["tracklet"].isna() & candidates["short_track"].isna())
    some = candidates.iloc[free]
    return blind, lines_on_arcs(some, single.take(free), scene, catalogue, survey)


def element_ages(elements: Elements, jd: np.ndarray, survey: Survey) -> np.ndarray:
    """Exposure minus epoch [d] of the sets that the middle of the night uses.

    Raises
    ------
    UserError : there is none
    """
    middle, most = (jd[0] + jd[-1]) / 2, survey.satellites.max_element_age_days
    used = nearest_sets(elements, np.array([middle]), most)[:, 0]
    if used.any():
        return middle - elements.epoch_jd[used]
    ages = middle - elements.epoch_jd
    nearest = ages[np.abs(ages).argmin()]
    raise UserError(
        f"{', '.join(elements.files)}: no element set is within {most:g} days of the exposures; "
        f"the nearest is {abs(nearest):,.0f} days {'older' if nearest > 0 else 'newer'}: give "
        "elements of that date."
    )


def account(elements: Elements, jd: np.ndarray, ages: np.ndarray, survey: Survey) -> dict[str, Any]:
    """The manifest's account of the elements."""
    at = instants(np.array([(jd[0] + jd[-1]) / 2]), 0.0, survey.site)
    failed = propagate(elements.propagator(), at).failed
    size = np.abs(ages)
    return {
        "elements": {
            "files": list(elements.files),
            "objects": len(np.unique(elements.norad_cat_id)),
            "objects_used": len(ages),
            "sets": len(elements),
            "sets_duplicate": elements.duplicates,
            "sets_not_propagated": int(failed.sum()),
            "sets_refused": dict(Counter(one.kind for one in elements.unusable)),
            "sets_refused_each": [one.sentence for one in elements.unusable],
            "files_refused": list(elements.failed),
            "aliases": {str(number): name for number, name in elements.aliases.items()},
            "notes": list(elements.notes),
            "age_days": {
                "median": round(float(np.median(size)), 3),
                "p95": round(float(np.quantile(size, 0.95)), 3),
                "newer_than_night": int((ages < 0).sum()),
                f"older_than_{OLD_DAYS:g}_days": int((size > OLD_DAYS).sum()),
            },
        },
        "earth_orientation_known": bool(jd[-1] <= iers_end()),
    }


def false_matches(alerts: pd.DataFrame, catalogue: Catalogue, survey: Survey) -> FalseMatches:
    """The best score of each tracklet, by name, under each shifted sky."""
    by_exposure = tracklet_points(alerts)
    names = sorted(alerts["tracklet"].unique())
    place = {name: k for k, name in enumerate(names)}
    hours = survey.satellites.shift_hours
    score = np.full((len(names), len(hours)), np.inf)
    in_belt = np.zeros(len(names), dtype=bool)
    if names:
        fields = fields_of(alerts)
        for h, shift in enumerate(hours):
            for scene in scenes(catalogue, fields, survey, shift * 3600):
                for name, points in by_exposure[scene.exposure].items():
                    found = match_tracklet(points, scene, survey)
                    if len(found.which):
                        score[place[name], h] = found.score[0]

        # Which of the tracklets lie in the geosynchronous belt, by their middles.
        middle = np.empty((len(names), 3))
        first_jd = alerts.groupby("tracklet")["jd"].min().loc[names].to_numpy()
        for name in names:
            points = next(found[name] for found in by_exposure.values() if name in found)
            middle[place[name]] = points.mean(axis=0) / np.linalg.norm(points.mean(axis=0))
        in_belt = belt_distance(middle, first_jd, survey) < BELT_DEG
    return FalseMatches(score, in_belt, survey.satellites.method)


@dataclass(frozen=True)
class Shifted:
    """What single candidates match under shifted skies: all of it is false."""

    skies: int
    blind: pd.DataFrame
    """As of `blind_matches`."""
    lines: int
    """Lines on arcs."""


def under_shifted_skies(
    of_exposure: dict[str, pd.DataFrame], fields: Fields, catalogue: Catalogue, survey: Survey
) -> Shifted:
    """`without_tracklets` under a few shifted skies."""
    hours = survey.satellites.shift_hours[
        :: max(1, len(survey.satellites.shift_hours) // BLIND_SHIFTS)
    ]
    blind, lines = [], 0
    for hour in hours:
        for scene in scenes(catalogue, fields, survey, hour * 3600):
            single, line = without_tracklets(of_exposure, scene, catalogue, survey)
            blind.append(single)
            lines += line["norad_cat_id"].nunique() if len(line) else 0
    return Shifted(len(hours), pd.concat(blind), lines)


def with_blind_chance(
    blind: pd.DataFrame, shifted: Shifted, candidates: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Blind matches with the probability that they are chance, and the manifest's account.

    The chance of a match: how many of the false ones are as good, of all that were tried.
    """
    trials = candidates * shifted.skies
    blind = blind.assign(chance_probability=np.nan)
    record: dict[str, Any] = {"candidates": candidates}
    for method in METHODS:
        tried = shifted.blind[(shifted.blind["method"] == method) & (shifted.blind["rank"] == 1)]
        false = np.sort(tried["score"])
        rows = blind["method"] == method
        below = np.searchsorted(false, blind.loc[rows, "score"], side="right")
        blind.loc[rows, "chance_probability"] = (below + 0.5) / (trials + 1)
        best = blind[rows & (blind["rank"] == 1)]
        record[method] = {
            "matched": len(best),
            "in_tracklets": int(best["tracklet"].notna().sum()),
            "share_in_tracklets": round(share(best), 4) if len(best) else None,
            "shifted_tried": trials,
            "shifted_matched": len(false),
        }
    return blind, record
