"""Links, objects and predictions of nights whose truth is known, down to commands and pages."""

from __future__ import annotations

import gzip
import json
import urllib.request
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table
from sgp4 import omm as sgp4_omm
from sgp4.api import Satrec, SatrecArray

from benchmarks.orbit_sky import DATA, catalogue, pointings, simulate
from benchmarks.orbit_store import named, write_sky
from fink_tracklets.cli.main import main
from fink_tracklets.orbits.element_row import fitted_row
from fink_tracklets.orbits.fit import Tracks, arcs_of, residuals
from fink_tracklets.orbits.line import line_of
from fink_tracklets.orbits.stage import orbits_stored, prior
from fink_tracklets.orbits.track import track_of
from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.mean_elements import classical, satrec, six_of, smooth
from fink_tracklets.satellites.night import identify_night
from fink_tracklets.satellites.ours import LABEL, with_ours
from fink_tracklets.satellites.propagation import instants, propagate, star_relative
from fink_tracklets.sky.sphere import separation, unit_vectors
from fink_tracklets.store.commit import check_writable, write_night
from fink_tracklets.store.night import open_night
from fink_tracklets.store.objects import read_objects
from fink_tracklets.store.open import open_folder
from tests.serving import serving

HIDDEN = (7578, 25237, 22988, 33541, 20357, 7276, 26629)
"""Objects that are taken out of the catalogue."""


@pytest.fixture(scope="module")
def elements(data):
    return catalogue()


@pytest.fixture(scope="module")
def sky(elements):
    """Three nights of the hidden objects and of few others."""
    fields = pointings()
    fields = fields[(fields["jd"] > 2459369.6) & (fields["jd"] < 2459371.6)]
    return named(simulate(elements, fields, iter((302, 303)), HIDDEN, always=True))


@pytest.fixture(scope="module")
def store(sky, elements, tmp_path_factory):
    """Their store, with orbits, links and objects."""
    store = tmp_path_factory.mktemp("orbits") / "store"
    for night in write_sky(store, sky, elements, HIDDEN):
        orbits_stored(open_night(store, night), window=2)
    assert main(["objects", "--store", str(store), "--quiet"]) == 0
    return store


def test_smooth_elements_go_there_and_back():
    rng = np.random.default_rng(2)
    n = 200
    angles = rng.uniform(0, 2 * np.pi, (3, n))
    given = (rng.uniform(7e3, 5e4, n), rng.uniform(0.01, 0.9, n), rng.uniform(0.01, 2.9, n))
    back = classical(smooth(*given, *angles))
    for one, truth in zip(back[:3], given, strict=True):
        assert one == pytest.approx(truth)
    for one, truth in zip(back[3:], angles, strict=True):
        assert np.abs((one - truth + np.pi) % (2 * np.pi) - np.pi).max() < 1e-7


def test_an_element_set_of_six_numbers_flies_as_the_catalogued_one(elements):
    """To a kilometre in a day, where there is no drag."""
    far = [s for s in elements.satrecs[::300] if s.no_kozai < 0.02 and s.ecco < 0.8]
    assert len(far) > 5
    for one in far:
        six = smooth(one.a * 6378.135, one.ecco, one.inclo, one.nodeo, one.argpo, one.mo)
        ours = satrec(six, one.jdsatepoch + one.jdsatepochF)
        both = [s.sgp4(one.jdsatepoch, one.jdsatepochF + 1.0)[1] for s in (one, ours)]
        away = np.linalg.norm(np.subtract(*both))
        assert away < 1 + 1e5 * abs(one.bstar)


def test_objects_are_pure_and_have_the_orbits_that_were_flown(store, sky, elements):
    truth = dict(zip(sky.tracklets["tracklet"], sky.tracklets["norad_cat_id"], strict=True))
    objects = read_objects(open_folder(store))
    assert len(objects) >= 2
    made = [{truth[name] for name in names} for names in objects["tracklets"]]
    assert all(len(numbers) == 1 for numbers in made)
    shapes = elements.orbits()
    for (_, row), numbers in zip(objects.iterrows(), made, strict=True):
        k = int(np.flatnonzero(elements.norad_cat_id == min(numbers))[-1])
        assert row["i_deg"] == pytest.approx(shapes["inclination_deg"][k], abs=0.3)
        if row["class"] == "GEO":
            assert row["a_km"] == pytest.approx(shapes["semi_major_axis_km"][k], rel=0.01)


