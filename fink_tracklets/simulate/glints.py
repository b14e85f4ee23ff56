"""The flashes of a night's objects as the camera records them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fink_tracklets.simulate import mosaic
from fink_tracklets.simulate.catalogue import Fleet
from fink_tracklets.simulate.flashes import (
    MISSED,
    Spin,
    draw_spin,
    flash,
    is_point,
    measure,
    resolved,
)
from fink_tracklets.simulate.instruments import Instrument
from fink_tracklets.simulate.orbits import Passage, crossings
from fink_tracklets.sky.sphere import ra_dec
from fink_tracklets.survey import Survey

MIN_POINTS = 5
"""Detections in one exposure that make a tracklet (P1 section 1.3)."""


@dataclass(frozen=True)
class Glints:
    """What flashes in a night."""

    detected: pd.DataFrame
    """A row per alert: exposure (row), track (row of `tracks`), role ('candidate', or 'poor' where
    the pipeline sees that it is no point), detector, x, y [pixels], ra, dec, mag, mag_err, trail
    [arcsec], the way of the object while it lasts, and the truth: seconds, true_ra, true_dec [deg],
    instant_mag."""
    tracks: pd.DataFrame
    """A row per track that flashes on a detector, see `docs/simulation.md`."""
    emitted: pd.DataFrame
    """A row per flash on a detector, detected or not: exposure, track, detector, x, y, mag, and
    dx, dy [pixels], the way of the object while it lasts."""


def draw_glints(
    rng: np.random.Generator,
    exposures: pd.DataFrame,
    fleet: Fleet,
    survey: Survey,
    instrument: Instrument,
    seed: int,
) -> Glints:
    """Fly the flashing objects of a fleet through the fields of a night."""
    # The objects that flash at all, and where they cross a field.
    ids, classes = fleet.norad_cat_id, fleet.orbit_class
    spins = [draw_spin(seed, int(i), kind) for i, kind in zip(ids, classes, strict=True)]
    flashing = np.array([spin is not None for spin in spins], dtype=bool)
    part = Fleet(*(values[flashing] for values in vars(fleet).values()))
    kept = [spin for spin in spins if spin is not None]
    passages = crossings(
        part,
        survey.site,
        exposures["jd"].to_numpy(),
        survey.exposure_time_s,
        exposures["ra"].to_numpy(),
        exposures["dec"].to_numpy(),
        instrument.mosaic.radius_deg,
    )

    # What the camera records of each passage; those without a flash on a detector are no tracks.
    rows: list[dict[str, object]] = []
    detected, emitted = [], []
    for passage in passages:
        pointing = exposures.iloc[passage.exposure]
        seen, every = record(
            rng,
            passage,
            spin=kept[passage.row],
            ra0=pointing["ra"],
            dec0=pointing["dec"],
            limiting_mag=pointing["limit"],
            instrument=instrument,
        )
        if every.empty:
            continue
        number = len(rows)
        detected.append(seen.assign(track=number, exposure=passage.exposure))
        emitted.append(every.assign(track=number, exposure=passage.exposure))
        n_detected = int((seen["role"] == "candidate").sum())
        rows.append(_row(passage, kept[passage.row], part, len(every), n_detected))
    empty = pd.DataFrame(columns=[*COLUMNS, "track", "exposure"])
    return Glints(
        detected=pd.concat(detected, ignore_index=True) if detected else empty,
        tracks=pd.DataFrame(rows, columns=list(TRACK_COLUMNS)),
        emitted=pd.concat(emitted, ignore_index=True) if emitted else empty,
    )


COLUMNS = (
    *("role", "detector", "x", "y", "ra", "dec", "mag", "mag_err", "trail"),
    *("seconds", "true_ra", "true_dec", "instant_mag"),
)
TRACK_COLUMNS = (
    *("exposure", "norad_cat_id", "object_name", "orbit_class"),
    *("period_s", "duration_s", "flashes_per_turn", "size_m", "flashes_emitted"),
    *("flashes_detected", "arc_arcsec", "range_km", "phase_angle_deg"),
)


def record(
    rng: np.random.Generator,
    passage: Passage,
    spin: Spin,
    ra0: float,
    dec0: float,
    limiting_mag: float,
    instrument: Instrument,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The detections, and all flashes that fall on a detector, of one track.

    A flash that is stretched or runs into its neighbour gives an alert of poor quality in half
    of the cases, and none in the others.
    """
    # Where the flashes are, and which of them the pipeline sees as good points, or at all.
    flashes = flash(rng, spin, passage.range_km, passage.exposure_time_s)
    vectors = passage.at(flashes.seconds)
    xi, eta = mosaic.sky_to_plane(ra0, dec0, vectors)
    detector, x, y = mosaic.plane_to_pixels(xi, eta, instrument.mosaic)
    mag, mag_err, position_error = measure(rng, flashes.mag, limiting_mag, instrument)
    bright = mag < limiting_mag
    good = resolved(flashes, vectors, instrument.fwhm_arcsec) & is_point(
        spin, passage, instrument.fwhm_arcsec
    )
    lost = rng.uniform(size=len(mag)) < np.where(good, MISSED, 0.5)

    # The truth of all of them, with the way of the object while a flash lasts.
    true_ra, true_dec = ra_dec(vectors)
    every = pd.DataFrame(
        {
            "detector": detector,
            "x": x,
            "y": y,
            "mag": flashes.mag,
            "seconds": flashes.seconds,
            "true_ra": true_ra,
            "true_dec": true_dec,
            "instant_mag": flashes.instant_mag,
        }
    )
    before, after = (
        np.stack(mosaic.sky_to_plane(ra0, dec0, passage.at(flashes.seconds + half)))
        for half in (-spin.duration_s / 2, spin.duration_s / 2)
    )
    every["dx"], every["dy"] = (before - after) / instrument.mosaic.pixel_arcsec

    # The detections, at measured positions: also of a flash that the noise brings to an edge.
    on_detector = detector >= 0
    noise = rng.normal(0.0, 1.0, (2, len(mag))) * position_error
    detector, x, y = mosaic.plane_to_pixels(xi + noise[0], eta + noise[1], instrument.mosaic)
    ra, dec = mosaic.plane_to_sky(ra0, dec0, xi + noise[0], eta + noise[1])
    seen = every.assign(
        role=np.where(good, "candidate", "poor"),
        detector=detector,
        x=x,
        y=y,
        ra=ra,
        dec=dec,
        mag=mag,
        mag_err=mag_err,
        trail=np.hypot(every["dx"], every["dy"]) * instrument.mosaic.pixel_arcsec,
    )[list(COLUMNS)]
    return seen[bright & ~lost & on_detector & (detector >= 0)], every[on_detector]


def _row(
    passage: Passage, spin: Spin, fleet: Fleet, n_emitted: int, n_detected: int
) -> dict[str, object]:
    return {
        "exposure": passage.exposure,
        "norad_cat_id": int(fleet.norad_cat_id[passage.row]),
        "object_name": fleet.name[passage.row],
        "orbit_class": fleet.orbit_class[passage.row],
        "period_s": spin.period_s,
        "duration_s": spin.duration_s,
        "flashes_per_turn": len(spin.turn),
        "size_m": spin.size_m,
        "flashes_emitted": n_emitted,
        "flashes_detected": n_detected,
        "arc_arcsec": passage.arc_arcsec,
        "range_km": passage.range_km,
        "phase_angle_deg": passage.phase_angle_deg,
    }
