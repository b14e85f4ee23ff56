"""The orbit of one tracklet: against truth that SGP4 and the simulator give, and real tracklets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.orbit_sky import Sky, catalogue, fleet_of, pointings, simulate
from fink_tracklets import find_tracklets, load_survey
from fink_tracklets.finder.curve import fit_curve
from fink_tracklets.orbits import spread
from fink_tracklets.orbits.beat import find_beat, unseen_flashes
from fink_tracklets.orbits.classes import CLASSES, GEO, class_of
from fink_tracklets.orbits.line import line_of
from fink_tracklets.orbits.night import Tracklets, orbit_of, orbit_table, sights
from fink_tracklets.orbits.population import condensed, from_elements, nodes_of, shipped
from fink_tracklets.orbits.sight import sight_of
from fink_tracklets.orbits.spread import in_parts
from fink_tracklets.orbits.twobody import MU, elements_of, in_plane
from fink_tracklets.sky.sphere import ARCSEC, unit_vectors

JD = 2459376.5


@pytest.fixture(scope="module")
def elements(data):
    return catalogue()


@pytest.fixture(scope="module")
def population(elements):
    return from_elements(elements, JD)


@pytest.fixture(scope="module")
def nodes(population):
    return nodes_of(population)


@pytest.fixture(scope="module")
def sky(elements) -> Sky:
    """Some tracklets of a seed that nothing was tuned on."""
    return simulate(elements, pointings()[::6], iter(range(700, 702)))


def night_of(sky: Sky, elements) -> Tracklets:
    launch = {
        int(number): str(one)[:8]
        for number, one in zip(elements.norad_cat_id, elements.object_id, strict=True)
    }
    rows = sky.tracklets
    own = dict(zip(rows["tracklet"], rows["norad_cat_id"].map(launch), strict=True))
    return Tracklets(rows, sky.alerts, sky.exposures, own)


def test_classes_are_those_of_the_text():
    a = [7000, 26560, 42164, 26560, 24000]
    e = [0.01, 0.01, 0.1, 0.7, 0.7]
    i = [98, 55, 10, 63, 7]
    assert [CLASSES[k] for k in class_of(a, e, i)] == ["LEO", "MEO", "GEO", "MOLNIYA", "ECC"]


def test_places_on_an_ellipse_give_back_its_elements():
    rng = np.random.default_rng(1)
    n = 500
    a, e, mean = rng.uniform(7000, 5e4, n), rng.uniform(0, 0.9, n), rng.uniform(0, 2 * np.pi, n)
    r, radial, horizontal, true = in_plane(a, e, mean)
    assert (radial**2 + horizontal**2) / 2 - MU / r == pytest.approx(-MU / (2 * a))
    i, node, perigee = rng.uniform(0, np.pi, n), *rng.uniform(0, 2 * np.pi, (2, n))
    u = perigee + true

    def turned(angle):
        x, y = np.cos(angle), np.sin(angle)
        return np.stack(
            [
                x * np.cos(node) - y * np.cos(i) * np.sin(node),
                x * np.sin(node) + y * np.cos(i) * np.cos(node),
                y * np.sin(i),
            ],
            axis=1,
        )

    position = turned(u) * r[:, None]
    velocity = turned(u) * radial[:, None] + turned(u + np.pi / 2) * horizontal[:, None]
    found = elements_of(position, velocity)
    for one, truth in zip(found[:3], (a, e, i), strict=True):
        assert one == pytest.approx(truth, rel=1e-6, abs=1e-9)
    assert np.abs((found[3] - node + np.pi) % (2 * np.pi) - np.pi).max() < 1e-6
    well = e > 1e-3
    away = (found[5] - mean + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(away[well]).max() < 1e-6


@pytest.mark.parametrize("teeth", [[0.0], [0.0, 0.3], [0.0, 0.2, 0.55]])
def test_a_beat_is_found_and_what_it_lacks_is_counted(teeth):
    rng = np.random.default_rng(len(teeth))
    turn = 40 * ARCSEC
    whole = np.sort((np.arange(9)[:, None] + teeth).ravel()) * turn
    points = np.delete(whole, 4) + rng.normal(0, 0.1 * ARCSEC, len(whole) - 1)
    beat = find_beat(np.sort(points - points[0]), 0.1 * ARCSEC)
    assert beat is not None
    assert beat.turn == pytest.approx(turn, rel=0.01)
    assert len(beat.teeth) == len(teeth)
    room = np.array([0.0, 0.9, 1.1, 2.1]) * turn
    none = np.zeros(4)
    counted = unseen_flashes(beat, room, none)
    expected = [sum((k - t) * turn <= r for k in (1, 2, 3) for t in teeth) for r in room]
    assert counted.tolist() == expected


def test_random_places_have_no_beat():
    rng = np.random.default_rng(3)
    found = [
        find_beat(np.append(0.0, np.sort(rng.uniform(0, 400, 6))) * ARCSEC, 0.2 * ARCSEC)
        for _ in range(60)
    ]
    assert sum(one is not None for one in found) <= 12


def test_every_orbit_passes_the_tracklet(sky, elements, population, nodes, ztf):
    """Flown by Kepler's laws, each orbit of the posterior is where the tracklet is, and moves
    along it."""
    night = night_of(sky, elements)
    for _, sight, _ in list(sights(night, ztf))[:6]:
        found, _ = orbit_of(sight, nodes)
        best = found.drawn(50)
        i, node = np.radians(found.inclination_deg[best]), np.radians(found.node_deg[best])
        pole = np.stack([np.sin(i) * np.sin(node), -np.sin(i) * np.cos(node), np.cos(i)], axis=1)
        position = sight.observer_km + found.range_km[best, None] * sight.toward
        assert np.abs(np.einsum("ij,ij->i", pole, position)).max() < 1e-6 * 5e4
        a, e = found.a_km[best], found.eccentricity[best]
        mean = np.radians(found.mean_anomaly_deg[best])
        r, radial, horizontal, _ = in_plane(a, e, mean)
        assert r == pytest.approx(np.linalg.norm(position, axis=1), rel=1e-6)
        outward = position / r[:, None]
        velocity = outward * radial[:, None] + np.cross(pole, outward) * horizontal[:, None]
        relative = velocity - sight.observer_km_s
        across, along = relative @ sight.left, relative @ sight.ahead
        assert np.abs(across / along).max() < 5 * sight.line.direction_error + 1e-6


def test_held_out_tracklets_get_their_class_and_their_inclination(sky, elements, population, ztf):
    """The bars of a sample this small are wide: docs/orbits.md has the numbers of a large one."""
    night = night_of(sky, elements)
    table = orbit_table(night, population, ztf).set_index("tracklet")
    assert table["note"].isna().all() if "note" in table else True
    number = sky.tracklets.set_index("tracklet")["norad_cat_id"]
    row = {int(one): k for k, one in enumerate(population.norad_cat_id)}
    k = np.array([row[int(number[name])] for name in table.index])
    truth = population.classes[k]
    p = table[[f"p_{name.lower()}" for name in CLASSES]].to_numpy(float)
    assert len(table) >= 15
    assert np.mean(p.argmax(axis=1) == truth) >= 0.75
    assert -np.log(p[np.arange(len(p)), truth]).mean() < 0.6
    assert p.sum(axis=1) == pytest.approx(1)
    inside = (population.inclination_deg[k] > table["i_deg_05"]) & (
        population.inclination_deg[k] < table["i_deg_95"]
    )
    assert inside.mean() >= 0.7


def test_the_real_tracklets_are_geosynchronous_and_have_their_inclination(data, nodes, population):
    """Those of docs/orbits.md. The catalogue is of another year: a population only."""
    survey = load_survey("ztf")
    seen = pd.read_parquet(data / "ztf_moving_candidates_2019_2020.parquet")
    known = {
        "2019-12-11 13:35:13": 15.22,
        "2020-10-22 04:02:27": 12.20,
        "2020-10-30 06:03:15": 11.29,
        "2020-12-28 02:44:16": 14.59,
        "2020-10-14 07:52:47": 15.8,
    }
    for when, inclination in known.items():
        jd = pd.Timestamp(when).to_julian_date()
        near = seen[(seen["jd"] - jd).abs() < 20 / 86400]
        candidates = pd.DataFrame(
            {
                "alert_id": np.arange(len(near)),
                "exposure": near["jd"].astype(str),
                "ra": near["ra"],
                "dec": near["dec"],
            }
        )
        found = find_tracklets(candidates, survey)
        of = candidates.set_index("alert_id").loc[found["alert_id"]]
        points = unit_vectors(of["ra"], of["dec"])
        curve, _, _ = fit_curve(points[np.lexsort(points.T)])
        row = pd.Series({"tracklet": when, "jd": near["jd"].iloc[0], **vars(curve)})
        centre = unit_vectors(near["ra"], near["dec"]).mean(axis=0)
        sight = sight_of(row, of, centre / np.linalg.norm(centre), survey)
        posterior, _ = orbit_of(sight, nodes)
        assert posterior.classes[GEO] > 0.85
        median = posterior.quantiles(posterior.inclination_deg, np.array([0.5]))[0]
        assert median == pytest.approx(inclination, abs=0.2)


def test_the_order_of_alerts_does_not_matter(sky, elements, population, ztf):
    night = night_of(sky, elements)
    few = Tracklets(night.tracklets[:2], night.alerts, night.exposures, night.own)
    mixed = Tracklets(
        few.tracklets[::-1], night.alerts.sample(frac=1, random_state=1), few.exposures, few.own
    )
    one, other = (orbit_table(some, population, ztf) for some in (few, mixed))
    pd.testing.assert_frame_equal(one, other)


def test_a_tracklet_without_a_direction_has_a_note(sky, elements, population, ztf):
    night = night_of(sky, elements)
    short = Tracklets(
        night.tracklets[:1].assign(length_arcsec=9.0), night.alerts, night.exposures, {}
    )
    table = orbit_table(short, population, ztf)
    assert table["note"].tolist() == ["all points lie within 10 arcsec: no direction"]


def test_the_shipped_population_is_that_of_the_catalogue(population):
    ours, cells = shipped(), condensed(population)
    assert ours.weight.sum() == pytest.approx(population.weight.sum(), rel=0.02)
    for kind in range(5):
        mine, theirs = (
            ours.weight[ours.classes == kind].sum(),
            population.weight[population.classes == kind].sum(),
        )
        assert mine == pytest.approx(theirs, rel=0.05)
    assert len(ours) == pytest.approx(len(cells), rel=0.02)


def test_what_flies_leaves_constellations_out(elements, population):
    assert not any(str(name).startswith("STARLINK") for name in population.name)
    assert len(fleet_of(elements).norad_cat_id) < len(elements)


def test_parts_come_back_in_order_wherever_they_are_done(spark):
    def work(part, shared):
        return [shared * k for k in part]

    here, there = (in_parts(session, 45, work, 3) for session in (None, spark))
    assert here == there == [3 * k for k in range(45)]


def test_executors_make_the_same_bits(sky, elements, population, ztf, spark, monkeypatch):
    """Though their BLAS has other threads."""
    monkeypatch.setattr(spread, "IN_A_PART", 5)
    night = night_of(sky, elements)
    some = Tracklets(night.tracklets[:15], night.alerts, night.exposures, night.own)
    here, there = (orbit_table(some, population, ztf, session) for session in (None, spark))
    pd.testing.assert_frame_equal(here, there, check_exact=True)


@pytest.mark.parametrize("name", ["ztf", "rubin"])
def test_the_field_goes_on_so_far(sky, name):
    """Beyond the ends, by small steps along the tracklet's circle."""
    survey, tracklet = load_survey(name), sky.tracklets.iloc[0]
    alerts = sky.alerts[sky.alerts["tracklet"] == tracklet["tracklet"]]
    line = line_of(tracklet, alerts)
    half = np.radians(np.sqrt(survey.field_area_deg2)) / 2
    steps = np.arange(0, 6, 0.0005) * half
    for east, north in ((0.3, -0.4), (-0.8, 0.1), (0.0, 0.99)):
        up = np.array([0.0, 0.0, 1.0])
        axis = np.cross(up, line.toward) / np.linalg.norm(np.cross(up, line.toward))
        centre = line.toward - half * (east * axis + north * np.cross(line.toward, axis))
        centre /= np.linalg.norm(centre)
        axis = np.cross(up, centre) / np.linalg.norm(np.cross(up, centre))
        axes = np.stack([axis, np.cross(centre, axis)])
        rooms = sight_of(tracklet, alerts, centre, survey).room
        for sense, room in zip((-1, 1), rooms, strict=True):
            t = sense * (line.length / 2 + steps)[:, None]
            xy = (np.cos(t) * line.toward + np.sin(t) * line.ahead) @ axes.T
            outside = np.hypot(*xy.T) > half * 2 / np.sqrt(np.pi)
            if survey.field_shape == "square":
                outside = (np.abs(xy) > half).any(axis=1)
            assert room == pytest.approx(steps[np.argmax(outside)], abs=0.01 * half)
