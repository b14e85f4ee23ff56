"""The map of a night: its exposures and tracklets on the whole sky."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from fink_tracklets.service.pages import svg
from fink_tracklets.service.pages.svg import tenth
from fink_tracklets.service.sky import belt, mollweide
from fink_tracklets.survey import Survey

HALF = 139.0
"""Half the height of the sky, in units of the picture."""
MIDDLE = (280.0, 142.0)
LABELS = [
    *((f"{ra // 15}h", ra, 0) for ra in (0, 60, 120, 240, 300)),
    *((f"{dec:+d}°", 0, dec) for dec in (-60, -30, 30, 60)),
]
"""Texts with the right ascension and declination [deg] at which they stand."""


def sky_map(
    exposures: Mapping[str, Sequence[Any]],
    tracklets: Sequence[Mapping[str, Any]],
    survey: Survey,
    folder: str,
) -> Markup:
    """Exposures as discs of their area, darker with more candidates; tracklets as links.

    Parameters
    ----------
    exposures : ra, dec [deg, ICRS], candidates
    tracklets : rows of the table
    survey : whose telescope it was
    folder : address of the folder in which the tracklets' pages are
    """
    outline = Markup('<ellipse cx="{}" cy="{}" rx="{}" ry="{}" class="frame"/>')
    shapes = [outline.format(*MIDDLE, 2 * HALF, HALF)]
    for ra in range(0, 360, 30):
        meridian = _map(np.full(41, ra), np.linspace(-90, 90, 41))
        shapes.append(svg.polyline(meridian, "grid"))
    shapes += [_parallel(np.full(121, dec), "grid") for dec in (-60, -30, 0, 30, 60)]
    shapes.append(_parallel(belt(survey.site.latitude_deg, 121), "satellite"))
    radius = HALF * math.radians(math.sqrt(survey.field_area_deg2 / math.pi))
    shown = max(tenth(radius * 2 / math.pi), 2.0)
    form = Markup('<circle cx="{}" cy="{}" r="{}" class="exposure" fill-opacity="{}"/>')
    n_exposures = len(exposures["ra"])
    places: Any = _map(exposures["ra"], exposures["dec"]) if n_exposures else []
    for (x, y), n in zip(places, exposures["candidates"], strict=True):
        opacity = round(min(0.1 + 0.025 * n, 0.85), 2)
        shapes.append(form.format(tenth(x), tenth(y), shown, opacity))
    for text, ra, dec in LABELS:
        ((x, y),) = _map([ra], [dec])
        shapes.append(svg.label(x, y - 4, text))
    for row in tracklets:
        ((x, y),) = _map([row["ra_start"]], [row["dec_start"]])
        title = svg.title(f"{row['tracklet']}, {row['n_alerts']} alerts")
        mark = svg.path(svg.star(x, y, 8), "glint")
        link = Markup('<a href="{}/{}">{}{}</a>')
        shapes.append(link.format(folder, row["tracklet"], title, mark))
    told = (
        f"Map of the sky with {n_exposures} exposures and {len(tracklets)} tracklets, "
        "which the table lists"
    )
    return svg.picture(560, 284, told, shapes)


def _parallel(dec: NDArray[np.float64], kind: str) -> Markup:
    return svg.polyline(_map(np.linspace(180.001, 539.999, len(dec)), dec), kind)


def _map(ra: Any, dec: Any) -> NDArray[np.float64]:
    return np.array(MIDDLE) + mollweide(ra, dec) * [HALF, -HALF]
