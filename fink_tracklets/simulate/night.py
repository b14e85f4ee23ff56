"""A whole simulated night of ZTF: alert packets in Parquet, and the truth beside them."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fink_tracklets.errors import UserError
from fink_tracklets.simulate import detections as sky
from fink_tracklets.simulate.packets import add_ids, draw_columns, to_table
from fink_tracklets.simulate.schedule import draw_exposures, night_start
from fink_tracklets.survey import load_survey

NID_ZERO_JD = 2457754.5
"""ZTF's number of a night counts days from here."""
N_REDELIVERED = 4
"""Packets of any role that come twice, beside one of a glint and one of the background."""
N_FILES = 4
MARKER = "simulation.json"
"""Tells that a folder is ours to replace."""


@dataclass(frozen=True)
class SimulatedNight:
    """Where a simulated night lies and what is in it."""

    alerts: Path
    """Folder of Parquet files."""
    truth: Path
    """Parquet file: alert_id, object_id, exposure, tracklet_id (null for background), kind."""
    n_rows: int
    """Packets, also those delivered twice."""
    n_exposures: int
    n_candidates: int
    """Distinct alerts that pass all cuts and have position and time: the rows of the truth."""
    n_tracklets: int
    n_tracklet_alerts: int


def simulate_night(night: str, out: str | Path, seed: int = 1) -> SimulatedNight:
    """Write a night of alerts with twelve tracklets to ``out``, in place of a former one.

    ``out/alerts/*.parquet`` are packets in ZTF's schema without cutouts, in random order;
    ``out/truth.parquet`` has one row per alert that passes all cuts, of kind glint, background
    or twin (a second packet of a detection). The same night and seed give the same rows.

    Parameters
    ----------
    night : YYYYMMDD, in UTC

    Raises
    ------
    UserError : a wrong night, or a folder that cannot be written or holds other things
    """
    nid = int(night_start(night) - NID_ZERO_JD)
    survey = load_survey("ztf")
    rng = np.random.default_rng([seed, int(night)])
    exposures = draw_exposures(rng, night, sky.N_EXPOSURES, survey.site, survey.exposure_time_s)
    detections = sky.draw_detections(rng, exposures, night)
    columns = draw_columns(rng, detections, exposures, night, nid, survey.exposure_time_s)

    rows = np.concatenate([np.arange(len(detections)), _twins(rng, detections)])
    is_twin = np.arange(len(rows)) >= len(detections)
    detections = detections.iloc[rows].reset_index(drop=True)
    detections.loc[is_twin, "kind"] = "twin"
    columns = {name: values[rows] for name, values in columns.items()}
    add_ids(columns, detections.groupby(["exposure", "rcid"]).cumcount().to_numpy() + 1)
    truth = _truth(columns, detections)
    _break_rows(columns, np.flatnonzero(detections["kind"] == "broken"))

    rows = rng.permutation(np.concatenate([np.arange(len(rows)), _redelivered(rng, detections)]))
    packets = to_table({name: values[rows] for name, values in columns.items()})
    alerts, truth_file = _write(packets, truth, Path(out), night, seed)
    in_tracklet = truth["tracklet_id"].notna()
    return SimulatedNight(
        alerts=alerts,
        truth=truth_file,
        n_rows=len(packets),
        n_exposures=len(exposures),
        n_candidates=len(truth),
        n_tracklets=truth["tracklet_id"].nunique(),
        n_tracklet_alerts=int(in_tracklet.sum()),
    )


def _twins(rng: np.random.Generator, detections: pd.DataFrame) -> np.ndarray:
    """Rows of which there is a second packet."""
    glints = np.flatnonzero(detections["kind"] == "glint")
    background = np.flatnonzero(detections["kind"] == "background")
    return np.concatenate(
        [
            rng.choice(glints, sky.N_TWINS_OF_GLINTS, replace=False),
            rng.choice(background, sky.N_TWINS_OF_BACKGROUND, replace=False),
        ]
    )


def _redelivered(rng: np.random.Generator, detections: pd.DataFrame) -> np.ndarray:
    """Rows whose packet comes twice."""
    glints = np.flatnonzero(detections["kind"] == "glint")
    background = np.flatnonzero(detections["kind"] == "background")
    rejected = np.flatnonzero(detections["kind"] == "")
    return np.concatenate(
        [rng.choice(glints, 1), rng.choice(background, 1), rng.choice(rejected, N_REDELIVERED)]
    )


def _break_rows(columns: dict[str, np.ndarray], rows: np.ndarray) -> None:
    """Take the position or the time from five rows, as null or as NaN."""
    for name, index, null in zip(
        ("jd", "jd", "ra", "ra", "dec"), rows, (True, False, True, False, True), strict=True
    ):
        columns[name] = np.ma.array(columns[name])
        columns[name][index] = np.ma.masked if null else np.nan


def _truth(columns: dict[str, np.ndarray], detections: pd.DataFrame) -> pd.DataFrame:
    """What each alert that passes the cuts is, in order of its id."""
    truth = pd.DataFrame(
        {
            "alert_id": columns["candid"],
            "object_id": columns["objectId"],
            "exposure": columns["jd"],
            "tracklet_id": detections["tracklet_id"],
            "kind": detections["kind"],
        }
    )
    truth = truth[truth["kind"].isin(["glint", "background", "twin"])]
    truth = truth.sort_values("alert_id", ignore_index=True)
    return truth.assign(exposure=[repr(float(jd)) for jd in truth["exposure"]])


def _write(
    packets: pa.Table, truth: pd.DataFrame, out: Path, night: str, seed: int
) -> tuple[Path, Path]:
    """Replace what a former simulation left in ``out``; the paths of alerts and truth."""
    alerts, truth_file = out / "alerts", out / "truth.parquet"
    schema = pa.schema(
        [
            ("alert_id", pa.int64()),
            *((name, pa.string()) for name in ("object_id", "exposure", "tracklet_id", "kind")),
        ]
    )
    try:
        out.mkdir(parents=True, exist_ok=True)
        found = {entry.name for entry in out.iterdir()}
        if found and (MARKER not in found or found - {MARKER, alerts.name, truth_file.name}):
            raise UserError(f"{out} holds something else than a simulation: give another folder.")
        (out / MARKER).write_text(json.dumps({"night": night, "seed": seed}) + "\n")
        truth_file.unlink(missing_ok=True)
        if alerts.exists():
            shutil.rmtree(alerts)
        alerts.mkdir()
        bounds = np.linspace(0, len(packets), N_FILES + 1).astype(int)
        for i, (start, end) in enumerate(pairwise(bounds)):
            pq.write_table(packets.slice(start, end - start), alerts / f"part-{i}.parquet")
        pq.write_table(pa.Table.from_pandas(truth, schema, preserve_index=False), truth_file)
    except OSError as error:
        raise UserError(f"The simulation cannot be written to {out}: {error}.") from error
    return alerts, truth_file
