"""Is it chance? The expected number of chance tracklets (number of false alarms, NFA).

For n_res resolved points along an arc of length L from point i to point j, all within ``tol`` of
one parabola, in an exposure of N candidates on a field of area A:

    NFA = [ N H / (1/r_ij + 1/r_ji) ] * [ 1 + min(T, kmax L^2/8) / tol ]
          * P[ Poisson(2 tol L rho) >= n_res - 2 ] / LR

The first bracket counts the pairs of end points, each weighted by the ranks r_ij (j is the r_ij-th
nearest neighbour of i) so that near pairs do not pay for far ones; H = ln(N-1) + 0.577 makes the
weights sum to one. The second counts the curvatures that differ by more than ``tol``. ``rho`` is
the local density (`local_density`), LR the evidence of equal spacing (`spacing_evidence` in
`spacing`), a likelihood ratio whose mean by chance is at most one, so that NFA / LR keeps the
promise of NFA. Of the field only the area counts, not the shape, as long as the line between two
points does not leave it: a square or a disc.

All lengths are in radians, all areas in steradians.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, comb, gammainc, gammaln

from fink_tracklets.finder.spacing import LOG10, max_evidence
from fink_tracklets.sky.sphere import ARCSEC
from fink_tracklets.survey import Survey

Array = NDArray[np.float64]

EULER = 0.5772156649
DENSER = 0.3
"""A box raises the density only when so many points in it have less than this chance."""
MIN_GAP_CHANCE = 1e-3
"""Expected number of gaps, or of pairs and triples of them, as large as the largest; below, the set
is a few clumps in a line."""
MIN_RESOLVED = 4
"""Resolved points of a tracklet: a parabola passes any three."""
GAPS = 3
"""Gaps whose sum is judged, at most: so many clumps, and one more, are seen."""
RADII_PER_OCTAVE = 2
STILL_RATE = 16.5
"""Largest rate of geosynchronous objects among the stars, inclined ones too [arcsec/s]."""


@dataclass(frozen=True)
class NullModel:
    """What points without any tracklet would do: the numbers that a chance tracklet depends on."""

    n: int
    """Candidates in the exposure."""
    area: float
    """Sky area of the exposure's field [sr]."""
    tolerance: float
    """Half width of the band about the curve [rad]."""
    first_tolerance: float
    """Points closer than this along the curve are one [rad]."""
    min_separation: float
    """The two ends of a tracklet are at least so far apart [rad]."""
    max_curvature: float
    """Largest second derivative of the distance across a track [1/rad]."""
    min_points: int
    """Points of a tracklet, its ends included; `MIN_RESOLVED` of them are resolved."""
    threshold: float
    """A tracklet is kept below this many expected chance tracklets per exposure."""
    still_arc: float
    """Most that a geosynchronous object moves among the stars in an exposure [rad]."""

    @staticmethod
    def of(survey: Survey, n: int) -> NullModel:
        """The null model of an exposure with n candidates."""
        limits = survey.finder
        return NullModel(
            n=n,
            area=survey.field_area_deg2 * np.radians(1.0) ** 2,
            tolerance=limits.refined_tolerance_arcsec * ARCSEC,
            first_tolerance=limits.first_tolerance_arcsec * ARCSEC,
            min_separation=limits.min_separation_arcsec * ARCSEC,
            max_curvature=limits.max_curvature_per_rad,
            min_points=limits.min_points,
            threshold=limits.max_chance_tracklets,
            still_arc=STILL_RATE * survey.exposure_time_s * ARCSEC,
        )

    @cached_property
    def density(self) -> float:
        """Density of a uniform sky [1/sr], the least that `local_density` returns."""
        return max(self.n - 2, 0) / self.area

    @cached_property
    def log10_pairs(self) -> float:
        """log10 of N H, the number of pairs of ends that a pair of weight one stands for."""
        return float(np.log10(self.n * (np.log(max(self.n - 1, 1)) + EULER)))

    @cached_property
    def radii(self) -> Array:
        """Separations [rad] at which neighbours are counted for `could_pass`."""
        octaves = np.log2(np.pi / self.min_separation)
        steps = np.arange(int(octaves * RADII_PER_OCTAVE) + 1) / RADII_PER_OCTAVE
        return np.asarray(self.min_separation * 2.0**steps)

    @cached_property
    def box_widths(self) -> Array:
        """Widths of the boxes beside a curve [rad], growing by 2, up to 0.1 sqrt(area)."""
        octaves = np.rint(np.log2(0.1 * np.sqrt(self.area) / (10 * self.tolerance)))
        return np.asarray(10 * self.tolerance * 2.0 ** np.arange(max(octaves, 0) + 1))

    def radius_index(self, cosine: Array) -> NDArray[np.int64]:
        """The largest of `radii` that a separation, given by its cosine, reaches; -1 for none."""
        return np.searchsorted(-np.cos(self.radii), -cosine, side="right") - 1

    def log10_curvatures(self, length: ArrayLike, sagitta: ArrayLike = 0.0) -> Array:
        """Number of distinguishable curvatures; a larger sagitta than the seeds' counts whole."""
        most = np.minimum(self.first_tolerance, self.max_curvature * np.square(length) / 8)
        return np.log10(1 + np.maximum(most, sagitta) / self.tolerance)

    def log10_ends(self, rank_ij: ArrayLike, rank_ji: ArrayLike) -> Array:
        """Number of pairs of end points, in units of this pair's weight."""
        return self.log10_pairs - np.log10(1 / np.asarray(rank_ij) + 1 / np.asarray(rank_ji))

    @cached_property
    def _tail_by_radius(self) -> Array:
        """log10 P of m or more points (columns 0, 1, ...) on a line of each of `radii`."""
        mean = 2 * self.tolerance * self.radii * self.density
        return log10_poisson_tail(np.arange(max(self.n, 2)), mean[:, None]) + self.log10_curvatures(
            self.radii
        ).reshape(-1, 1)

    def could_pass(
        self,
        radius: NDArray[np.int64],
        within_i: NDArray[np.int64],
        within_j: NDArray[np.int64],
        count: NDArray[np.int64],
    ) -> NDArray[np.bool_]:
        """Whether a tracklet from point i to point j may pass the threshold.

        Parameters
        ----------
        radius, within_i, within_j, count : see `log10_bound`
        """
        # Against a uniform sky, from tables: nearly all lines fail this.
        evidence = max_evidence(self.n)[np.minimum(count, self.n)]
        limit = np.log10(self.threshold) + evidence
        ends = self.log10_ends(within_i + 1, within_j + 1)
        uniform = ends + self._tail_by_radius[radius, np.maximum(count, 2) - 2]
        good = (count >= self.min_points) & (uniform < limit)
        some = np.flatnonzero(good)
        if not len(some):
            return good

        # For the few others the density about the ends counts, too.
        bound = self.log10_bound(radius[some], within_i[some], within_j[some], count[some])
        good[some] = bound < limit[some]
        return good

    def log10_bound(
        self,
        radius: NDArray[np.int64],
        within_i: NDArray[np.int64],
        within_j: NDArray[np.int64],
        count: NDArray[np.int64],
        members: NDArray[np.int64] | None = None,
        least_mean: ArrayLike = 0.0,
    ) -> Array:
        """A lower bound of log10 NFA before the evidence of the spacing.

        The density is at least that of the whole field and of discs about the ends, and the ranks
        are at least the neighbours within the next smaller of `radii`.

        Parameters
        ----------
        radius : index into `radii` of the largest one that the separation of i and j reaches
        within_i, within_j : other points nearer to i, to j than that radius
        count : the tracklet's resolved points, both ends included, or more
        members : all its points, or more; default: the same
        least_mean : chance points expected on it, or fewer
        """
        length = self.radii[radius]
        density = self.disc_density(
            length, np.minimum(within_i, within_j), count if members is None else members
        )
        ends = self.log10_ends(within_i + 1, within_j + 1)
        mean = np.maximum(2 * self.tolerance * length * density, least_mean)
        tail = log10_poisson_tail(count - 2, mean)
        return np.asarray(ends + self.log10_curvatures(length) + tail)

    def disc_density(self, radius: Array, near: NDArray[np.int64], members: ArrayLike) -> Array:
        """The density about both ends of a track, at least the uniform one.

        Parameters
        ----------
        radius : of discs about the two ends [rad]
        near : points in the emptier of the two discs
        members : points of the track itself, as many as may be in the discs

        Returns
        -------
        points per steradian; 3 sigma less than counted, so that it never matters where the
        density is smooth: it makes hopeless lines in crowded regions cheap to drop
        """
        counted = near - np.asarray(members) - 3 * np.sqrt(near)
        return np.maximum(self.density, counted / (np.pi * radius**2))


