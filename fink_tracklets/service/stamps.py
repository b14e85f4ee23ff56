"""Cutouts of alerts as FITS and PNG."""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fink_tracklets.glints.stamps import DamagedStamp, decode, level_and_noise
from fink_tracklets.service.index import Night
from fink_tracklets.service.packets import packet_stamps
from fink_tracklets.service.reading import ParquetReader
from fink_tracklets.service.refusal import Refusal

KINDS = ("science", "template", "difference")
LARGEST = 1 << 20
"""Bytes of one cutout; ZTF's have 16 kB."""
ABOVE_NOISE = 12.0
"""What is this many times the noise above the level is white at the latest."""


def stamp_fits(
    reader: ParquetReader, night: Night, alert_id: int, kind: str, alerts: str | None
) -> bytes:
    """A cutout as FITS, from the table `stamps`, else from the night's alerts.

    Raises
    ------
    Refusal : 404, it is in neither
    """
    stored = reader.part(night, "stamps", "alert_id", alert_id, [kind])
    content = stored[kind][0].as_py() if stored is not None and len(stored) else None
    if not content and alerts is not None:
        content = packet_stamps(alerts, night.night, alert_id, night.configuration).get(kind)
    if not content:
        where = "nor do the packets of --alerts" if alerts else "and `serve` runs without --alerts"
        raise Refusal(
            404,
            f"The store has no {kind} stamp of the alert {alert_id}, {where}: the store keeps "
            "those of alerts in tracklets, once `fink-tracklets glints` has run on the night.",
        )
    return unzipped(content)


def unzipped(content: bytes) -> bytes:
    """A FITS file that may be gzipped."""
    if content[:2] != b"\x1f\x8b":
        return content
    with gzip.open(io.BytesIO(content)) as file:
        found = file.read(LARGEST + 1)
    if len(found) > LARGEST:
        raise Refusal(404, f"The stamp is larger than {LARGEST:,} bytes.")
    return found


def stamp_png(fits: bytes, configuration: Mapping[str, Any]) -> bytes:
    """A cutout as a grey picture, north up and east to the left where its orientation is known.

    Parameters
    ----------
    configuration : the survey's, with the orientation of stamps that have no WCS
    """
    try:
        stamp = decode(fits)
    except DamagedStamp as error:
        raise pa.ArrowInvalid(f"a stamp is {error}") from error
    image = turned(stamp.pixels, stamp.axes or _axes(configuration))
    level, noise = level_and_noise(image)
    low = level - 1.5 * noise
    high = max(float(np.nanpercentile(image, 99.8)), level + ABOVE_NOISE * noise, low + 1e-9)
    shade = np.sqrt(np.clip((np.nan_to_num(image, nan=low) - low) / (high - low), 0, 1))
    return png(np.rint(255 * shade).astype(np.uint8))


def _axes(configuration: Mapping[str, Any]) -> tuple[float, float, float, float] | None:
    glints = configuration.get("glints") or {}
    x, y = (glints.get(f"{axis}_position_angle_deg") for axis in "xy")
    if x is None or y is None:
        return None
    x, y = math.radians(x), math.radians(y)
    return math.sin(x), math.cos(x), math.sin(y), math.cos(y)


def turned(
    image: NDArray[np.float32], axes: tuple[float, float, float, float] | None
) -> NDArray[np.float32]:
    """An image with its first row on top: north up, east to the left, to the nearest quarter turn.

    Parameters
    ----------
    image : rows are y, columns x
    axes : east and north of a step in x, then in y; None: y grows upwards, as FITS is shown
    """
    if axes is None:
        return image[::-1]
    east_x, north_x, east_y, north_y = axes
    if abs(north_x) > abs(east_x):
        image, east_x, north_y = image.T, east_y, north_x
    return image[:: -1 if north_y > 0 else 1, :: -1 if east_x > 0 else 1]


def png(image: NDArray[np.uint8]) -> bytes:
    """A grey picture as PNG, the first row on top."""
    height, width = image.shape
    rows = np.hstack([np.zeros((height, 1), np.uint8), image]).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
