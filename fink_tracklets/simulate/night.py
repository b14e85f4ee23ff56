"""A whole simulated night: alert packets in Parquet, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fink_tracklets.errors import UserError
from fink_tracklets.simulate import background as sky
from fink_tracklets.simulate import output
from fink_tracklets.simulate.background import draw_background
from fink_tracklets.simulate.catalogue import draw_elements, read_catalogue, write_catalogue
from fink_tracklets.simulate.glints import MIN_POINTS, Glints, draw_glints
from fink_tracklets.simulate.instruments import find_instrument
from fink_tracklets.simulate.packets import add_ids, draw_columns
from fink_tracklets.simulate.prompt import becomes_alert
from fink_tracklets.simulate.rubin import object_numbers, visits
from fink_tracklets.simulate.schedule import draw_exposures, night_start
from fink_tracklets.survey import load_survey

NID_ZERO_JD = 2457754.5
"""ZTF's number of a night counts days from here."""
N_REDELIVERED = 4
"""Packets of any role that come twice, beside one of a glint and one of the background."""
N_TWINS_OF_GLINTS, N_TWINS_OF_BACKGROUND = 2, 1
"""Second packets of a detection, among the candidates."""
CUTOUTS = ("none", "candidates", "all")


@dataclass(frozen=True)
class SimulatedNight:
    """Where a simulated night lies and what is in it."""

    alerts: Path
    """Folder of Parquet files."""
    truth: Path
    """Parquet file, a row per alert that passes all cuts: see `output.TRUTH`."""
    truth_tracks: Path
    """Parquet file, a row per track that flashes on a detector: see `output.TRACKS`."""
    catalogue: Path
    """The elements that were flown, OMM or TLE."""
    truth_flashes: Path
    """Parquet file, a row per flash on a detector, detected or not: see `output.FLASHES`."""
    n_rows: int
    """Packets, also those delivered twice."""
    n_exposures: int
    n_candidates: int
    """Distinct alerts that pass all cuts and have position and time: the rows of the truth."""
    n_tracklets: int
    n_tracklet_alerts: int


