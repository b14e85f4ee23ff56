"""Where the detections of a simulated night fall: tracklets, background and everything else.

The numbers are those of a mean night of Karpov & Peloton 2022 ("P1"), Table 1 and Figure 2,
whose 523 nights had 314 exposures each.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fink_tracklets.simulate import mosaic
from fink_tracklets.simulate.mosaic import Integers
from fink_tracklets.simulate.tracks import Tracklet, draw_lengths, draw_sizes, draw_tracklet

N_EXPOSURES = 314
N_WITH_CANDIDATES, N_WITH_FIVE = 217, 78
"""Exposures with any candidates, and with five or more."""
N_QUALITY, N_SINGLE, N_NO_OBJECT, N_CANDIDATES = 145_000, 21_800, 2_500, 1_220
"""Alerts after each cut."""
N_TRACKLETS, N_TRACKLET_ALERTS = 12, 140

N_POOR = 35_000
"""Alerts that fail the quality cut, which the paper does not count."""
N_TWINS_OF_GLINTS, N_TWINS_OF_BACKGROUND = 2, 1
"""Second packets of a detection, among the candidates."""
N_BROKEN = 5
"""Rows that pass the cuts, but lack a position or a time."""

QUIET = np.repeat([1, 2, 3, 4], [48, 42, 30, 19])
"""Numbers of candidates of the exposures that have one to four."""
CROWDED = (60, 120)
"""Background candidates of the two exposures that an artefact litters."""


def draw_detections(rng: np.random.Generator, exposures: pd.DataFrame, night: str) -> pd.DataFrame:
    """A night's detections in random order, without the twins.

    Parameters
    ----------
    exposures : as `schedule.draw_exposures` returns

    Returns
    -------
    DataFrame: exposure (row of `exposures`), role (see `packets.Roles`), kind ('glint',
    'background', 'broken', or '' if the cuts reject it), tracklet_id (or null), ra, dec [deg],
    rcid, x, y [pixels]
    """
    hosts, background = _share_candidates(rng, exposures)
    tracklets = _draw_tracklets(rng, exposures, hosts)
    glints = pd.concat(
        [
            pd.DataFrame({**vars(one), "exposure": host, "tracklet_id": f"{night}_{i:02d}"})
            for i, (host, one) in enumerate(zip(hosts, tracklets, strict=True), start=1)
        ]
    ).assign(role="candidate", kind="glint")

    crowding = rng.lognormal(0.0, 0.5, len(exposures))
    crowding /= crowding.sum()
    groups = [glints]
    for role, kind, per_exposure in (
        ("candidate", "background", background),
        ("candidate", "broken", rng.multinomial(N_BROKEN, crowding)),
        ("star", "", rng.multinomial(N_NO_OBJECT - N_CANDIDATES, crowding)),
        ("asteroid", "", rng.multinomial(N_SINGLE - N_NO_OBJECT, crowding)),
        ("variable", "", rng.multinomial(N_QUALITY - N_SINGLE, crowding)),
        ("poor", "", rng.multinomial(N_POOR, crowding)),
    ):
        exposure = np.repeat(np.arange(len(exposures)), per_exposure)
        rcid, x, y = mosaic.random_pixels(rng, len(exposure))
        pointing = exposures[["ra", "dec"]].to_numpy()[exposure]
        ra, dec = mosaic.pixels_to_sky(pointing[:, 0], pointing[:, 1], rcid, x, y)
        group = pd.DataFrame(
            {"exposure": exposure, "ra": ra, "dec": dec, "rcid": rcid, "x": x, "y": y}
        )
        groups.append(group.assign(role=role, kind=kind, tracklet_id=None))
    detections = pd.concat(groups, ignore_index=True)
    return detections.iloc[rng.permutation(len(detections))].reset_index(drop=True)


def _share_candidates(
    rng: np.random.Generator, exposures: pd.DataFrame
) -> tuple[Integers, Integers]:
    """Where the tracklets are, and how many background candidates each exposure has.

    Returns
    -------
    hosts : (12,) the exposure of each tracklet: the first two are crowded, the third and
        fourth share one, and the fifth lies across RA 0
    background : (n_exposures,)
    """
    order = rng.permutation(len(exposures))
    on_ra_zero = np.flatnonzero(exposures["ra"].to_numpy()[order] == 0.0)[0]
    order[[3, on_ra_zero]] = order[[on_ra_zero, 3]]
    n_hosts = N_TRACKLETS - 1
    hosts, busy, quiet = np.split(order[:N_WITH_CANDIDATES], [n_hosts, N_WITH_FIVE])

    background = np.zeros(len(exposures), dtype=int)
    background[hosts[:2]] = rng.integers(*CROWDED, 2)
    background[hosts[2:]] = rng.choice(QUIET, n_hosts - 2)
    background[quiet] = rng.permutation(QUIET)
    background[busy] = 5
    rest = N_CANDIDATES - N_TRACKLET_ALERTS - N_TWINS_OF_BACKGROUND - background.sum()
    weights = rng.pareto(1.5, len(busy))
    background[busy] += rng.multinomial(rest, weights / weights.sum())
    return np.insert(hosts, 2, hosts[2]), background


def _draw_tracklets(
    rng: np.random.Generator, exposures: pd.DataFrame, hosts: Integers
) -> list[Tracklet]:
    """One tracklet for each host, the fifth across RA 0, with a mean night's number of glints."""
    n_glints = N_TRACKLET_ALERTS - N_TWINS_OF_GLINTS
    while True:
        sizes = draw_sizes(rng, len(hosts))
        if sizes.sum() == n_glints and (sizes <= 6).sum() >= 3 and 8 <= np.median(sizes) <= 10:
            break
    tracklets = []
    for i, (host, size, length) in enumerate(
        zip(hosts, sizes, draw_lengths(rng, len(hosts)), strict=True)
    ):
        ra0, dec0 = exposures["ra"].iloc[host], exposures["dec"].iloc[host]
        one = draw_tracklet(rng, ra0, dec0, size, length)
        while i == 4 and not ((one.ra < 90.0).any() and (one.ra > 270.0).any()):
            one = draw_tracklet(rng, ra0, dec0, size, length)
        tracklets.append(one)
    return tracklets
