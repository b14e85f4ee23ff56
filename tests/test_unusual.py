"""What an operator is told of a night: what is unlike the nights before, and one run at a time."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from fink_tracklets.errors import UserError
from fink_tracklets.pipeline.unusual import LEAST, NightReport, unusual_of, write_report
from fink_tracklets.store.manifest import ExposureCounts, Manifest, NotedExposure, Unusable
from fink_tracklets.store.open import open_writable
from tests.holding import assert_held_until_killed


def a_night(rng: np.random.Generator, day: int = 1) -> Manifest:
    """An ordinary night: as many as a real one has, and the scatter of weather and fields."""
    exposures = int(rng.integers(150, 400))
    alerts = int(exposures * 600 * np.exp(rng.normal(0, 0.15)))
    candidates = int(exposures * 4 * np.exp(rng.normal(0, 0.2)))
    tracklets = int(rng.poisson(0.04 * exposures))
    matched = int(rng.binomial(tracklets, 0.6))
    return Manifest(
        night=f"202110{day:02d}",
        run="",
        version="1",
        tables_version=3,
        survey="ztf",
        configuration={},
        rows={"candidates": candidates, "tracklets": tracklets, "tracklet_alerts": 9 * tracklets},
        files={},
        alerts_read=alerts,
        alerts_unusable=Unusable(alerts=int(rng.poisson(3))),
        exposures=ExposureCounts(with_alerts=exposures),
        satellites={"tracklets": tracklets, "matched": matched, "certain": matched},
    )


@pytest.fixture
def before():
    return [a_night(np.random.default_rng([30, k]), k + 1) for k in range(30)]


def test_ordinary_nights_are_not_unusual(before):
    flagged = [unusual_of(a_night(np.random.default_rng([31, k])), before) for k in range(200)]
    assert sum(map(bool, flagged)) <= 2


def names(manifest: Manifest, before: list[Manifest]) -> set[str]:
    return {one.name for one in unusual_of(manifest, before)}


def test_bad_nights_are(before):
    night = a_night(np.random.default_rng(32))
    exposures = night.exposures.with_alerts
    artefacts = {**night.rows, "candidates": 40 * exposures}
    assert names(replace(night, rows=artefacts), before) == {"candidates_per_exposure"}
    half = Unusable(alerts=night.alerts_read // 2)
    assert names(replace(night, alerts_unusable=half), before) == {"unusable_share"}
    crowded = tuple(NotedExposure(str(k), 2000, 0) for k in range(exposures // 4))
    assert names(replace(night, exposures_crowded=crowded), before) == {"crowded_share"}
    none = {**night.satellites, "tracklets": 25, "matched": 0}
    assert names(replace(night, satellites=none), before) == {"matched_share"}
    assert not names(replace(night, rows=artefacts), before[: LEAST - 1])


def test_a_night_without_exposures_is_unusual(before):
    counts = {"alerts_read": 0, "rows": dict.fromkeys(before[0].rows, 0), "satellites": None}
    empty = replace(a_night(np.random.default_rng(5)), exposures=ExposureCounts(), **counts)
    (one,) = unusual_of(empty, before)
    assert re.fullmatch(r"exposures: 0, usually [1-4]\d\d", str(one))
    report = NightReport(empty, len(before), (one,), 1.0)
    assert json.loads(report.as_json())["unusual"] == ["exposures"]
    assert unusual_of(empty, before[: LEAST - 1]) == ()
    assert unusual_of(empty, [empty] * LEAST) == ()


def test_the_report_as_a_line_and_as_a_textfile(before, tmp_path):
    night = replace(a_night(np.random.default_rng(33)), alerts_unusable=Unusable(alerts=100_000))
    report = NightReport(night, 30, unusual_of(night, before), 12.3)
    assert report.text().startswith("UNUSUAL against 30 nights")
    assert "unusable_share: " in report.text()
    log, textfile = tmp_path / "log", tmp_path / "night.prom"
    for _ in range(2):
        write_report(report, str(log), str(textfile))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(lines) == 2
    assert lines[0]["unusual"] == ["unusable_share"]
    assert lines[0]["night"] == night.night
    assert f'fink_tracklets_night{{survey="ztf"}} {night.night}\n' in textfile.read_text()
    assert [file.name for file in tmp_path.iterdir()] == ["log", "night.prom"]
    with pytest.raises(UserError, match="report cannot be written"):
        write_report(report, str(tmp_path / "no" / "log"), None)


def test_a_second_run_is_refused_and_a_kill_leaves_no_lock(tmp_path):
    assert_held_until_killed(open_writable(tmp_path), str(tmp_path))
    assert not list((tmp_path / "locks").iterdir())
