"""The files of a simulated night."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fink_tracklets.errors import UserError
from fink_tracklets.simulate.instruments import Instrument
from fink_tracklets.simulate.packets import ztf_table
from fink_tracklets.simulate.rubin import rubin_table, visits
from fink_tracklets.simulate.stamps import draw_stamps, sources_of

N_FILES = 4
ROWS_AT_ONCE = 2000
"""Packets with cutouts that are written at once: they take 40 kB each."""
MARKER = "simulation.json"
"""Tells that a folder is ours to replace."""
OURS = (
    *("alerts", "truth.parquet", "truth_tracks.parquet", "truth_flashes.parquet"),
    *("catalogue.json", "catalogue.tle"),
)

TRUTH = pa.schema(
    [
        ("alert_id", pa.int64()),
        ("object_id", pa.string()),
        ("exposure", pa.string()),
        ("tracklet_id", pa.string()),
        ("kind", pa.string()),
        ("norad_cat_id", pa.int64()),
        ("flash_s", pa.float64()),
        ("true_ra", pa.float64()),
        ("true_dec", pa.float64()),
        ("instant_mag", pa.float64()),
    ]
)
"""Columns of truth.parquet, which docs/simulation.md explains."""
TRACKS = pa.schema(
    [
        ("exposure", pa.string()),
        ("tracklet_id", pa.string()),
        ("norad_cat_id", pa.int64()),
        ("object_name", pa.string()),
        ("orbit_class", pa.string()),
        ("period_s", pa.float64()),
        ("duration_s", pa.float64()),
        ("flashes_per_turn", pa.int64()),
        ("size_m", pa.float64()),
        ("flashes_emitted", pa.int64()),
        ("flashes_detected", pa.int64()),
        ("arc_arcsec", pa.float64()),
        ("range_km", pa.float64()),
        ("phase_angle_deg", pa.float64()),
    ]
)
"""Columns of truth_tracks.parquet."""
FLASHES = pa.schema(
    [
        ("exposure", pa.string()),
        ("norad_cat_id", pa.int64()),
        ("flash_s", pa.float64()),
        ("true_ra", pa.float64()),
        ("true_dec", pa.float64()),
        ("mag", pa.float64()),
        ("instant_mag", pa.float64()),
        ("limiting_mag", pa.float64()),
    ]
)
"""Columns of truth_flashes.parquet."""


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turns a failure to write into one sentence."""
    try:
        yield
    except OSError as error:
        raise UserError(f"The simulation cannot be written to {folder}: {error}.") from error


def prepare(out: Path, night: str, seed: int) -> Path:
    """An empty folder, but for its marker: what a former simulation left there goes.

    Raises
    ------
    UserError : the folder cannot be written, or holds other things
    """
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        found = {entry.name for entry in out.iterdir()}
        if found and (MARKER not in found or found - {MARKER, *OURS}):
            raise UserError(f"{out} holds something else than a simulation: give another folder.")
        (out / MARKER).write_text(json.dumps({"night": night, "seed": seed}) + "\n")
        for name in OURS:
            if name == "alerts" and (out / name).exists():
                shutil.rmtree(out / name)
            elif name != "alerts":
                (out / name).unlink(missing_ok=True)
        (out / "alerts").mkdir()
    return out


def write_alerts(
    columns: dict[str, np.ndarray],
    detections: pd.DataFrame,
    emitted: pd.DataFrame,
    instrument: Instrument,
    night: str,
    cutouts: str,
    folder: Path,
    seed: int,
) -> None:
    """Write the packets into ``folder``, with stamps of none, the candidates or all.

    Parameters
    ----------
    columns : of the packets, as `packets.draw_columns` and `add_ids` make them
    detections : exposure, track, role, detector, x, y, trail, in the packets' order
    emitted : of all flashes on a detector, as `glints.Glints` has them
    """
    n = len(detections)
    sources = {} if cutouts == "none" else sources_of(columns, detections, emitted)
    for i, (first, end) in enumerate(pairwise(np.linspace(0, n, N_FILES + 1).astype(int))):
        step = end - first if cutouts == "none" else ROWS_AT_ONCE
        writer = None
        for start in range(first, end, max(step, 1)):
            rows = slice(start, min(start + step, end))
            part = {name: values[rows] for name, values in columns.items()}
            stamps = None
            if cutouts != "none":
                stamps = draw_stamps(
                    part, detections.iloc[rows], sources, instrument, cutouts == "all", seed
                )
            if instrument.survey == "ztf":
                table = ztf_table(part, stamps)
            else:
                visit = visits(night, detections["exposure"].to_numpy()[rows])
                trail = detections["trail"].to_numpy(float)[rows]
                table = rubin_table(part, visit, trail, instrument, stamps)
            writer = writer or pq.ParquetWriter(folder / f"part-{i}.parquet", table.schema)
            writer.write_table(table)
        if writer is not None:
            writer.close()


def write_truth(frame: pd.DataFrame, path: Path, schema: pa.Schema) -> None:
    """Write a table of the truth."""
    columns = []
    for field in schema:
        values = frame[field.name]
        if pa.types.is_integer(field.type):
            values = values.astype("Int64")
        elif pa.types.is_floating(field.type):
            values = values.astype(float)
        columns.append(pa.array(values, field.type, from_pandas=True))
    pq.write_table(pa.table(columns, schema), path)
