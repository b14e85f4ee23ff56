"""The catalogued object's arc over a tracklet, as in the left panel of P2's figure 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fink_tracklets.plots.figure import ARC

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_arc(
    axes: Axes, match: pd.Series, offsets: Callable[[pd.DataFrame], tuple[np.ndarray, np.ndarray]]
) -> None:
    """The arc of the best match, shifted along its orbit as the match says.

    Parameters
    ----------
    axes : of the close-up
    match : a row of the table `satellites`
    offsets : from ra and dec to the axes' coordinates
    """
    places = ("start", "middle", "end")
    arc = pd.DataFrame(
        {axis: [match[f"arc_{axis}_{place}"] for place in places] for axis in ("ra", "dec")}
    )
    half = np.linspace(-1, 1, 100)
    curve = [np.polynomial.Polynomial.fit([-1, 0, 1], values, 2)(half) for values in offsets(arc)]
    sure = "" if match["certain"] else ", one of several"
    name = f"{match['object_name']} ({match['norad_cat_id']}{sure})"
    axes.plot(*curve, c=ARC, lw=2, ls="--", label=name, zorder=2)
