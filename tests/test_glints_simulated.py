"""A few simulated exposures with stamps, from alerts to periods, against their truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fink_tracklets import read_table
from fink_tracklets.pipeline.run import run_night
from fink_tracklets.simulate import simulate_night

NIGHT = "20211022"


@pytest.fixture(scope="module")
def measured(tmp_path_factory, spark):
    """Tables and truth of 30 exposures with two tracklets of two and three flashes a turn."""
    folder = tmp_path_factory.mktemp("glints")
    sky = simulate_night(NIGHT, folder / "sky", 63, exposures=30, cutouts="candidates")
    store = str(folder / "store")
    run_night(NIGHT, str(sky.alerts), store, elements=[str(sky.catalogue)])
    tables = {
        # Numbers of 19 digits beside nulls would become floats
        name: read_table(store, name, NIGHT).to_pandas(integer_object_nulls=True)
        for name in ("glints", "flashes", "light_curves")
    }
    tracks = pd.read_parquet(sky.truth_tracks).dropna(subset="tracklet_id")
    return tables, pd.read_parquet(sky.truth), tracks


def test_periods_arcs_and_durations_are_those_of_the_truth(measured):
    tables, _, tracks = measured
    flashes = tables["flashes"].merge(tracks, on="norad_cat_id", suffixes=("", "_true"))
    assert len(flashes) == len(tracks) == 2
    assert set(flashes["arc_source"]) == {"satellite"}
    assert flashes["arc_arcsec"].to_numpy() == pytest.approx(flashes["arc_arcsec_true"], rel=1e-4)
    # Two and three flashes a turn, and the turn's period all the same
    error = flashes["period_s"] - flashes["period_s_true"]
    assert (error.abs() < 0.005 * flashes["period_s_true"]).all()
    assert (error.abs() < 5 * flashes["period_error_s"]).all()
    assert flashes["interpulse_phase"].notna().all()
    assert (flashes["n_multi_peak"] >= 3).any()
    assert (flashes["duration_s"] > flashes["duration_s_true"]).all()


def test_light_curves_run_in_true_time(measured):
    tables, truth, _ = measured
    curve = tables["light_curves"].dropna(subset="alert_id").astype({"alert_id": "int64"})
    curve = curve.merge(truth[["alert_id", "flash_s"]], on="alert_id")
    assert len(curve) > 30
    zero_point = curve["flash_s"] - curve["time_s"]
    spread = zero_point.groupby(curve["tracklet"]).std()
    # 0.3" of 446" in 30 s
    assert (spread < 0.03).all()


def test_instant_magnitudes_are_unbiased(measured):
    tables, truth, tracks = measured
    alerts = tables["glints"].merge(
        truth[["alert_id", "tracklet_id", "instant_mag"]], on="alert_id", suffixes=("", "_true")
    )
    alerts = alerts[alerts["tracklet"].notna()].merge(
        tracks[["tracklet_id", "duration_s"]], on="tracklet_id", suffixes=("", "_true")
    )
    # Equation 2 with the true duration, where the table has its limit
    longer = 2.5 * np.log10(alerts["duration_s_true"] / alerts["duration_s"])
    error = alerts["instant_mag"] + longer - alerts["instant_mag_true"]
    assert abs(error.median()) < 4 * 1.25 * error.std() / len(error) ** 0.5
    assert error.std() < 0.25


def test_peaks_are_found_in_glints_and_hardly_elsewhere(measured):
    tables, truth, _ = measured
    alerts = tables["glints"].merge(truth[["alert_id", "kind"]], on="alert_id")
    background = alerts[alerts["kind"] == "background"]
    assert len(background) > 50
    assert alerts["central_peak"].mean() > 0.95
    assert background["multi_peak"].mean() < 0.1
    assert not background["is_glint"].any()
