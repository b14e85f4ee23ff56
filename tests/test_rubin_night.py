"""Rubin's nights from the lake to the service: real files, a simulated night, two UTC dates."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_tracklets import load_survey, read_table
from fink_tracklets.errors import UserError
from fink_tracklets.evaluate.compare import pair_by_alerts
from fink_tracklets.finder import find_tracklets
from fink_tracklets.pipeline.run import run_night
from fink_tracklets.simulate.instruments import RUBIN
from fink_tracklets.simulate.mosaic import (
    pixels_to_sky,
    plane_to_pixels,
    plane_to_sky,
    random_pixels,
)
from fink_tracklets.simulate.prompt import glint_trails
from tests.serving import get, serving

CALL = "/api/v1/tracklet"


def funnel(stored) -> list[int]:
    manifest = stored.manifest
    return [manifest.alerts_read, *(step.alerts for step in manifest.funnel)]


def test_the_real_lake_s_files_run_alone_and_in_one_folder(data, spark, tmp_path):
    """The files' schemas do not go together: long and floating ids, no diaObject in one."""
    files = [data / "rubin" / f"lake_{name}.parquet" for name in LAKE]
    together = tmp_path / "lake"
    together.mkdir()
    for file in files:
        shutil.copy(file, together)
    store = str(tmp_path / "store")
    first, second, both = (
        run_night("20260601", str(path), store, "rubin") for path in (*files, together)
    )
    assert funnel(first) == [27, 14, 13, 10]
    assert funnel(second) == [10, 8, 8, 1]
    assert funnel(both) == [37, 22, 21, 11]
    assert both.manifest.alerts_unusable.alerts == 0
    candidates = both.table("candidates").to_pandas()
    assert candidates["alert_id"].is_unique
    assert (candidates["object_id"].str.len() > 10).all()


def test_catalogues_have_ids_as_numbers_or_text_and_may_lack_flags(data, spark, tmp_path):
    text = data / "rubin_dia_sources.parquet"
    table = pq.read_table(text)
    ids = ["diaSourceId", "diaObjectId", "ssObjectId", "visit"]
    for name in ids:
        place = table.column_names.index(name)
        numbers = [int(one) if one else None for one in table[name].to_pylist()]
        table = table.set_column(place, name, pa.array(numbers, pa.int64()))
    pq.write_table(table.drop_columns(["glint_trail", "trailLength"]), tmp_path / "numbers.parquet")
    store = str(tmp_path / "store")
    paths = (str(text), str(tmp_path / "numbers.parquet"))
    one, other = (run_night("20250905", path, store, "rubin_catalogue") for path in paths)
    assert one.manifest.alerts_read == 463
    assert funnel(one)[1:] == funnel(other)[1:]
    assert 0 < funnel(one)[-1] < 463


LAKE = ("v10_20251231", "without_diaobject_202606")


def test_the_tracklets_of_a_simulated_night_are_found(rubin_sky, rubin_store):
    truth = pd.read_parquet(rubin_sky.truth)
    found = read_table(rubin_store, "tracklet_alerts", "20261022").to_pandas()
    tracks, tracklets = pair_by_alerts(truth, found)
    assert len(tracks) == 10
    assert tracks["recovered"].all()
    assert tracklets["true"].all()
    assert set(found["diaSourceId"]) == set(found["alert_id"])


def test_the_service_answers_in_rubin_s_terms(rubin_sky, rubin_store):
    with serving(rubin_store, alerts=str(rubin_sky.alerts)) as address:
        answer = get(address + CALL, id="TRCK").json()
        assert len(answer) == len(read_table(rubin_store, "tracklet_alerts", "20261022"))
        row = answer[0]
        portal = ("psfFlux", "psfFluxErr", "scienceFlux", "scienceFluxErr", "midpointMjdTai")
        assert all(isinstance(row[f"r:{name}"], float) for name in portal)
        for name in ("r:diaObjectId", "r:diaSourceId", "f:alert_id"):
            assert isinstance(row[name], str)
            assert row[name].isdigit()
        assert not [name for name in row if name[:2] in ("i:", "d:")]
        name = row["f:tracklet"]
        some = get(address + CALL, id=name, columns="f:tracklet,r:diaObjectId", **JSON).json()
        assert {tuple(one) for one in some} == {("f:tracklet", "r:diaObjectId")}
        wrong = get(address + CALL, id=name, columns="i:objectId")
        assert wrong.status_code == 400

        page = get(f"{address}/tracklet/{name}").text
        visit = read_table(rubin_store, "tracklets", "20261022").to_pandas().set_index("tracklet")
        assert visit.loc[name, "exposure"] in page
        assert "AB mag" in page
        stamp = f"/api/v1/tracklets/{name}/stamps/{row['f:alert_id']}/difference"
        assert f"{stamp}.png" in page
        assert get(f"{address}{stamp}.fits").content.startswith(b"SIMPLE")
        assert get(f"{address}{stamp}.png").content.startswith(b"\x89PNG")


JSON = {"output-format": "json"}


