"""What the pictures are made of: SVG, drawn on the server."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.service.pages.html import Markup, tag


def polyline(points: NDArray[np.float64], kind: str) -> Markup:
    """A line of one of the style sheet's kinds."""
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return tag("polyline", points=text, class_=kind)


def star(x: float, y: float, radius: float) -> str:
    """The path of a star with five points."""
    corners = [
        (x + r * np.sin(k * np.pi / 5), y - r * np.cos(k * np.pi / 5))
        for k in range(10)
        for r in [radius if k % 2 == 0 else radius * 0.42]
    ]
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in corners) + "Z"


def tenth(value: float) -> float:
    """A coordinate as it is written."""
    return round(float(value), 1)