def simulate_night(
    night: str,
    out: str | Path,
    seed: int = 1,
    *,
    exposures: int = sky.N_EXPOSURES,
    crowded: int = 0,
    catalogue: str | Path | None = None,
    survey: str = "ztf",
    cutouts: str = "none",
    candidates: int | None = None,
    after_prompt: bool = False,
) -> SimulatedNight:
    """Write a night of alerts to ``out``, in place of a former one.

    ``out/alerts/*.parquet`` are packets in the survey's schema, in random order;
    ``out/truth*.parquet`` say what they are; without a
    ``catalogue``, ``out/catalogue.json`` and ``.tle`` are the objects. The same arguments give
    the same rows. The objects and their spins depend on the seed only: nights are of one sky.

    Parameters
    ----------
    night : YYYYMMDD; for ztf in UTC, for rubin it begins at 12h UTC
    exposures : number of exposures in the night
    crowded : how many of them get 500 to 4,000 candidates from artefacts
    catalogue : file of OMM JSON, TLE or 3LE (or gzipped) to fly in place of the synthetic one
    survey : ztf or rubin
    cutouts : none, candidates (alerts that pass the cuts) or all
    candidates : background candidates in each exposure, evenly over the field, in place of the
        night's own numbers
    after_prompt : without what Rubin's prompt pipeline removes, see `prompt`

    Raises
    ------
    UserError : a wrong argument, or a folder that cannot be written or holds other things
    """
    # When the telescope points where, and what there is to fly: written first, and read back, so
    # that objects fly by the numbers in the file.
    instrument = find_instrument(survey)
    start = night_start(night, instrument)
    if not 0 <= crowded <= exposures:
        raise UserError(f"There cannot be {crowded} crowded exposures among {exposures}.")
    if candidates is not None and (candidates < 0 or crowded):
        raise UserError(
            f"{candidates} candidates in each exposure cannot be: give a number from 0 on, and no "
            "crowded exposures besides."
        )
    if after_prompt and survey != "rubin":
        raise UserError(f"The prompt pipeline is Rubin's, not {survey}'s: leave it out.")
    if cutouts not in CUTOUTS:
        raise UserError(f"cutouts must be one of {', '.join(CUTOUTS)}, not '{cutouts}'.")
    known = load_survey(survey)
    rng = np.random.default_rng([seed, int(night)])
    frame = draw_exposures(rng, night, exposures, known.site, known.exposure_time_s, instrument)
    flown = read_catalogue(catalogue) if catalogue is not None else None
    folder = output.prepare(Path(out), night, seed)
    with output.writing(folder):
        if catalogue is None:
            path = write_catalogue(draw_elements(seed, np.floor(start - 0.5) + 0.5), folder)
            flown = read_catalogue(path)
    assert flown is not None

    # What the camera detects, and what its packets say of it.
    glints = draw_glints(rng, frame, flown, known, instrument, seed)
    background = draw_background(rng, frame, instrument, crowded, candidates)
    tracks = _named(glints.tracks, night)
    detections = _detections(rng, glints, tracks, background)
    nid = int(np.floor(start - NID_ZERO_JD))
    columns = draw_columns(rng, detections, frame, night, nid, known.exposure_time_s, instrument)

    if after_prompt:
        left = becomes_alert(columns, detections, instrument, seed, night)
        columns = {name: values[left] for name, values in columns.items()}
        detections = detections[left].reset_index(drop=True)
        tracks = _named(_recounted(glints.tracks, detections), night)
        names = detections["track"].map(tracks["tracklet_id"])
        detections["tracklet_id"] = names.mask(detections["kind"] != "glint")

    # A few detections have a second packet with an id of its own; the truth knows of all of them.
    rows = np.concatenate([np.arange(len(detections)), _twins(rng, detections)])
    is_twin = np.arange(len(rows)) >= len(detections)
    detections = detections.iloc[rows].reset_index(drop=True)
    detections.loc[is_twin, "kind"] = "twin"
    columns = {name: values[rows] for name, values in columns.items()}
    add_ids(columns, detections.groupby(["exposure", "detector"]).cumcount().to_numpy() + 1)
    name_of = _names(frame, night, survey)
    objects = columns["objectId"] if survey == "ztf" else object_numbers(columns).astype(str)
    truth = _truth(columns, detections, name_of, objects)
    _break_rows(columns, np.flatnonzero(detections["kind"] == "broken"))

    # A few packets come twice, unchanged, and all of them in random order.
    rows = rng.permutation(np.concatenate([np.arange(len(rows)), _redelivered(rng, detections)]))
    columns = {name: values[rows] for name, values in columns.items()}
    detections = detections.iloc[rows].reset_index(drop=True)
    with output.writing(folder):
        output.write_alerts(
            columns, detections, glints.emitted, instrument, night, cutouts, folder / "alerts", seed
        )
        output.write_truth(truth, folder / "truth.parquet", output.TRUTH)
        flashes = _flashes(glints, frame, name_of)
        output.write_truth(flashes, folder / "truth_flashes.parquet", output.FLASHES)
        tracks = tracks.assign(exposure=name_of[tracks["exposure"].to_numpy(int)])
        output.write_truth(tracks, folder / "truth_tracks.parquet", output.TRACKS)
    return SimulatedNight(
        alerts=folder / "alerts",
        truth=folder / "truth.parquet",
        truth_tracks=folder / "truth_tracks.parquet",
        truth_flashes=folder / "truth_flashes.parquet",
        catalogue=Path(catalogue) if catalogue is not None else path,
        n_rows=len(rows),
        n_exposures=len(frame),
        n_candidates=len(truth),
        n_tracklets=truth["tracklet_id"].nunique(),
        n_tracklet_alerts=int(truth["tracklet_id"].notna().sum()),
    )


def _flashes(glints: Glints, exposures: pd.DataFrame, name_of: np.ndarray) -> pd.DataFrame:
    """Every flash that fell on a detector, detected or not."""
    row = glints.emitted["exposure"].to_numpy(int)
    return glints.emitted.assign(
        exposure=name_of[row],
        norad_cat_id=glints.tracks["norad_cat_id"].to_numpy()[
            glints.emitted["track"].to_numpy(int)
        ],
        limiting_mag=exposures["limit"].to_numpy()[row],
    ).rename(columns={"seconds": "flash_s"})


