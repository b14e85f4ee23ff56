"""Periods, light curves and evidence against simulated truth."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fink_tracklets.glints.light_curves import flash_tables
from fink_tracklets.glints.measure import glint_table, measure_stamps, venn
from fink_tracklets.glints.path import path_times
from fink_tracklets.glints.periods import fit_comb
from fink_tracklets.glints.turns import turn
from fink_tracklets.sky.sphere import ARCSEC, along_across, great_circle, ra_dec, unit_vectors
from tests.glint_stamps import satellite, tracklet

RNG = np.random.default_rng
NAME = "TRCK_20240101_000000_00"
NOTHING = pd.DataFrame()


def comb(spacing, n, phase=None, missing=0.3, seed=0, foreign=0):
    rng = RNG(seed)
    along = np.arange(n) * spacing
    if phase is not None:
        along = np.concatenate([along, along + phase * spacing])
    along = along[rng.random(len(along)) > missing] + 0.0
    along += rng.normal(0, 0.3, len(along))
    return np.concatenate([along, rng.uniform(0, n * spacing, foreign)])


@pytest.mark.parametrize("seed", range(5))
def test_a_comb_with_missing_and_foreign_flashes_is_found(seed):
    found = fit_comb(comb(20.8, 20, seed=seed, foreign=2), 1.0, 4.0)
    assert found.spacing == pytest.approx(20.8, rel=0.005)
    assert abs(found.spacing - 20.8) < 5 * found.spacing_error
    assert found.interpulse is None
    assert found.log10_false_alarm < -4
    assert found.on_comb <= found.teeth <= 21


@pytest.mark.parametrize("phase", [0.2, 0.35])
def test_interpulses_are_recognised(phase):
    found = fit_comb(comb(30.0, 16, phase), 1.0, 4.0)
    assert found.spacing == pytest.approx(30.0, rel=0.005)
    assert found.interpulse == pytest.approx(phase, abs=0.02)


@pytest.mark.parametrize(("phases", "faint"), [((0, 0.23, 0.61), 0), ((0, 0.5, 0.27), 0.8)])
def test_three_flashes_in_a_turn_have_the_turns_period(phases, faint):
    rng = RNG(12)
    along = (np.arange(7)[:, None] * 60 + 60 * np.array(phases)).ravel()
    mag = np.tile([17.0, 17.0 + faint, 17.6], 7) + rng.normal(0, 0.05, len(along))
    along = along + rng.normal(0, 0.15, len(along))
    found = fit_comb(along, 1.05, 4.0)
    step, phase = turn(mag, found, 1e-3)
    assert step * found.spacing == pytest.approx(60, rel=0.003)
    assert phase is not None
    assert found.log10_false_alarm < -6


def test_teeth_that_never_flash_tell_the_turn():
    """Flashes at 0, 0.2 and 0.6 of a turn lie on a comb of a fifth of it."""
    rng = RNG(3)
    along = (np.arange(12)[:, None] * 40 + [0.0, 8.0, 24.0]).ravel()[rng.random(36) > 0.3]
    along += rng.normal(0, 0.2, len(along))
    found = fit_comb(along, 1.05, 4.0)
    step, phase = turn(np.full(len(along), np.nan), found, 1e-3)
    assert step * found.spacing == pytest.approx(40, rel=0.003)
    assert phase in (pytest.approx(0.2, abs=0.02), pytest.approx(0.4, abs=0.02))


def test_evenly_spaced_flashes_are_one_series_even_if_many_are_unseen():
    for seed in range(5):
        along = comb(9.0, 40, missing=0.5, seed=seed)
        found = fit_comb(along, 1.05, 4.0)
        assert (found.spacing, found.interpulse) == (pytest.approx(9, rel=0.01), None)


def test_times_along_the_path_of_straight_motion_are_exact():
    # 7.5 km/s at 800 km: 8 degrees in 30 s, its rate changing by some per cent
    t = np.linspace(0, 30, 13)
    vectors = np.array([300.0, 740.0, 200.0]) + np.outer(t, [-5.0, 1.0, 5.5])
    ra, dec = ra_dec(vectors)
    first, at = unit_vectors(ra[2], dec[2]), unit_vectors(ra, dec)
    along, across = along_across(at, first, great_circle(first, unit_vectors(ra[10], dec[10])))
    assert np.abs(across).max() < 1e-9
    assert np.abs(np.diff(along)).max() > 1.05 * np.abs(np.diff(along)).min()
    row = {"ra_start": ra[2], "dec_start": dec[2], "ra_end": ra[10], "dec_end": dec[10]}
    for k, place in ((0, "start"), (6, "middle"), (12, "end")):
        row |= {f"arc_ra_{place}": ra[k], f"arc_dec_{place}": dec[k]}
    found = path_times(along / ARCSEC, SimpleNamespace(**row), 30.0)
    assert found == pytest.approx(t, abs=1e-6)


def test_flashes_at_random_rarely_have_a_significant_period():
    rng = RNG(1)
    found = [fit_comb(rng.uniform(0, 420, rng.integers(5, 20)), 1.0, 4.0) for _ in range(100)]
    assert sum(c is not None and c.log10_false_alarm < -3 for c in found) <= 1


def test_too_few_flashes_have_no_comb():
    assert fit_comb(np.array([0.0, 20, 40]), 1.0, 4.0) is None
    assert fit_comb(np.array([0.0, 0.1, 0.2, 0.3]), 1.0, 4.0) is None


def tables(alerts, tracklets, satellites, ztf, blind=NOTHING):
    peaks = measure_stamps(alerts, ztf.glints)
    candidates = alerts.drop(columns=["limiting_mag", "along_arcsec"])
    glints = glint_table(candidates, tracklets, peaks, satellites, blind, ztf)
    flashes, curve = flash_tables(glints, tracklets, alerts, satellites, ztf)
    return glints, flashes.iloc[0], curve


def test_a_tracklet_of_a_known_arc_has_the_true_figures(ztf):
    # A flash every 21": 1.5 s on an arc of 420" in 30 s
    alerts, tracklets = tracklet(RNG(6), 21.0, 15, snr=30)
    glints, row, curve = tables(alerts, tracklets, satellite(NAME, 420.0), ztf)
    assert row["arc_source"] == "satellite"
    for name in ("period_m_s", "period_s"):
        assert row[name] == pytest.approx(1.5, rel=0.03), name
    assert row["period_p_s"] == pytest.approx(1.5, abs=4 * row["period_p_error_s"])
    assert row["n_flashes"] == 15
    assert row["n_multi_peak"] == len(alerts)
    assert row["duration_s"] == pytest.approx(30 / 420)
    assert glints["instant_mag"].to_numpy() == pytest.approx(
        glints["mag"] + 2.5 * np.log10(1 / 420)
    )
    # r to g, then 37,000 km at 90 degrees: both phase functions agree
    expected = glints["instant_mag"] + 0.46 - 5 * np.log10(37)
    assert glints["standard_mag"].to_numpy() == pytest.approx(expected)
    assert glints["standard_mag_lambert"].to_numpy() == pytest.approx(expected)
    assert glints["amplitude_mag"].to_numpy() == pytest.approx(20.0 - glints["mag"])
    assert curve["time_s"].to_numpy() == pytest.approx(1.5 * np.arange(15), abs=0.08)
    assert row["free_time_s"] == pytest.approx(9.0, abs=0.1)
    assert row["expected_mag"] == pytest.approx(6.73 + 5 * np.log10(37), abs=0.02)
    # a flash without an alert has its magnitude from others' stamps
    peaks_only = curve[curve["alert_id"].isna()]
    assert len(peaks_only)
    assert peaks_only["mag"].to_numpy(float) == pytest.approx(18.0, abs=0.35)


def test_without_a_satellite_the_length_gives_upper_limits(ztf):
    alerts, tracklets = tracklet(RNG(7), 21.0, 15, snr=30)
    glints, row, _ = tables(alerts, tracklets, NOTHING, ztf)
    assert row["arc_source"] == "tracklet"
    assert row["arc_arcsec"] == pytest.approx(14 * 21)
    assert row["period_s"] == pytest.approx(30 / 14, rel=0.02)
    assert pd.isna(row["expected_mag"])
    assert glints["standard_mag"].isna().all()
    # an arc shorter than the tracklet cannot be the object's
    _, short, _ = tables(alerts, tracklets, satellite(NAME, 100.0), ztf)
    assert short["arc_source"] == "tracklet"


def test_alternating_brightness_means_a_period_of_two_flashes(ztf):
    alerts, tracklets = tracklet(RNG(8), 21.0, 20, snr=40, faint=0.4)
    _, row, _ = tables(alerts, tracklets, satellite(NAME, 420.0), ztf)
    assert row["period_s"] == pytest.approx(3.0, rel=0.02)
    assert row["interpulse_phase"] == 0.5


def test_the_result_does_not_depend_on_the_order(ztf):
    alerts, tracklets = tracklet(RNG(9), 21.0, 12, snr=20)
    shuffled = alerts.sample(frac=1, random_state=1)
    one = tables(alerts, tracklets, NOTHING, ztf)
    other = tables(shuffled, tracklets, NOTHING, ztf)
    pd.testing.assert_series_equal(one[1], other[1])
    pd.testing.assert_frame_equal(one[0], other[0])


def test_flags_and_their_venn_counts(ztf):
    alerts, tracklets = tracklet(RNG(10), 21.0, 8, snr=30, seen=1)
    single = alerts.iloc[[1, 2, 3]].assign(tracklet=None, alert_id=[101, 102, 103])
    single.loc[single["alert_id"] == 103, ["science", "template", "difference"]] = None
    blind = pd.DataFrame({"alert_id": [101, 103, 1]})
    everything = pd.concat([alerts, single])
    glints, *_ = tables(everything, tracklets, satellite(NAME, 420.0), ztf, blind)
    glints = glints.set_index("alert_id")
    assert glints.loc[[101, 102, 103], "multi_peak"].tolist() == [True, True, False]
    assert glints.loc[[101, 102, 103], "satellite"].tolist() == [True, False, True]
    assert glints.loc[[101, 102, 103], "is_glint"].tolist() == [True, False, False]
    assert glints.loc[103, "stamp"] == "missing"
    assert glints.loc[101, "direction_deg"] % 180 == pytest.approx(0, abs=3) or glints.loc[
        101, "direction_deg"
    ] == pytest.approx(180, abs=3)
    counts = venn(glints)
    assert counts["tracklet & satellite & multi_peak"] == 8
    assert counts["satellite & multi_peak"] == counts["multi_peak"] == counts["satellite"] == 1
    assert sum(counts.values()) == 11
    assert int(glints["blind_match"].sum()) == 3
    assert int(glints["tracklet_match"].sum()) == 8
