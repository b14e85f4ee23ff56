"""Bare exposures of candidates with injected tracklets, for tests of the finder."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fink_tracklets.simulate import mosaic
from fink_tracklets.simulate.tracks import draw_lengths, draw_sizes, draw_tracklet


def random_exposures(
    rng: np.random.Generator,
    n_exposures: int,
    n_background: int,
    tracklets_per_exposure: int,
    pointing: tuple[float, float] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Exposures of uniform background candidates and tracklets.

    Parameters
    ----------
    n_background : background candidates in each exposure
    pointing : RA and Dec [deg] to which every exposure points, on the middle of a CCD; without
        it, each points anywhere on the sky

    Returns
    -------
    frame : exposure (str), alert_id, ra, dec [deg], detector, x, y [pixels], rows in random order
    truth : alert_id, exposure, tracklet_id (null for background), kind ('glint' or 'background')
    """
    if pointing is None:
        ra0 = rng.uniform(0.0, 360.0, n_exposures)
        dec0 = np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, n_exposures)))
    else:
        ra0, dec0 = (np.full(n_exposures, angle) for angle in pointing)

    exposure = np.repeat(np.arange(n_exposures), n_background)
    rcid, x, y = mosaic.random_pixels(rng, len(exposure))
    ra, dec = mosaic.pixels_to_sky(ra0[exposure], dec0[exposure], rcid, x, y)
    background = {"exposure": exposure, "ra": ra, "dec": dec, "rcid": rcid, "x": x, "y": y}
    parts = [pd.DataFrame(background).assign(tracklet_id=None, kind="background")]

    hosts = np.repeat(np.arange(n_exposures), tracklets_per_exposure)
    sizes, lengths = draw_sizes(rng, len(hosts)), draw_lengths(rng, len(hosts))
    for number, (i, size, length) in enumerate(zip(hosts, sizes, lengths, strict=True)):
        one = draw_tracklet(rng, ra0[i], dec0[i], size, length)
        glints = pd.DataFrame({**vars(one), "exposure": i})
        parts.append(glints.assign(tracklet_id=f"{number:05d}", kind="glint"))

    rows = pd.concat(parts, ignore_index=True)
    rows = rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)
    rows["exposure"] = rows["exposure"].map("{:05d}".format)
    rows["alert_id"] = np.arange(1, len(rows) + 1)
    return (
        rows.rename(columns={"rcid": "detector"})[
            ["exposure", "alert_id", "ra", "dec", "detector", "x", "y"]
        ],
        rows[["alert_id", "exposure", "tracklet_id", "kind"]],
    )