def _recounted(tracks: pd.DataFrame, detections: pd.DataFrame) -> pd.DataFrame:
    """The tracks with the numbers of their flashes that are detected still."""
    glints = detections.loc[detections["kind"] == "glint", "track"]
    counts = glints.value_counts().reindex(tracks.index, fill_value=0)
    return tracks.assign(flashes_detected=counts)


def _named(tracks: pd.DataFrame, night: str) -> pd.DataFrame:
    """The tracks with a tracklet_id where enough flashes were detected, else null."""
    whole = tracks["flashes_detected"].to_numpy(int) >= MIN_POINTS
    number = np.cumsum(whole)
    names = [
        f"{night}_{k:02d}" if is_one else None for k, is_one in zip(number, whole, strict=True)
    ]
    return tracks.assign(tracklet_id=pd.Series(names, tracks.index, dtype=object))


def _detections(
    rng: np.random.Generator, glints: Glints, tracks: pd.DataFrame, background: pd.DataFrame
) -> pd.DataFrame:
    """All detections of a night in random order, those of glints with their truth."""
    seen = glints.detected
    row = seen["track"].to_numpy(int)
    passes = (seen["role"] == "candidate").to_numpy()
    seen = seen.assign(
        kind=np.where(passes, "glint", ""),
        tracklet_id=tracks["tracklet_id"].iloc[row].mask(~passes).to_numpy(),
        norad_cat_id=tracks["norad_cat_id"].to_numpy()[row],
    )
    background = background.assign(track=-1, tracklet_id=None)
    parts = [part for part in (seen, background) if len(part)]
    detections = pd.concat(parts, ignore_index=True).reindex(
        columns=list(dict.fromkeys([*seen.columns, *background.columns]))
    )
    return detections.iloc[rng.permutation(len(detections))].reset_index(drop=True)


def _twins(rng: np.random.Generator, detections: pd.DataFrame) -> np.ndarray:
    """Rows of which there is a second packet."""
    glints = np.flatnonzero(detections["tracklet_id"].notna())
    background = np.flatnonzero(detections["kind"] == "background")
    return np.concatenate(
        [_some(rng, glints, N_TWINS_OF_GLINTS), _some(rng, background, N_TWINS_OF_BACKGROUND)]
    )


def _redelivered(rng: np.random.Generator, detections: pd.DataFrame) -> np.ndarray:
    """Rows whose packet comes twice."""
    groups = (("glint", 1), ("background", 1), ("", N_REDELIVERED))
    kind = detections["kind"].to_numpy()
    return np.concatenate([_some(rng, np.flatnonzero(kind == name), n) for name, n in groups])


def _some(rng: np.random.Generator, rows: np.ndarray, n: int) -> np.ndarray:
    return rng.choice(rows, min(n, len(rows)), replace=False)


def _break_rows(columns: dict[str, np.ndarray], rows: np.ndarray) -> None:
    """Take the position or the time from five rows, as null or as NaN."""
    for name, index, null in zip(
        ("jd", "jd", "ra", "ra", "dec"), rows, (True, False, True, False, True), strict=True
    ):
        columns[name] = np.ma.array(columns[name])
        columns[name][index] = np.ma.masked if null else np.nan


def _names(exposures: pd.DataFrame, night: str, survey: str) -> np.ndarray:
    """The exposures' names as our tables write them."""
    if survey == "rubin":
        return visits(night, np.arange(len(exposures))).astype(str).astype(object)
    return np.array([repr(float(start)) for start in exposures["jd"]], dtype=object)


def _truth(
    columns: dict[str, np.ndarray],
    detections: pd.DataFrame,
    name_of: np.ndarray,
    objects: np.ndarray,
) -> pd.DataFrame:
    """What each alert that passes the cuts is, in order of its id."""
    wanted = ("tracklet_id", "kind", "norad_cat_id", "seconds", "true_ra", "true_dec")
    truth = pd.DataFrame(
        {
            "alert_id": columns["candid"],
            "object_id": objects,
            "exposure": name_of[detections["exposure"].to_numpy(int)],
            **{name: detections[name] for name in (*wanted, "instant_mag")},
        }
    ).rename(columns={"seconds": "flash_s"})
    truth = truth[truth["kind"].isin(["glint", "background", "twin"])]
    return truth.sort_values("alert_id", ignore_index=True)
