"""A tracklet on the sky: its alerts and curve, the other candidates, the satellite's path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.service.details import Details, satellite_arc
from fink_tracklets.service.pages.html import Markup, tag
from fink_tracklets.service.pages.svg import polyline, tenth
from fink_tracklets.service.sky import nearest_on, offsets

WIDTH = 520.0
Points = NDArray[np.float64]


def sky_view(found: Details, stamp: Callable[[int], str] | None) -> Markup:
    """North up, east to the left, at least half as high as wide.

    Parameters
    ----------
    stamp : address of a candidate's stamp, where candidates outside of tracklets have stamps
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

    shapes: list[Any] = [polyline(xy(found.curve), "curve")]
    if best is not None and arc is not None:
        name = best["object_name"] or best["norad_cat_id"]
        shapes.append(_path(f"predicted path of {name}", xy(arc)))
    for row, (x, y) in zip(found.others, xy(others), strict=True):
        if 0 <= x <= WIDTH and 0 <= y <= height:
            mark = tag("circle", tag("title", f"candidate {row['alert_id']}"), cx=tenth(x),
                       cy=tenth(y), r=4, class_="candidate")  # fmt: skip
            shapes.append(
                tag("a", mark, href=stamp(row["alert_id"]), tabindex=-1) if stamp else mark
            )
    shapes += [
        tag("circle", tag("title", f"{row['object_id']}, mag {row['mag'] or float('nan'):.2f}"),
            cx=tenth(x), cy=tenth(y), r=5, class_="glint")
        for row, (x, y) in zip(found.alerts, xy(members), strict=True)
    ]  # fmt: skip
    return tag(
        "svg", tag("rect", width=WIDTH, height=tenth(height), class_="frame"), shapes,
        _scale(half, height), viewBox=f"0 0 {WIDTH:.0f} {height:.0f}", role="img",
        aria_label=f"{len(members)} alerts along a curve, with {len(found.others)} other "
        "candidates of the exposure",
    )  # fmt: skip


def _offsets(found: Details, rows: list[dict[str, Any]]) -> Points:
    if not rows:
        return np.empty((0, 2))
    return offsets(found.at, [row["ra"] for row in rows], [row["dec"] for row in rows])


def _path(title: str, line: Points) -> Markup:
    """A satellite's path with an arrow at its end."""
    (x, y), (dx, dy) = line[-1], line[-1] - line[-2]
    angle = tenth(np.degrees(np.arctan2(dy, dx)))
    head = tag("path", d="M-9 -5L1 0L-9 5", class_="satellite head",
               transform=f"translate({tenth(x)} {tenth(y)}) rotate({angle})")  # fmt: skip
    return tag("g", tag("title", title), polyline(line, "satellite"), head)


def _scale(half: float, height: float) -> list[Markup]:
    bar = float(f"{half / 2:.0e}")
    length = bar / half * WIDTH / 2
    right = WIDTH - 20
    return [
        tag("path", d=f"M20 {tenth(height - 16)}h{tenth(length)}", class_="bar"),
        tag("text", f"{bar:.0f}″", x=tenth(20 + length / 2), y=tenth(height - 22), class_="tick"),
        tag("text", "N", x=right, y=20, class_="tick"),
        tag("text", "E", x=right - 38, y=58, class_="tick"),
        tag("path", d=f"M{right} 54v-28M{right} 54h-30", class_="bar thin"),
    ]