def test_possible_orbits_pass_all_tracklets_of_their_object(store, ztf):
    for _, row in read_objects(open_folder(store)).iterrows():
        each = []
        for name, date in zip(row["tracklets"], row["nights"], strict=True):
            night = open_night(store, date)
            tracklet = night.frame("tracklets").set_index("tracklet", drop=False).loc[name]
            alerts = night.frame("tracklet_alerts")
            line = line_of(tracklet, alerts[alerts["tracklet"] == name])
            each.append(track_of(tracklet, line, ztf))
        possible = np.frombuffer(row["possible"], "<f8").reshape(-1, 7)
        assert len(np.unique(possible[:, 0])) > 30
        assert possible[:, 0].std() * row["a_km"] == pytest.approx(row["a_km_error"], rel=0.1)
        tracks = Tracks.of(each)
        arcs = arcs_of(possible[:, :6], row["epoch_jd"], tracks, possible[:, 6])
        aside, turned = np.moveaxis(residuals(arcs, tracks)[..., :2], -1, 0)
        assert np.sqrt(np.mean(aside**2)) < 3
        assert np.sqrt(np.mean(turned**2)) < 3


def test_links_again_are_the_same(store, sky):
    night = sorted(read_objects(open_folder(store))["nights"].iloc[0])[0]
    stored = open_night(store, night)
    before = stored.frame("orbits"), stored.frame("links")
    after = orbits_stored(stored, window=2)
    for old, name in zip(before, ("orbits", "links"), strict=True):
        pd.testing.assert_frame_equal(old, after.frame(name))
    old = read_objects(open_folder(store))
    assert main(["objects", "--store", str(store), "--quiet"]) == 0
    pd.testing.assert_frame_equal(old, read_objects(open_folder(store)))


def test_any_sgp4_reads_our_messages(store, tmp_path):
    file = tmp_path / "objects.json"
    assert main(["objects", "--store", str(store), "--quiet", "--omm", str(file)]) == 0
    objects = read_objects(open_folder(store))
    for message, (_, row) in zip(json.loads(file.read_text()), objects.iterrows(), strict=True):
        theirs = Satrec()
        sgp4_omm.initialize(theirs, message)
        ours = satrec(six_of(row), row["epoch_jd"])
        at = row["epoch_jd"], 0.3
        assert np.linalg.norm(np.subtract(theirs.sgp4(*at)[1], ours.sgp4(*at)[1])) < 0.05
    assert set(read_elements([file]).norad_cat_id) == set(objects["number"])


def test_an_object_that_a_catalogue_has_by_now_says_so(store, sky, capsys):
    file = str(DATA / "norad_20210611.3le.gz")
    assert main(["objects", "--store", str(store), "--elements", file]) == 0
    assert " since 2021-06" in capsys.readouterr().out
    truth = dict(zip(sky.tracklets["tracklet"], sky.tracklets["norad_cat_id"], strict=True))
    known = read_objects(open_folder(store))
    known = known[known["same_as"].notna()]
    assert len(known) >= 1
    for _, row in known.iterrows():
        assert int(row["same_as"]) == truth[row["tracklets"][0]]
    # It stays known when the catalogue is not given again.
    assert main(["objects", "--store", str(store), "--quiet"]) == 0
    again = read_objects(open_folder(store))
    assert again["same_as"].notna().sum() == len(known)


@pytest.mark.parametrize("ending", ["ecsv", "vot"])
def test_predictions_are_where_the_object_is_within_their_errors(
    store, sky, elements, ztf, tmp_path, ending
):
    file = tmp_path / f"tomorrow.{ending}"
    night = "20210605"
    line = ["objects", "--store", str(store), "--predict", night, "--every", "60", "--quiet"]
    assert main([*line, "--out", str(file)]) == 0
    found = Table.read(file, format="ascii.ecsv" if ending == "ecsv" else "votable")
    assert len(found) > 0
    truth = dict(zip(sky.tracklets["tracklet"], sky.tracklets["norad_cat_id"], strict=True))
    objects = read_objects(open_folder(store)).set_index("object")
    misses = []
    for row in found:
        number = truth[objects.loc[str(row["object"]), "tracklets"][0]]
        k = int(np.flatnonzero(elements.norad_cat_id == number)[-1])
        jd = pd.Timestamp(str(row["time_utc"])).to_julian_date()
        at = instants(np.array([jd]), 0.0, ztf.site)
        states = propagate(SatrecArray([elements.satrecs[k]]), at)
        u, _ = star_relative(
            states.position_km, states.velocity_km_s, at.observer_km, at.earth_km_s
        )
        place = unit_vectors(float(row["ra_deg"]), float(row["dec_deg"]))
        away = np.degrees(separation(u[0, 0], place)) * 3600
        misses.append(away / np.hypot(float(row["major_arcsec"]), 30))
    assert np.mean(np.array(misses) < 3) > 0.8


