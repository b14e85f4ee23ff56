"""Whether the stated chance probability of a match is right: on skies that did not set it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.satellite_campaign import HIGH, campaign, drawn, share
from fink_tracklets.satellites.identify import Catalogue
from fink_tracklets.satellites.shifted import FalseMatches

CHECKS = 8
"""Other skies, by hours drawn for each night."""
LEAST = 30
"""False matches in a bin."""


def chance(data: Path, n: int, seed: int) -> None:
    """Stated against counted.

    Only in the belt, since false matches elsewhere are too few, and with the objects beyond
    2,000 km, since no other matches there. The tracklets of one instant are a night of their own:
    its false matches under the survey's shifts, with the long-term rate, state the probability of
    those of other shifts.
    """
    report(*best_scores(data, n, seed))


def best_scores(data: Path, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of tracklets T in the belt the best scores under the survey's shifts (T, H) and under others
    (T, CHECKS), infinite where nothing matches, and the nights (T,)."""
    alerts, truth, catalogue, survey = drawn(data, n, seed, True)
    alerts = alerts[alerts["tracklet"].isin(truth.loc[truth["belt"], "tracklet"])]
    night = alerts.groupby("tracklet")["exposure"].first()
    high = np.flatnonzero(np.isin(catalogue.classes, HIGH))
    catalogue = Catalogue(catalogue.elements.take(high), catalogue.classes[high])
    hours = survey.satellites.shift_hours
    found = campaign(alerts, catalogue, survey, [*hours, *[None] * CHECKS], ["likelihood"])
    table = found.pivot(index="tracklet", columns="sky", values="score")
    score = table.to_numpy()
    return score[:, : len(hours)], score[:, len(hours) :], night.loc[table.index].to_numpy()


def report(own: np.ndarray, other: np.ndarray, night: np.ndarray) -> None:
    """Print how often false matches have a score, and how often that was stated."""
    scores = np.sort(other[np.isfinite(other)])
    for name, tried in (("survey's shifts", own), ("other shifts", other)):
        print(
            f"in the belt, {name}: {share(np.isfinite(tried).sum(), tried.size)} of {tried.size} "
            "falsely matched"
        )
    bins = max(1, len(scores) // LEAST)
    edges = np.array([-np.inf, *scores[np.arange(1, bins) * len(scores) // bins], scores[-1]])
    stated = np.zeros(len(edges))
    for key in np.unique(night):
        here = own[night == key]
        law = FalseMatches(here, np.ones(len(here), dtype=bool), "likelihood")
        stated += law.chance(edges, True) * len(here) * other.shape[1]
    counted = [((scores > a) & (scores <= b)).sum() for a, b in pairwise(edges)]
    print(
        "| score | stated chance probability | expected | counted | ratio |\n" + "| --- " * 5 + "|"
    )
    for k, count in enumerate(counted):
        expected = stated[k + 1] - stated[k]
        print(
            f"| {edges[k]:.1f} to {edges[k + 1]:.1f} | {stated[k] / other.size:.5f} to "
            f"{stated[k + 1] / other.size:.5f} | {expected:.0f} | {count} | "
            f"{count / expected:.2f} |"
        )