def lake(folder: Path, middles: list[float]) -> None:
    """A night of the lake: in each visit six new sources on a line, at these times [MJD TAI]."""
    rows = []
    for visit, middle in enumerate(middles):
        for k in range(6):
            number = 170094456272322000 + 100 * visit + k
            source = {
                "diaSourceId": number,
                "visit": 2026030500001 + visit,
                "detector": 94,
                "diaObjectId": number,
                "ssObjectId": 0,
                "midpointMjdTai": middle,
                "ra": 150.0 + k * 40 / 3600,
                "dec": -30.0 + k * 20 / 3600,
                **dict.fromkeys(("raErr", "decErr"), np.float32(1e-5)),
                **dict.fromkeys(("x", "y"), np.float32(100 + 10 * k)),
                "psfFlux": np.float32(5000),
                "psfFluxErr": np.float32(300),
                "snr": np.float32(16),
                "reliability": np.float32(0.9),
                "band": "r",
            }
            held = {"diaObjectId": number, "nDiaSources": 1}
            rows.append({"diaSource": source, "diaObject": held})
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "part.parquet")


def test_a_night_of_two_utc_dates_is_one_night_and_answers_for_both(spark, tmp_path):
    """The third exposure's middle is 26 s after midnight TAI: it began before midnight UTC."""
    lake(tmp_path / "alerts", [61104.99, 61105.1, 61105 + 26 / 86400])
    store = str(tmp_path / "store")
    run_night("20260305", str(tmp_path / "alerts"), store, "rubin")
    names = sorted(read_table(store, "tracklets", "20260305")["tracklet"].to_pylist())
    starts = ["2026-03-05 23:44:44", "2026-03-05 23:59:34", "2026-03-06 02:23:08"]
    expected = [f"TRCK_{datetime.fromisoformat(s):%Y%m%d_%H%M%S}_00" for s in starts]
    assert names == expected
    with serving(store) as address:
        for date, there in (("2026-03-05", names[:2]), ("2026-03-06", names[2:])):
            rows = get(address + CALL, date=date).json()
            assert {row["f:tracklet"] for row in rows} == set(there)
            assert len(rows) == 6 * len(there)
        assert len(get(address + CALL, id="TRCK_2026030").json()) == 18
        assert [n["night"] for n in get(address + "/api/v1/nights").json()] == ["20260305"]


def test_a_store_of_another_survey_is_refused_before_anything_is_written(data, spark, tmp_path):
    lake(tmp_path / "alerts", [61105.1])
    store = tmp_path / "store"
    run_night("20260305", str(tmp_path / "alerts"), str(store), "rubin")
    before = sorted(store.rglob("*"))
    sources = str(data / "rubin_dia_sources.parquet")
    for night in ("20260305", "20250905"):
        with pytest.raises(UserError, match=r"nights of the survey 'rubin' \(20260305\).*--store"):
            run_night(night, sources, str(store), "rubin_catalogue")
    assert sorted(store.rglob("*")) == before


def test_tracks_across_detectors_are_found_where_none_has_five_flashes():
    """Straight tracks of 9 flashes 270" apart: at most four in a detector of 814"."""
    rng = np.random.default_rng(3)
    rubin, exposures, n_background = load_survey("rubin"), 8, 1000
    noise = np.hypot(RUBIN.noise_arcsec, 0.05)
    parts = []
    for exposure in range(exposures):
        detector, x, y = random_pixels(rng, n_background, RUBIN.mosaic)
        ra, dec = pixels_to_sky(40.0, -20.0, detector, x, y, RUBIN.mosaic)
        angle = rng.uniform(0, 2 * np.pi)
        along = 270.0 * np.arange(-4, 5)
        xi, eta = along * np.cos(angle), along * np.sin(angle) + rng.uniform(-2000, 2000)
        xi, eta = (one + rng.normal(0, noise, 9) for one in (xi, eta))
        at, px, py = plane_to_pixels(xi, eta, RUBIN.mosaic)
        track = pd.DataFrame(
            {"detector": at, "x": px, "y": py, "tracklet_id": f"{exposure}", "exposure": exposure}
        )
        track["ra"], track["dec"] = plane_to_sky(40.0, -20.0, xi, eta)
        field = {"detector": detector, "x": x, "y": y, "ra": ra, "dec": dec, "exposure": exposure}
        parts += [track[track["detector"] >= 0], pd.DataFrame(field)]
    frame = pd.concat(parts, ignore_index=True).assign(alert_id=lambda f: np.arange(len(f)))
    flashes = frame.dropna(subset="tracklet_id")
    assert flashes.groupby(["exposure", "detector"]).size().max() < 5
    assert flashes.groupby("exposure").size().min() >= 6

    found = find_tracklets(frame.drop(columns="tracklet_id").astype({"exposure": str}), rubin)
    found = found.assign(tracklet=found["exposure"] + "-" + found["number"].astype(str))
    tracks, tracklets = pair_by_alerts(frame, found)
    assert len(tracks) == exposures
    assert tracks["recovered"].all()
    assert tracklets["true"].all()
    for _, here in frame.groupby(["exposure", "detector"]):
        trail = glint_trails(0.2 * here[["x", "y"]].to_numpy(), rng)
        assert (trail[here["tracklet_id"].notna()] == -1).all()
