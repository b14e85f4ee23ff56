"""A tracklet on the sky: its alerts and curve, the other candidates, the satellite's path."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from fink_tracklets.service.pages import svg
from fink_tracklets.service.pages.svg import tenth
from fink_tracklets.service.reading.details import Details, satellite_arc
from fink_tracklets.service.sky import nearest_on, offsets

WIDTH = 520.0
Points = NDArray[np.float64]


def sky_view(found: Details, folder: str | None) -> Markup:
    """North up, east to the left, at least half as high as wide.

    Parameters
    ----------
    folder : address of the stamps, where candidates outside of tracklets have some
    """
    members = _offsets(found, found.alerts)
    others = _offsets(found, found.others)
    best = next(iter(found.satellites or []), None)
    arc = None if best is None else satellite_arc(found, best)
    framed = members if arc is None else np.vstack([members, nearest_on(arc, np.zeros(2))])
    low, high = framed.min(axis=0), framed.max(axis=0)
    middle = (low + high) / 2
    half = 0.6 * max((high - low).max(), 60.0)
    height = WIDTH * min(max(0.6 * (high - low)[1] / half, 0.5), 1.0)

    def xy(points: Points) -> Points:
        """Pixels of the picture."""
        return np.array([WIDTH, height]) / 2 + (points - middle) / half * [-1, -1] * WIDTH / 2

    shapes = [svg.frame(0, 0, WIDTH, height), svg.polyline(xy(found.curve), "curve")]
    if best is not None and arc is not None:
        name = best["object_name"] or best["norad_cat_id"]
        shapes.append(_path(f"predicted path of {name}", xy(arc)))
    for row, (x, y) in zip(found.others, xy(others), strict=True):
        if 0 <= x <= WIDTH and 0 <= y <= height:
            alert = row["alert_id"]
            mark = svg.circle(x, y, 4, "candidate", svg.title(f"candidate {alert}"))
            link = Markup('<a href="{}/{}/difference.png" tabindex="-1">{}</a>')
            shapes.append(link.format(folder, alert, mark) if folder else mark)
    for row, (x, y) in zip(found.alerts, xy(members), strict=True):
        title = svg.title(f"{row['object_id']}, mag {row['mag'] or float('nan'):.2f}")
        shapes.append(svg.circle(x, y, 5, "glint", title))
    shapes += _scale(half, height)
    told = (
        f"{len(members)} alerts along a curve, with {len(found.others)} other "
        "candidates of the exposure"
    )
    return svg.picture(WIDTH, height, told, shapes)


def _offsets(found: Details, rows: list[dict[str, Any]]) -> Points:
    if not rows:
        return np.empty((0, 2))
    return offsets(found.at, [row["ra"] for row in rows], [row["dec"] for row in rows])


def _path(title: str, line: Points) -> Markup:
    """A satellite's path with an arrow at its end."""
    (x, y), (dx, dy) = line[-1], line[-1] - line[-2]
    place = f"translate({tenth(x)} {tenth(y)}) rotate({tenth(np.degrees(np.arctan2(dy, dx)))})"
    form = Markup('<g>{}{}<path d="M-9 -5L1 0L-9 5" class="satellite head" transform="{}"/></g>')
    return form.format(svg.title(title), svg.polyline(line, "satellite"), place)


def _scale(half: float, height: float) -> list[Markup]:
    bar = float(f"{half / 2:.0e}")
    length = bar / half * WIDTH / 2
    right = WIDTH - 20
    return [
        svg.path(f"M20 {tenth(height - 16)}h{tenth(length)}", "bar"),
        svg.label(20 + length / 2, height - 22, f"{bar:.0f}″"),
        svg.label(right, 20, "N"),
        svg.label(right - 38, 58, "E"),
        svg.path(f"M{right} 54v-28M{right} 54h-30", "bar thin"),
    ]
