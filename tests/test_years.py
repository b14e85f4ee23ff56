"""Counts that add up, and what is told from them: against truth, equations, published numbers."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fink_tracklets.cli import main
from fink_tracklets.errors import UserError
from fink_tracklets.plots.report.figures import all_figures
from fink_tracklets.plots.report.write import drawn
from fink_tracklets.survey.image import load_imager
from fink_tracklets.tables.summary import BY_NAME, MAG, QUANTITIES, SIZE, SUMMARY
from fink_tracklets.years.completeness import Completeness, read_completeness
from fink_tracklets.years.count import covered, elongation
from fink_tracklets.years.limits import flash_limit, trail_limit
from fink_tracklets.years.numbers import all_numbers
from fink_tracklets.years.rates import corrected_rate, limits, sky_hours
from fink_tracklets.years.span import read_span
from fink_tracklets.years.summary import Summary, add, merged, place
from tests.stores import write_store


def random_summary(seed: int) -> Summary:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 2**40, SIZE) * (rng.uniform(size=SIZE) < 0.1)
    return Summary(counts)


def test_summaries_add_up_exactly_however_they_are_grouped():
    one, two, three = (random_summary(k) for k in range(3))
    whole = merged([one.as_table(), two.as_table(), three.as_table()])
    assert (whole.counts == add(add(one, two), three).counts).all()
    assert (whole.counts == merged([add(three, one).as_table(), two.as_table()]).counts).all()


def test_quantities_lie_side_by_side():
    places = [place(quantity.name) for quantity in QUANTITIES]
    assert len(BY_NAME) == len(QUANTITIES)
    assert places[0].start == 0
    assert places[-1].stop == SIZE
    assert all(one.stop == other.start for one, other in pairwise(places))


@pytest.mark.parametrize(("name", "number"), [("wings", 0), ("mag/all", MAG.n), ("mag/all", -1)])
def test_a_bin_that_there_is_not_is_one_sentence(name, number):
    columns = [[name], [number], [5]]
    fields = SUMMARY.arrow_schema
    arrays = [pa.array(c, f.type) for c, f in zip(columns, fields, strict=True)]
    with pytest.raises(UserError, match=r"summarise"):
        merged([pa.Table.from_arrays(arrays, schema=fields)])


def test_bins_hold_what_lies_on_their_lower_edge():
    assert MAG.bins([10.0, 18.3, 18.39, 5.0, 99.0, np.nan]).tolist() == [0, 83, 83, 0, 149, -1]


def test_a_field_covers_its_area_of_the_sky():
    pixels = covered(np.array([10.0, 359.9, 0.0]), np.array([0.0, 45.0, 90.0]), 47.0)
    assert len(pixels) == 3 * 24**2
    # A pixel inside the field has as many of its places as its area has of the field's.
    inside = np.bincount(pixels[: 24**2]).max()
    assert inside == pytest.approx(24**2 * (41_253 / 12_288) / 47.0, rel=0.15)


def test_elongation_is_that_of_astropy():
    from astropy.coordinates import ICRS, SkyCoord, get_sun
    from astropy.time import Time

    jd = np.array([2459369.9, 2459369.9, 2458800.25])
    ra, dec = np.array([10.0, 72.0, 250.0]), np.array([-20.0, 22.5, 60.0])
    sun = get_sun(Time(jd, format="jd"))
    there = SkyCoord(sun.ra, sun.dec, frame=ICRS)  # directions only: light time and all is small
    expected = there.separation(SkyCoord(ra, dec, unit="deg", frame=ICRS)).deg
    assert elongation(jd, ra, dec) == pytest.approx(expected, abs=0.01)


def test_the_papers_all_sky_rates_follow_from_their_counts(ztf):
    hours = sky_hours(252_532 * 30_000, ztf)
    assert 99_157 / hours == pytest.approx(42_000, rel=0.02)
    assert 194_298 / hours == pytest.approx(80_000, rel=0.02)


def test_limits_are_those_of_the_papers():
    ztf, rubin = load_imager("ztf"), load_imager("rubin")
    # P1's footnote 1: 0.3 s at mag 10 are mag 15 in 30 s; so a limit of 20.5 shows 15.5.
    assert flash_limit(0.3, ztf) == pytest.approx(15.5)
    assert flash_limit([60.0], ztf) == pytest.approx(20.5)
    # P1 section 3.4: trails up to 3 magnitudes deeper.
    assert trail_limit(450.0, rubin, 30.0) - trail_limit(450.0, ztf, 30.0) == pytest.approx(
        3, abs=0.01
    )


def test_an_unknown_survey_of_images_is_one_sentence():
    with pytest.raises(UserError, match="evryscope, rubin"):
        load_imager("hubble")


def tracks_seen(rng, survey, per_hour, completeness, limits, n_nights):
    """Tracks of one to twenty flashes, counted by their depth, and the rate of all there were."""
    summary = Summary.zero()
    each = 30_000
    hours = sky_hours(len(limits) * n_nights * each, survey)
    depth = MAG.bins(np.tile(limits, n_nights))
    summary.count("depth", depth, weights=each)
    summary.count("exposure_ms", weights=len(depth) * each)
    tracks = rng.poisson(per_hour * hours / 10.5)
    squares, truth = np.zeros(MAG.n, np.int64), 0
    for size in rng.integers(1, 21, tracks):
        limit = rng.choice(limits)
        mag = MAG.middles[MAG.bins(18.0 - rng.exponential(1.0) + rng.uniform(0, 1, size))]
        truth += int((mag < 18).sum())
        share = completeness.share(np.full(size, limit), limit - mag)
        seen = mag[rng.uniform(size=size) < share]
        bins = MAG.bins(seen)
        summary.count("mag/tracklet", bins)
        squares += np.cumsum(np.bincount(bins, minlength=MAG.n)) ** 2
    summary.count("squares/mag", np.arange(MAG.n), weights=squares)
    return summary, truth / hours


def test_corrected_rates_are_right_within_their_errors(ztf):
    rng = np.random.default_rng(5)
    edges = np.array([0.0, 0.5, 1.0, 2.0, 15.0])
    emitted = np.full((5, 2, 4), 1000.0)
    counted = emitted * [[0.2, 0.3, 0.4, 0.5], [0.3, 0.5, 0.7, 0.8]]
    known = Completeness(np.array([0.0, 18.5, 40.0]), edges, emitted, counted, np.ones((5, 6)))
    # Of half of the exposures the limit is so bright that most flashes are undetectable.
    limits = np.concatenate([rng.uniform(19, 20.5, 150), rng.uniform(15.5, 18.0, 150)])
    nights = [tracks_seen(rng, ztf, 40_000, known, limits, 1) for _ in range(60)]
    rates = [corrected_rate(summary, ztf, 18.0, known) for summary, _ in nights]
    found, down, up = np.array([(rate.per_hour, rate.down, rate.up) for rate in rates]).T
    truth = np.array([true for _, true in nights])
    assert ((found - 2 * down < truth) & (truth < found + 2 * up)).sum() >= 54
    assert found.mean() == pytest.approx(truth.mean(), rel=0.1)


def test_errors_of_single_events_are_gehrels_s():
    # His table 1 and 2 at one standard deviation: 0, 1, 5 and 10 events.
    down, up = limits([0, 1, 5, 10], [0, 1, 5, 10])
    assert up == pytest.approx([1.841, 2.300, 3.382, 4.267], abs=0.06)
    assert down == pytest.approx([0, 0.827, 2.159, 3.106], abs=0.06)
    # Ten events of two tracks scatter as two do, five times as much.
    assert limits(10, 50)[1] == pytest.approx(5 * limits(2, 2)[1])


def evaluation(path, **more):
    """As `evaluate --json` writes it."""
    recall = {"recall": {"value": 0.9}}
    by = {
        "points": [{"group": "5-6", "recall": {"value": 0.6}}],
        "candidates": [{"group": "100-299", "recall": {"value": 0.45}}],
    }
    path.write_text(json.dumps({"total": recall, "by": by, **more}))
    return str(path)


def test_completeness_is_read_from_both_kinds_of_evaluation(tmp_path):
    cells = {"emitted": [[10, 20], [10, 0]], "counted": [[1, 16], [2, 0]]}
    flashes = {"limits": [0.0, 20.0, 40.0], "edges": [0.0, 1.0, 15.0], **cells}
    files = [evaluation(tmp_path / f"{k}.json", flashes=flashes) for k in range(2)]
    known = read_completeness([*files, evaluation(tmp_path / "inject.json")])
    beyond = np.array([-0.1, 0.0, 0.9, 1.0, 99.0])
    assert known.share(np.full(5, 19.0), beyond).tolist() == [0, 0.1, 0.1, 0.8, 0.8]
    assert known.share(np.full(5, 20.0), beyond).tolist() == [0, 0.2, 0.2, 0.8, 0.8]
    assert len(known.without_one()) == 2
    # 6 events in tracklets of five or six, among 100 candidates: .6 times .45 over .9 are found.
    summary = Summary.zero()
    summary.count("crowd", [1], [3], weights=[6])
    assert known.recall(summary) == pytest.approx(1 / 0.3)


def test_evaluations_that_do_not_go_together_are_one_sentence(tmp_path):
    flashes = {"limits": [0.0, 40.0], "edges": [0.0, 1.0], "emitted": [[1]], "counted": [[1]]}
    one = evaluation(tmp_path / "one.json", flashes=flashes)
    other = evaluation(tmp_path / "other.json", flashes=flashes | {"edges": [0.0, 2.0]})
    with pytest.raises(UserError, match=r"other\.json: its bins"):
        read_completeness([one, other])


def test_a_rate_beyond_all_limits_is_none(ztf):
    summary = Summary.zero()
    summary.count("depth", MAG.bins([18.0]), weights=30_000)
    summary.count("mag/tracklet", MAG.bins([18.5]))
    assert corrected_rate(summary, ztf, 19.0, None) is None


@pytest.fixture(scope="module")
def reported(simulated_store, tmp_path_factory):
    """The report of the simulated night."""
    out = tmp_path_factory.mktemp("report")
    assert main(["report", "--store", simulated_store, "--out", str(out), "--quiet"]) == 0
    return out


def test_a_report_s_counts_are_those_of_the_truth(simulated, simulated_store, reported):
    truth, numbers = (
        pd.read_parquet(simulated.truth),
        json.loads((reported / "numbers.json").read_text()),
    )
    told = {key: one["value"] for key, one in numbers["numbers"].items()}
    assert told["candidates"] == len(truth)
    assert told["exposures"] == simulated.n_exposures
    by = truth.groupby("exposure").size()
    assert told["exposures_with_candidates"] == len(by)
    assert told["exposures_with_five"] == (by >= 5).sum()
    assert told["median_candidates"] == by.median()
    table = {row["step"]: row["alerts"] for row in numbers["tables"]["table1"]}
    assert table["alerts read"] == simulated.n_rows


def test_the_plane_holds_what_is_left_before_its_cut(simulated_store):
    summary = read_span_of(simulated_store).summary
    counted = summary.number("locus/count") + summary.number("locus/none")
    assert counted == summary["funnel"][2]
    # What the locus cut keeps lies outside of it, and the scores are those of good alerts.
    assert 0.55 < summary.number("locus/quality") * 1e-4 / summary.number("locus/count") < 1


def test_every_table_and_figure_is_there(reported):
    page = (reported / "report.html").read_text()
    numbers = json.loads((reported / "numbers.json").read_text())
    drawn = {file.stem for file in (reported / "figures").glob("*.png")}
    assert drawn == {file.stem for file in (reported / "figures").glob("*.pdf")}
    for key in (*drawn, *numbers["not_drawn"], *numbers["tables"]):
        assert f'id="{key}"' in page
    assert {f"p1_fig{k}" for k in (*range(1, 17),)} <= {*drawn, *numbers["not_drawn"]}
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    for name in numbers["tables"]:
        rows = pd.read_csv(reported / "tables" / f"{name}.csv")
        assert len(rows) == len(numbers["tables"][name])
        latex = (reported / "tables" / f"{name}.tex").read_text()
        assert latex.count(r"\\") == len(rows) + 1


def test_figures_and_numbers_are_the_same_bytes_again(simulated_store, reported):
    span, imager = read_span_of(simulated_store), load_imager("ztf")
    figures = {one.key: one for one in all_figures(imager, load_imager("rubin"), {})}
    for key in ("p1_fig1", "p1_fig10", "p2_fig5_rates"):
        for ending, content in drawn(figures[key], span).files.items():
            assert (reported / "figures" / f"{key}.{ending}").read_bytes() == content
    told = json.loads((reported / "numbers.json").read_text())["numbers"]
    assert all(told[one.key]["value"] == one.value for one in all_numbers(span))


def read_span_of(store):
    from fink_tracklets.store.open import open_folder

    return read_span(open_folder(str(store)))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--nights", "20300101..20300131"], "has no night of 20300101..20300131; it has"),
        (["--nights", "2021"], "is not a span of nights"),
        (["--other", "hubble"], "no survey whose images are known"),
        (["--completeness", "nowhere.json"], "nowhere.json: cannot be read"),
        (["--photometry", "23314"], "write the satellite's number and a file"),
    ],
)
def test_wrong_options_are_one_sentence(simulated_store, tmp_path, capsys, options, said):
    where = ["report", "--store", simulated_store, "--out", str(tmp_path / "out")]
    assert main([*where, *options, "--quiet"]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
    assert not (tmp_path / "out" / "report.html").exists()


def test_nights_of_an_older_version_are_named(tmp_path, capsys):
    write_store(tmp_path / "store", "20211021", nights=2)
    out = str(tmp_path / "out")
    assert main(["report", "--store", str(tmp_path / "store"), "--out", out, "--quiet"]) == 2
    assert "summarise --nights 20211021..20211022" in capsys.readouterr().err
    # Without alerts, what the tables hold is counted.
    span = ["--nights", "20211021..20211022", "--store", str(tmp_path / "store")]
    assert main(["summarise", *span, "--quiet"]) == 0
    summary = read_span_of(tmp_path / "store").summary
    assert summary.number("tracklets") == 20
    assert summary.number("mag/all") == summary.number("map/all") == 200


def test_nights_of_two_surveys_are_refused(tmp_path, capsys):
    store = tmp_path / "store"
    write_store(store, "20211021", nights=2)
    main(["summarise", "--nights", "20211021..20211022", "--store", str(store), "--quiet"])
    manifest = store / "manifests" / "20211022.json"
    manifest.write_text(manifest.read_text().replace('"survey": "ztf"', '"survey": "rubin"'))
    assert main(["report", "--store", str(store), "--out", str(tmp_path / "o"), "--quiet"]) == 2
    assert "rubin, ztf, whose counts do not add up" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_one_sentence(simulated_store, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    out = str(tmp_path / "file" / "out")
    assert main(["report", "--store", simulated_store, "--out", out, "--quiet"]) == 2
    assert "cannot be written" in capsys.readouterr().err
