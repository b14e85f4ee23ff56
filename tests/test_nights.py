"""A span of nights in one run, and the commands that follow it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from fink_tracklets import read_table
from fink_tracklets.cli.main import main
from fink_tracklets.pipeline.run import run_night
from fink_tracklets.tables import TABLES
from tests.conftest import ROOT, SAMPLE
from tests.reading import nights, read_manifest

SPAN = "20211022..20211025"
"""Two good nights, one without alerts, one damaged."""
GOOD, NONE, DAMAGED = ("20211022", "20211025"), "20211023", "20211024"
ALL = ("20211022", "20211024", "20211025")


@pytest.fixture(scope="module")
def lake(data, tmp_path_factory) -> Path:
    """A folder of alerts for each night: of the real sample, without stamps, each night others."""
    folder = tmp_path_factory.mktemp("lake")
    alerts = pq.read_table(SAMPLE)
    alerts = alerts.select([name for name in alerts.column_names if not name.startswith("cutout")])
    for k, night in enumerate(ALL):
        (folder / night).mkdir()
        pq.write_table(alerts.slice(k), folder / night / "alerts.parquet")
    return folder


@pytest.fixture(scope="module")
def single(lake, spark, tmp_path_factory) -> dict[str, dict[str, list[str]]]:
    """The tables of each night when it is run alone."""
    store = tmp_path_factory.mktemp("single")
    for night in ALL:
        run_night(night, str(lake / night), str(store))
    return {night: tables(store, night) for night in ALL}


@pytest.fixture
def damaged(lake):
    """The lake while a file of one night is cut short."""
    file = lake / DAMAGED / "alerts.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    yield lake
    file.write_bytes(whole)


def arguments(lake: Path, store: Path, span: str = SPAN) -> list[str]:
    """Of `run`."""
    alerts = f"{lake}/{{Y}}{{m}}{{d}}"
    return ["run", "--nights", span, "--alerts", alerts, "--store", str(store)]


def tables(store: Path, night: str) -> dict[str, list[str]]:
    """All tables of a night as sorted rows, comparable to the last bit."""
    return {
        name: sorted(map(repr, read_table(str(store), name, night).to_pylist())) for name in TABLES
    }


def states(store: Path) -> dict[str, str]:
    """The run that each night of a store is of."""
    return {night: read_manifest(store, night)["run"] for night in nights(store)}


def test_a_span_runs_its_nights_and_again_only_what_is_wanting(single, damaged, tmp_path, capsys):
    store = tmp_path / "store"
    assert main(arguments(damaged, store)) == 2
    said = capsys.readouterr()
    assert re.search(
        r"Nights: 2 done, 0 stored before, 1 without alerts, 1 failed; in .* s\.\n$", said.out
    )
    assert re.search(
        rf"fink-tracklets: night {DAMAGED}: \S+parquet is not a Parquet file, or is cut", said.err
    )
    assert said.err.endswith(f"fink-tracklets: Of 3 nights failed 1: {DAMAGED}.\n")
    assert f"Without alerts: {NONE}\n" in said.err
    assert re.search(rf"Night {GOOD[1]}, 3 of 3, about .* s left", said.err)
    assert "Traceback" not in said.err
    assert nights(store) == list(GOOD)
    for night in GOOD:
        assert tables(store, night) == single[night]

    first = states(store)
    assert main(arguments(damaged, store)) == 2
    assert "Nights: 0 done, 2 stored before, 1 without alerts, 1 failed" in capsys.readouterr().out
    assert states(store) == first


def test_a_night_is_run_again_where_it_would_be_another(spark, lake, tmp_path, capsys):
    store = tmp_path / "store"

    def summary(*more: str) -> str:
        assert main([*arguments(lake, store, GOOD[0]), *more]) == 0
        return re.search(r"Nights: (\d+ done, \d+ stored before)", capsys.readouterr().out)[1]

    assert summary() == "1 done, 0 stored before"
    assert summary() == "0 done, 1 stored before"
    assert summary("--again") == "1 done, 0 stored before"
    added = lake / GOOD[0] / "another.parquet"
    added.write_bytes((lake / GOOD[0] / "alerts.parquet").read_bytes())
    assert summary() == "1 done, 0 stored before"
    added.unlink()
    stricter = tmp_path / "stricter.toml"
    text = (ROOT / "conf" / "ztf.toml").read_text()
    stricter.write_text(re.sub(r"(?m)^max_candidates = \d+", "max_candidates = 123", text))
    assert summary("--survey", str(stricter)) == "1 done, 0 stored before"


def test_killed_in_the_middle_the_same_line_goes_on(single, lake, tmp_path):
    store, span = tmp_path / "store", ",".join(ALL)
    command = [sys.executable, "-m", "fink_tracklets", *arguments(lake, store, span)]
    killed = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    for line in killed.stdout:
        if line.startswith(f"Night {ALL[1]}, 2 of 3"):
            os.killpg(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    before = states(store)
    assert list(before) == [ALL[0]]
    assert main(arguments(lake, store, span)) == 0
    after = states(store)
    assert after[ALL[0]] == before[ALL[0]]
    assert {night: tables(store, night) for night in after} == single


def test_mistakes(spark, lake, tmp_path, capsys):
    store = tmp_path / "store"

    def says(*given: str) -> str:
        assert main(list(given)) == 2
        return capsys.readouterr().err

    alerts = ["--alerts", f"{lake}/{{Y}}{{m}}{{d}}", "--store", str(store)]
    assert "run backwards" in says("run", "--nights", "20211023..20211022", *alerts)
    assert "No night of 20200101..20200103 has alerts at" in says(
        "run", "--nights", "20200101..20200103", *alerts
    )
    same = ["--alerts", str(lake / GOOD[0]), "--store", str(store)]
    assert "is the same for several of the nights 20211022..20211025: write {Y}" in says(
        "run", "--nights", SPAN, *same
    )
    assert nights(store) == []
    for both in ([], ["--night", GOOD[0], "--nights", SPAN]):
        with pytest.raises(SystemExit) as end:
            main(["run", *both, *alerts])
        assert end.value.code == 2
