"""Whether the stated chance probability of a match is right: on skies that did not set it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.satellites import campaign, drawn, share
from fink_tracklets.satellites.shifted import FalseMatches

CHECKS = 8
"""Other skies, by hours drawn for each tracklet."""
LEAST = 30
"""False matches in a bin."""


def chance(data: Path, n: int, seed: int) -> None:
    """Stated against counted.

    Only in the belt, false matches elsewhere are too few. The tracklets of one instant are a night
    of their own: its false matches, with the long-term rate, state the probability of those of the
    other hours.
    """
    alerts, truth, catalogue, survey = drawn(data, n, seed, True)
    truth = truth[truth["belt"]]
    alerts = alerts[alerts["tracklet"].isin(truth["tracklet"])]
    night = alerts.groupby("tracklet")["exposure"].first()
    alerts = alerts.assign(exposure=alerts["tracklet"])
    hours = survey.satellites.shift_hours
    found = campaign(alerts, catalogue, survey, [*hours, *[None] * CHECKS], ["likelihood"])
    table = found.pivot(index="tracklet", columns="sky", values="score")
    own, other = table.to_numpy()[:, : len(hours)], table.to_numpy()[:, len(hours) :]
    scores = np.sort(other[np.isfinite(other)])
    print(f"in the belt {len(scores)} of {other.size} falsely matched; in the survey's own hours "
          f"{np.isfinite(own).sum()} of {own.size}")  # fmt: skip
    both = table.to_numpy()
    for limit in range(-26, int(survey.satellites.max_score) + 1):
        print(f"  below {limit}: {share((both < limit).sum(), both.size)}")
    bins = max(1, len(scores) // LEAST)
    inner = scores[np.arange(1, bins) * len(scores) // bins]
    edges = np.array([-np.inf, *inner, survey.satellites.max_score])
    stated = np.zeros(len(edges))
    of_night = night.loc[table.index].to_numpy()
    for key in np.unique(of_night):
        here = own[of_night == key]
        law = FalseMatches(here, np.ones(len(here), dtype=bool), "likelihood")
        stated += law.chance(edges, True) * len(here) * CHECKS
    counted = np.histogram(scores, edges)[0]
    print("| score | stated chance probability | expected | counted | ratio |\n"
          + "| --- " * 5 + "|")  # fmt: skip
    for k, count in enumerate(counted):
        expected = stated[k + 1] - stated[k]
        print(f"| {edges[k]:.1f} to {edges[k + 1]:.1f} | {stated[k] / other.size:.5f} to "
              f"{stated[k + 1] / other.size:.5f} | {expected:.0f} | {count} | "
              f"{count / expected:.2f} |")  # fmt: skip
