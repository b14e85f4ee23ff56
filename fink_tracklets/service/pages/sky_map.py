"""The map of a night: its exposures and tracklets on the whole sky."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.service.pages.html import Markup, tag
from fink_tracklets.service.pages.svg import polyline, star, tenth
from fink_tracklets.service.sky import belt, mollweide

HALF = 139.0
"""Half the height of the sky, in units of the picture."""
MIDDLE = (280.0, 142.0)


def sky_map(
    exposures: Mapping[str, Sequence[Any]],
    tracklets: Sequence[Mapping[str, Any]],
    configuration: Mapping[str, Any],
    href: Callable[[str], str],
) -> Markup:
    """Exposures as discs of their area, darker with more candidates; tracklets as links.

    Parameters
    ----------
    exposures : ra, dec [deg, ICRS], candidates
    tracklets : rows of the table
    configuration : field_area_deg2 and site of the survey
    href : tracklet's name to the address of its page
    """
    ra_lines = [polyline(_map(np.full(41, a), np.linspace(-90, 90, 41)), "grid")
                for a in range(0, 360, 30)]  # fmt: skip
    dec_lines = [_parallel(np.full(121, dec), "grid") for dec in (-60, -30, 0, 30, 60)]
    labels = [
        tag("text", text, x=tenth(x + dx), y=tenth(y + dy), class_="tick")
        for text, ra, dec, dx, dy in [
            *((f"{ra // 15}h", ra, 0, 0, -4) for ra in (0, 60, 120, 240, 300)),
            *((f"{dec:+d}°", 0, dec, 0, -4) for dec in (-60, -30, 30, 60)),
        ]
        for x, y in _map([ra], [dec])
    ]
    radius = HALF * math.radians(math.sqrt((configuration["field_area_deg2"] or 0) / math.pi))
    places: Any = _map(exposures["ra"], exposures["dec"]) if len(exposures["ra"]) else []
    discs = [
        tag("circle", cx=tenth(x), cy=tenth(y), r=max(tenth(radius * 2 / math.pi), 2.0),
            class_="exposure", fill_opacity=round(min(0.1 + 0.025 * n, 0.85), 2))
        for (x, y), n in zip(places, exposures["candidates"], strict=True)
    ]  # fmt: skip
    marks = []
    for row in tracklets:
        ((x, y),) = _map([row["ra_start"]], [row["dec_start"]])
        title = tag("title", f"{row['tracklet']}, {row['n_alerts']} alerts")
        shape = tag("path", d=star(x, y, 8), class_="glint")
        marks.append(tag("a", title, shape, href=href(row["tracklet"])))
    outline = tag("ellipse", cx=MIDDLE[0], cy=MIDDLE[1], rx=2 * HALF, ry=HALF, class_="frame")
    site = configuration["site"]
    ring = _parallel(belt(site["latitude_deg"], 121), "satellite") if site else None
    return tag(
        "svg", outline, ra_lines, dec_lines, ring, discs, labels, marks,
        viewBox="0 0 560 284", role="img",
        aria_label=f"Map of the sky with {len(discs)} exposures and {len(marks)} tracklets, "
        "which the table lists",
    )  # fmt: skip


def _parallel(dec: NDArray[np.float64], kind: str) -> Markup:
    return polyline(_map(np.linspace(180.001, 539.999, len(dec)), dec), kind)


def _map(ra: Any, dec: Any) -> NDArray[np.float64]:
    return np.array(MIDDLE) + mollweide(ra, dec) * [HALF, -HALF]
