"""Do the points look alike? The evidence of the magnitudes of a track's points.

The flashes of one object resemble each other; chance takes its points from all that is around.
Magnitudes are compared by classes of equally many candidates of the exposure, the faintest 16th,
the next and so on, so that neither the survey's depth nor the shape of the background matters.

A model is a class of the object and a likeness lambda: its points are in class c with a chance that
is proportional to share_c * lambda^|c - class|. That is a proper distribution whatever the shares,
so the likelihood ratio against the shares themselves, averaged over models, has a mean by chance of
at most one, and NFA / LR keeps the promise of NFA. Magnitudes that are all equal are one class, and
no evidence. Where artefacts are alike, too, the shares are those of the surroundings: a class of
which the 40, 20 or 10 points nearest to the track hold more than the exposure makes likely counts
with the largest of these shares, one sigma up, as `local_density` has it for the density.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from fink_tracklets.finder.vectors import Array, Ints

CLASSES = 16
LEAST_IN_CLASS = 4
"""Candidates of a class, at least: few candidates have fewer classes."""
LIKENESS = (0.1, 0.3, 0.6)
"""Models: how much rarer each class further away is."""
NULL_WEIGHT = 0.7
"""Weight of "no likeness" among the models: LR is never below it."""
DENSER = 0.05
"""A class counts with its share among the neighbours where so many of them have less than this
chance. (At 0.3, as for the density of points, two of ten neighbours are enough, and a track in
thirty of five or six points is lost for it; artefacts that are alike are far beyond either.)"""
NEIGHBOURS = (10, 20, 40)
"""Points nearest to a track that are its surroundings."""
SANE = (-5.0, 40.0)
"""Magnitudes beyond are none: -999, 99."""


@dataclass(frozen=True, eq=False)
class Light:
    """The magnitudes of an exposure's points, as classes."""

    of: Ints
    """(n,) the class of each point; -1 for those without a magnitude."""
    share: Array
    """(K,) the share of each class among the others."""

    @staticmethod
    def from_magnitudes(magnitudes: Array) -> Light | None:
        """Classes of equally many; None where they are too few to tell anything."""
        known = (magnitudes > SANE[0]) & (magnitudes < SANE[1])
        values = np.sort(magnitudes[known])
        n_classes = min(CLASSES, len(values) // LEAST_IN_CLASS)
        if n_classes < 2:
            return None
        edges = values[np.arange(1, n_classes) * len(values) // n_classes]
        of = np.where(known, np.searchsorted(edges, magnitudes, side="right"), -1)
        return Light(of, np.bincount(of[known], minlength=n_classes) / len(values))

    def counts(self, points: Ints, chosen: NDArray[np.bool_]) -> Ints:
        """How many of the chosen points ``(S, c)`` are in each class, ``(S, K)``."""
        n_classes = len(self.share)
        row, column = np.nonzero(chosen & (self.of[points] >= 0))
        cell = row * n_classes + self.of[points[row, column]]
        return np.bincount(cell, minlength=len(points) * n_classes).reshape(-1, n_classes)

    def evidence(self, counts: Ints) -> Array:
        """log10 LR of sets against the whole exposure: no less than `evidence_among`."""
        return log10_ratio(counts, self.share[None])

    def evidence_among(self, counts: Ints, distance: Array) -> Array:
        """The same against the surroundings, too.

        Parameters
        ----------
        counts : (S, K) points of the tracks in each class
        distance : (S, n) of the exposure's points from the tracks; infinite for their own
        """
        evidence = self.evidence(counts)
        some = np.flatnonzero(evidence > 0)
        if not len(some):
            return evidence
        away = np.where(self.of >= 0, distance[some], np.inf)
        nearest = np.argsort(away, axis=1, kind="stable")[:, : max(NEIGHBOURS)]
        exist = np.isfinite(np.take_along_axis(away, nearest, axis=1))
        share = np.repeat(self.share[None], len(some), axis=0)
        for m in NEIGHBOURS:
            k = self.counts(nearest[:, :m], exist[:, :m])
            of = np.maximum(exist[:, :m].sum(axis=1, keepdims=True), 1)
            more = betainc(np.maximum(k, 1), of - np.maximum(k, 1) + 1, self.share) < DENSER
            around = np.minimum((k + np.sqrt(k)) / of, 1.0)
            share = np.where(more & (k > 0), np.maximum(share, around), share)
        evidence[some] = log10_ratio(counts[some], share)
        return evidence


def log10_ratio(counts: Ints, share: Array) -> Array:
    """log10 of the likelihood ratio of points that are alike, averaged over models.

    Parameters
    ----------
    counts : (S, K) points in each class
    share : (S, K) or (1, K) chance of each class without likeness

    Returns
    -------
    (S,) at least log10 of `NULL_WEIGHT`
    """
    n_classes = counts.shape[1]
    apart = np.abs(np.subtract.outer(np.arange(n_classes), np.arange(n_classes)))
    steps, n = counts @ apart, counts.sum(axis=1, keepdims=True)
    models = []
    for likeness in LIKENESS:
        whole = np.zeros((len(share), n_classes))
        for c in range(n_classes):  # term by term: the same bits in arrays of any shape
            whole += share[:, c, None] * likeness ** apart[c]
        models.append(steps * np.log(likeness) - n * np.log(whole))
    ratio = np.stack(models, axis=1)
    top = np.maximum(ratio.max(axis=(1, 2)), 0.0)
    mean = np.exp(ratio - top[:, None, None]).sum(axis=2).sum(axis=1) / (len(LIKENESS) * n_classes)
    return (top + np.log(NULL_WEIGHT * np.exp(-top) + (1 - NULL_WEIGHT) * mean)) / np.log(10.0)
