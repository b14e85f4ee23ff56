"""Everything in a night but the glints: candidates by chance and by artefacts, stars, the rest.

The numbers are those of a mean night of Karpov & Peloton 2022 ("P1"), Table 1 and Figure 2,
whose 523 nights had 314 exposures each; a night of other length has its share of them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fink_tracklets.simulate import mosaic
from fink_tracklets.simulate.instruments import Instrument
from fink_tracklets.simulate.mosaic import Floats, Integers, Mosaic

N_EXPOSURES = 314
"""Exposures of the mean night."""
N_QUALITY, N_SINGLE, N_NO_OBJECT, N_CANDIDATES = 145_000, 21_800, 2_500, 1_220
"""Alerts after each cut."""
N_POOR = 35_000
"""Alerts that fail the quality cut, which the paper does not count."""
N_BROKEN = 5
"""Rows that pass the cuts, but lack a position or a time."""

N_EMPTY = 110
"""Exposures without a background candidate."""
QUIET = np.repeat([1, 2, 3, 4], [54, 45, 25, 18])
"""Numbers of background candidates of the exposures that have one to four."""
N_BACKGROUND = 990
"""Candidates that are no glints."""
LITTERED = (60, 120)
"""Background candidates of the two exposures that an artefact litters."""
CROWDED = (500, 4000)
"""The same where a crowded exposure is asked for."""


def draw_background(
    rng: np.random.Generator,
    exposures: pd.DataFrame,
    instrument: Instrument,
    n_crowded: int = 0,
    n_uniform: int | None = None,
) -> pd.DataFrame:
    """Detections that are no glints, in order of role.

    Parameters
    ----------
    exposures : as `schedule.draw_exposures` returns
    n_crowded : exposures with 500 to 4,000 candidates on top of the others'
    n_uniform : candidates in each exposure, evenly over the field, in place of the night's own

    Returns
    -------
    DataFrame: exposure (row of `exposures`), role (see `packets.Roles`), kind ('background',
    'broken', or '' if the cuts reject it), detector, x, y [pixels], ra, dec [deg]
    """
    # How many of each kind there are in each exposure: artefacts make some exposures crowded, and
    # everything else is denser in some fields than in others.
    n = len(exposures)
    background = _background_counts(rng, n)
    if n_uniform is not None:
        background[:] = n_uniform
    elif n_crowded:
        crowded = rng.choice(n, n_crowded, replace=False)
        background[crowded] = _crowds(rng, n_crowded)
    crowding = rng.lognormal(0.0, 0.5, n)
    crowding /= crowding.sum()
    share = n / N_EXPOSURES
    star = "star" if instrument.stellar_locus else "variable"
    groups = []
    for role, kind, per_exposure in (
        ("candidate", "background", background),
        ("candidate", "broken", rng.multinomial(N_BROKEN, crowding)),
        (star, "", rng.multinomial(round(share * (N_NO_OBJECT - N_CANDIDATES)), crowding)),
        ("asteroid", "", rng.multinomial(round(share * (N_SINGLE - N_NO_OBJECT)), crowding)),
        ("variable", "", rng.multinomial(round(share * (N_QUALITY - N_SINGLE)), crowding)),
        ("poor", "", rng.multinomial(round(share * N_POOR), crowding)),
    ):
        # Anywhere on the detectors, but for most of the artefacts of a littered exposure.
        exposure = np.repeat(np.arange(n), per_exposure)
        detector, x, y = mosaic.random_pixels(rng, len(exposure), instrument.mosaic)
        if kind == "background" and n_uniform is None:
            for i in np.flatnonzero(per_exposure >= LITTERED[0]):
                here = np.flatnonzero(exposure == i)
                rows = rng.choice(here, int(0.7 * len(here)), replace=False)
                detector[rows], x[rows], y[rows] = draw_artefacts(rng, len(rows), instrument.mosaic)
        pointing = exposures[["ra", "dec"]].to_numpy()[exposure]
        ra, dec = mosaic.pixels_to_sky(
            pointing[:, 0], pointing[:, 1], detector, x, y, instrument.mosaic
        )
        group = pd.DataFrame(
            {"exposure": exposure, "ra": ra, "dec": dec, "detector": detector, "x": x, "y": y}
        )
        groups.append(group.assign(role=role, kind=kind))
    return pd.concat(groups, ignore_index=True)


def _background_counts(rng: np.random.Generator, n_exposures: int) -> Integers:
    """Background candidates of each exposure: the mean night's, in random order.

    A night of other length takes from it, or goes round it, in random order.
    """
    n_busy = N_EXPOSURES - N_EMPTY - len(QUIET)
    busy = np.full(n_busy, 5)
    busy[:2] = rng.integers(*LITTERED, 2)
    weights = rng.pareto(1.5, n_busy - 2)
    rest = N_BACKGROUND - QUIET.sum() - busy.sum()
    busy[2:] += rng.multinomial(rest, weights / weights.sum())
    night = np.concatenate([np.zeros(N_EMPTY, dtype=int), QUIET, busy])
    rounds = -(-n_exposures // N_EXPOSURES)
    return np.concatenate([rng.permutation(night) for _ in range(rounds)])[:n_exposures]


def _crowds(rng: np.random.Generator, n: int) -> Integers:
    """Numbers of candidates of crowded exposures, even in their logarithm."""
    fewest, most = np.log(CROWDED)
    return np.exp(rng.uniform(fewest, most, n)).astype(int)


def draw_artefacts(
    rng: np.random.Generator, n: int, mosaic: Mosaic
) -> tuple[Integers, Floats, Floats]:
    """``n`` pixel positions of clustered artefacts of one exposure, in up to three structures.

    A structure is an overdense detector, the edge of one (60 pixels deep) or a bundle of bad
    columns (200 pixels wide).
    """
    structure = rng.integers(rng.integers(1, 4), size=n)
    detector, x, y = np.zeros(n, dtype=int), np.zeros(n), np.zeros(n)
    for i in range(3):
        of_it = np.flatnonzero(structure == i)
        detector[of_it] = rng.integers(mosaic.n_detectors)
        x[of_it] = rng.uniform(0, mosaic.n_columns, len(of_it))
        y[of_it] = rng.uniform(0, mosaic.n_rows, len(of_it))
        shape = rng.choice(["quadrant", "edge", "columns"])
        if shape == "edge":
            x[of_it] = rng.uniform(0, 60, len(of_it))
        elif shape == "columns":
            x[of_it] = rng.uniform(0, mosaic.n_columns - 200) + rng.uniform(0, 200, len(of_it))
    return detector, x, y