def log10_poisson_tail(m: ArrayLike, mean: ArrayLike) -> Array:
    """log10 of the probability of m or more for a Poisson mean, however small it is."""
    m, mean = np.broadcast_arrays(np.asarray(m, dtype=float), np.asarray(mean, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
        direct = np.log(gammainc(np.maximum(m, 0.5), mean))
        leading = m * np.log(mean) - mean - gammaln(m + 1) - np.log1p(-mean / (m + 1))
    tail = np.where(direct > -600, direct, leading)
    return np.where(m <= 0, 0.0, np.where(mean <= 0, -np.inf, tail)) / LOG10


def local_density(
    null: NullModel, along: Array, across: Array, members: NDArray[np.bool_], length: Array
) -> Array:
    """The density beside each curve, at least the uniform one.

    Boxes beside the curve, one side at a time, from 3 tol to w away, w halving from a tenth of the
    field down to 10 tol; reaching beyond both ends by w, or by the curve's length. Along each of
    the four chains a box that is denser than expected updates the density (to one sigma more than
    it holds, with half a point's worth of the density so far), and the largest one met counts.

    Parameters
    ----------
    along, across : (S, n) coordinates of the exposure's points along S curves and from them
    members : (S, n) the points of each curve, which do not count
    length : (S,) arc lengths; `along` runs from 0 to this

    Returns
    -------
    (S,) points per steradian
    """
    # Which points lie in any box. On either side of the curve the boxes are nested, drawn here for
    # two levels; those of the second shape reach beyond the ends by the curve's length instead::
    #
    #     +--------------------------------------+ w
    #     |     +--------------------------+     | w / 2
    #     |     |                          |     |
    #     +-----+--------------------------+-----+ 3 tol
    #                o  o    o   o   o             the curve, from along = 0 to its length
    widths, n_sets = null.box_widths, len(length)
    side, inner = np.abs(across), 3 * null.tolerance
    over = np.maximum(-along, along - length[:, None])
    reach = np.maximum(widths[-1], length)[:, None]
    inside = (side > inner) & (side < widths[-1]) & (over < reach) & ~members
    row, point = np.nonzero(inside)

    # The narrowest level whose box holds a point, for either shape: it is in all wider ones, too.
    d, over = side[row, point], over[row, point]
    first = np.searchsorted(widths, [np.maximum(d, over), d], side="right")
    first[1][over >= length[row]] = len(widths)

    # inside_box[shape, set, side, level]: points in each box.
    cell = (row * 2 + (across[row, point] > 0)) * (len(widths) + 1)
    counts = np.stack(
        [np.bincount(cell + f, minlength=n_sets * 2 * (len(widths) + 1)) for f in first]
    ).reshape(2, n_sets, 2, len(widths) + 1)
    inside_box = np.cumsum(counts, axis=-1)

    # From the widest box inwards each chain keeps a density, and a box that is denser than this
    # predicts sets it anew: the density near the curve is known from as many points as possible.
    density = np.full((2, n_sets, 2), null.density)
    largest = np.full(n_sets, null.density)
    for level in range(len(widths) - 1, -1, -1):
        depth = widths[level] - inner
        area = np.stack([depth * (length + 2 * widths[level]), 3 * depth * length])[:, :, None]
        k = inside_box[..., level]
        denser = (k > 0) & (gammainc(np.maximum(k, 1), density * area) < DENSER)
        with np.errstate(divide="ignore"):
            density = np.where(denser, (k + np.sqrt(k)) / (area + 0.5 / density), density)
        largest = np.maximum(largest, density.max(axis=(0, 2)))
    return largest


def is_one_run(along: Array) -> NDArray[np.bool_]:
    """Whether the largest gaps may be chance, for ``(S, n)`` ascending positions.

    Of n - 1 gaps between points at random the sum of any k, in lengths, is Beta(k, n - 1 - k): of
    the one, two and three largest ones together it must not be too improbable.
    """
    n = along.shape[1]
    length = along[:, -1] - along[:, 0]
    gaps = np.sort(np.diff(along, axis=1), axis=1)[:, ::-1]
    share = np.cumsum(gaps[:, :GAPS], axis=1) / length[:, None]
    k = np.arange(1, min(GAPS, n - 2) + 1)
    chance = comb(n - 1, k) * betainc(n - 1 - k, k, 1 - share[:, : len(k)])
    return np.asarray((chance > MIN_GAP_CHANCE).all(axis=1))