def test_pages_and_calls_show_objects(store):
    with serving(store) as address:

        def read(path):
            with urllib.request.urlopen(f"{address}{path}") as answer:
                return answer.read().decode()

        listed = json.loads(read("/api/v1/objects"))
        name, tracklet = listed[0]["object"], listed[0]["tracklets"][0]
        one = json.loads(read(f"/api/v1/objects/{name}"))
        assert one["tracklets"] == listed[0]["tracklets"]
        assert name in read("/objects")
        assert tracklet in read(f"/object/{name}")
        page = read(f"/tracklet/{tracklet}")
        assert name in page
        assert "orbits that the tracklet allows" in page
        told = json.loads(read(f"/api/v1/tracklets/{tracklet}"))
        assert told["orbit"]["class"] in ("LEO", "MEO", "ECC", "MOLNIYA", "GEO")
        assert "draws" not in told["orbit"]


def test_show_tells_the_orbit(store, capsys):
    tracklet = read_objects(open_folder(store))["tracklets"].iloc[0][0]
    assert main(["show", tracklet, "--store", str(store)]) == 0
    assert "nearest plane" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (["--predict", "20210605", "--out", "x.txt"], "ends with .ecsv, .vot or .xml"),
        (["--predict", "2021", "--out", "x.vot"], "2021"),
        (["--predict", "20210605", "--every", "0"], "above 0"),
        (["--nights", "20190101..20190102"], "has no night"),
    ],
)
def test_bad_input_is_one_sentence(store, capsys, line, sentence):
    assert main(["objects", "--store", str(store), *line]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told


def test_a_row_of_elements_is_the_six_numbers():
    six = smooth(42164.0, 0.01, 0.2, 1.0, 2.0, 3.0)
    row = fitted_row(six, np.eye(6) * 1e8, 2459370.5)
    assert six_of(row) == pytest.approx(six)
    assert row["a_km_error"] == pytest.approx(42164 * 1e-4, rel=0.01)


def test_known_objects_are_matched_as_ours(store, sky, elements, tmp_path, ztf):
    """Where the orbit of an object is good enough, a later tracklet of it is matched with it."""
    objects = read_objects(open_folder(store))
    good = objects.assign(a_km_error=0.1, same_as=None)
    last = good.iloc[int(good["n_tracklets"].to_numpy().argmax())]
    night = last["nights"][-1]
    kept = elements.take(~np.isin(elements.norad_cat_id, HIDDEN))
    joined = with_ours(kept, good, night)
    assert len(joined) == len(kept) + len(good)
    assert (np.diff(joined.norad_cat_id) >= 0).all()
    assert len(with_ours(kept, good.assign(a_km_error=1e3), night)) == len(kept)
    assert len(with_ours(kept, good.assign(same_as=5), night)) == len(kept)
    stored = open_night(store, night)
    alerts, candidates = stored.frame("tracklet_alerts"), stored.frame("candidates")
    found = identify_night(alerts, candidates, joined, ztf).satellites
    ours = found[(found["object_id"] == LABEL) & (found["rank"] == 1)]
    assert last["tracklets"][-1] in set(ours["tracklet"])


def test_a_thin_catalogue_is_joined_by_the_shipped_population(data, tmp_path):
    lines = gzip.decompress((DATA / "norad_20210611.3le.gz").read_bytes()).decode().splitlines()
    file = tmp_path / "ten.3le"
    file.write_text("\n".join(lines[:30]) + "\n")
    population, notes = prior([str(file)], 2459376.5)
    assert len(population) > 4000
    assert any("only" in note and "joins it" in note for note in notes)
    _, notes = prior([str(file)], 2459376.5 + 900)
    assert any("days from the night" in note for note in notes)


def test_a_night_without_tracklets_and_a_gap_of_weeks(store, sky, elements, tmp_path, capsys):
    night = open_night(store, sorted(read_objects(open_folder(store))["nights"].iloc[0])[0])
    empty = {
        name: night.table(name).slice(0, 0)
        for name in ("tracklets", "tracklet_alerts", "candidates", "exposures")
    }
    folder = check_writable(str(tmp_path / "gap"))
    draft = replace(night.manifest, night="20210801", satellites=None, orbits=None)
    found = orbits_stored(write_night(folder, empty, draft))
    assert found.manifest.orbits["tracklets"] == 0
    assert found.manifest.orbits["nights_before"] == []
    assert main(["orbits", "--night", "20210801", "--store", str(tmp_path / "gap")]) == 0
    told = capsys.readouterr().out
    assert "none of the 7 nights before has orbits" in told
    assert "Satellites have not been looked for" in told
