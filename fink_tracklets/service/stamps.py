"""Cutouts of alerts as FITS and PNG."""

from __future__ import annotations

import gzip
import io
import struct
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from fink_tracklets.service.index import Night
from fink_tracklets.service.reading import ParquetReader
from fink_tracklets.service.refusal import Refusal

KINDS = ("science", "template", "difference")
LARGEST = 1 << 20
"""Bytes of one cutout; ZTF's have 16 kB."""
NOT_THERE = (
    "The store has no stamps of this alert: run `fink-tracklets glints` on the night, or start "
    "`serve` with --alerts."
)


def stamp_fits(
    reader: ParquetReader, night: Night, alert_id: int, kind: str, alerts: str | None
) -> bytes:
    """A cutout as FITS, from the table `stamps`, else from the night's alerts.

    Raises
    ------
    Refusal : 404, it is in neither
    """
    content = None
    stored = reader.part(night, "stamps", "alert_id", alert_id, [kind])
    if stored is not None and len(stored):
        content = stored[kind][0].as_py()
    elif alerts is not None:
        content = _from_alerts(alerts, night.night, alert_id, kind)
    if not content:
        raise Refusal(404, NOT_THERE)
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


def _from_alerts(alerts: str, night: str, alert_id: int, kind: str) -> bytes | None:
    """From ZTF's packets in Parquet."""
    path = alerts.replace("{Y}", night[:4]).replace("{m}", night[4:6]).replace("{d}", night[6:])
    column = f"cutout{kind.capitalize()}"
    try:
        dataset = ds.dataset(path, format="parquet", partitioning=None)
    except FileNotFoundError:
        return None
    if column not in dataset.schema.names or "candid" not in dataset.schema.names:
        return None
    found = dataset.to_table(
        columns={"stamp": pc.field(column, "stampData")}, filter=pc.field("candid") == alert_id
    )
    return found["stamp"][0].as_py() if len(found) else None


def stamp_png(fits: bytes) -> bytes:
    """A cutout as a picture: grey, north up as stored, stretched between its own percentiles."""
    from astropy.io.fits import open as open_fits

    try:
        with open_fits(io.BytesIO(fits)) as file:
            image = np.asarray(next(hdu.data for hdu in file if hdu.data is not None), float)
    except (OSError, StopIteration, ValueError) as error:
        raise pa.ArrowInvalid(f"a stamp is not FITS: {error}") from error
    finite = image[np.isfinite(image)]
    low, high = np.percentile(finite, [5, 99.5]) if finite.size else (0.0, 1.0)
    scaled = np.clip((np.nan_to_num(image, nan=low) - low) / max(high - low, 1e-9), 0, 1)
    shade = np.arcsinh(5 * scaled) / np.arcsinh(5)
    return png(np.rint(255 * shade[::-1]).astype(np.uint8))


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
