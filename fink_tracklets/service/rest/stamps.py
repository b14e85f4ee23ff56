"""The call for cutouts of alerts, as FITS and as grey pictures."""

from __future__ import annotations

import re
import struct
import zlib

import numpy as np
import pyarrow as pa
from fastapi import APIRouter, Depends
from numpy.typing import NDArray
from starlette.responses import Response

from fink_tracklets.glints.stamps import DamagedStamp, decode, level_and_noise
from fink_tracklets.service.reading.packets import KINDS
from fink_tracklets.service.reading.stamps import exposure_stamp
from fink_tracklets.service.refusal import shown, wrong
from fink_tracklets.service.requests import (
    AlertNumber,
    Alerts,
    StoreReader,
    WholeName,
    no_arguments,
)
from fink_tracklets.service.rest.openapi import JSON, responses
from fink_tracklets.survey.glints import GlintSettings

PNG_AGE_S = 86_400
ABOVE_NOISE = 12.0
"""What is this many times the noise above the level is white at the latest."""

router = APIRouter(prefix="/api/v1", dependencies=[Depends(no_arguments)])


@router.get(
    "/tracklets/{name}/stamps/{alert_id}/{file}",
    summary="A cutout of a candidate of the tracklet's exposure: science.png, science.fits, "
    "template..., difference...",
    responses=responses(JSON),
    response_class=Response,
)
def stamp(
    name: WholeName, alert: AlertNumber, file: str, reader: StoreReader, alerts: Alerts
) -> Response:
    match = re.fullmatch(rf"({'|'.join(KINDS)})\.(png|fits)", file)
    if match is None:
        raise wrong(
            f"{shown(file)} is not a stamp: write science, template or difference, "
            "then .png or .fits."
        )
    kind, form = match.groups()
    content, survey = reader.consistent(
        lambda snapshot: exposure_stamp(snapshot, name, alert, kind, alerts)
    )
    if form == "fits":
        given = {"Content-Disposition": f'attachment; filename="{alert}_{kind}.fits"'}
        return Response(content, media_type="application/fits", headers=given)
    kept = {"Cache-Control": f"max-age={PNG_AGE_S}"}
    return Response(stamp_png(content, survey.glints), media_type="image/png", headers=kept)


def stamp_png(fits: bytes, settings: GlintSettings | None) -> bytes:
    """A cutout as a grey picture, north up and east to the left where its orientation is known.

    Parameters
    ----------
    settings : the survey's, with the orientation of stamps that have no WCS
    """
    try:
        stamp = decode(fits)
    except DamagedStamp as error:
        raise pa.ArrowInvalid(f"a stamp is {error}") from error
    image = turned(stamp.pixels, stamp.axes or (settings.axes if settings else None))
    level, noise = level_and_noise(image)
    low = level - 1.5 * noise
    high = max(float(np.nanpercentile(image, 99.8)), level + ABOVE_NOISE * noise, low + 1e-9)
    shade = np.sqrt(np.clip((np.nan_to_num(image, nan=low) - low) / (high - low), 0, 1))
    return png(np.rint(255 * shade).astype(np.uint8))


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
