"""Vectors as arrays ``(3, ...)``, for the finder's hot path.

`fink_tracklets.sky.sphere` has the same for vectors ``(..., 3)``. Here every scalar product is
added up term by term, so that a point's numbers are the same bits in whatever array it comes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


def dot(a: Array, b: Array) -> Array:
    """Scalar products over the first axis, term by term: the same bits in arrays of any shape."""
    product = a[0] * b[0]
    product += a[1] * b[1]
    product += a[2] * b[2]
    return np.asarray(product)


def circle_normal(a: Array, b: Array) -> Array:
    """Unit normals of the circles from a to b, ``(3, ...)``; zero where a equals b.

    From their difference, which keeps all digits where they are close: the normal of points 10"
    apart, too, is good to 1e-15.
    """
    normal = cross(a, b - a)
    length = np.sqrt(dot(normal, normal))
    return np.asarray(normal / np.where(length > 0, length, 1.0))


def cross(a: Array, b: Array) -> Array:
    """Vector products over the first axis, which `np.cross` takes far longer to begin with."""
    return np.stack([a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1))])


def along_across_track(points: Array, first: Array, last: Array) -> tuple[Array, Array, Array]:
    """Coordinates of points along and across the great circles from first to last points.

    Parameters
    ----------
    points : (3, S, n) or (3, 1, n) unit vectors
    first, last : (3, S) unit vectors

    Returns
    -------
    along, across : (S, n) [rad]; along is zero at the first point
    length : (S,) along of the last point
    """
    normal = circle_normal(first, last)
    ahead = cross(normal, first)
    # In the frame (first, ahead, normal) of each circle: longitude and latitude.
    along = np.arctan2(dot(ahead[..., None], points), dot(first[..., None], points))
    across = np.arcsin(dot(normal[..., None], points))
    return along, across, np.arctan2(dot(ahead, last), dot(first, last))
