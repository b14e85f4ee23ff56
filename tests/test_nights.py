"""A span of nights in one run, and the commands that follow it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from fink_tracklets import read_table
from fink_tracklets.cli.main import main
from fink_tracklets.naming import parse_nights
from fink_tracklets.pipeline.nights import plan_nights
from fink_tracklets.pipeline.run import run_night
from fink_tracklets.store.open import open_folder
from fink_tracklets.tables import TABLES
from tests.conftest import ROOT, SAMPLE
from tests.reading import nights, read_manifest
from tests.stores import write_store
from tests.test_satellites_elements import VANGUARD

SPAN = "20211022..20211025"
"""Two good nights, one without alerts, one damaged."""
GOOD, NONE, DAMAGED = ("20211022", "20211025"), "20211023", "20211024"


@pytest.fixture(scope="module")
def lake(data, tmp_path_factory) -> Path:
    """A folder of alerts for each night: of the real sample, without stamps, each night others."""
    folder = tmp_path_factory.mktemp("lake")
    alerts = pq.read_table(SAMPLE)
    alerts = alerts.select(["candid", "objectId", "publisher", "candidate"])
    for k, night in enumerate((*GOOD, DAMAGED)):
        (folder / night).mkdir()
        # Without the metadata, in which Spark left the schema with the stamps.
        part = alerts.slice(k).replace_schema_metadata(None)
        pq.write_table(part, folder / night / "alerts.parquet")
    return folder


@pytest.fixture(scope="module")
def single(lake, spark, tmp_path_factory) -> dict[str, dict[str, list[str]]]:
    """The tables of each good night when it is run alone."""
    store = tmp_path_factory.mktemp("single")
    for night in GOOD:
        run_night(night, str(lake / night), str(store))
    return {night: tables(store, night) for night in GOOD}


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


def killed(command: list[str], line: int) -> None:
    """Run a command in a process of its own; kill -9 it and its Java once it has said so much."""
    running = subprocess.Popen(
        [sys.executable, "-m", "fink_tracklets", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    for k, _ in enumerate(running.stdout, 1):
        if k == line:
            os.killpg(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL


@pytest.mark.parametrize(
    "line",
    [
        14,
        *(pytest.param(k, marks=pytest.mark.campaign) for k in (2, 5, 6, 7, 8, 9, 11, 12, 15, 16)),
    ],
)
def test_killed_in_the_middle_the_same_line_goes_on(line, single, damaged, tmp_path, capsys):
    store = tmp_path / "store"
    killed(arguments(damaged, store), line)
    before = states(store)
    assert main(arguments(damaged, store)) == 2
    said = capsys.readouterr()
    done = f"{2 - len(before)} done, {len(before)} stored before"
    assert re.search(rf"Nights: {done}, 1 without alerts, 1 failed; in .* s\.\n$", said.out)
    assert re.search(
        rf"fink-tracklets: night {DAMAGED}: \S+parquet is not a Parquet file, or is cut", said.err
    )
    assert f"Without alerts: {NONE}\n" in said.err
    assert re.search(rf"Night \d+, 2 of {3 - len(before)}, about .* s left\n", said.err)
    assert said.err.endswith(f"failed 1: {DAMAGED}.\n")
    assert "Traceback" not in said.err
    after = states(store)
    assert before.items() <= after.items()
    assert {night: tables(store, night) for night in after} == single

    assert main(arguments(damaged, store)) == 2
    assert "Nights: 0 done, 2 stored before, 1 without alerts, 1 failed" in capsys.readouterr().out
    assert states(store) == after


def test_nights_at_once_are_those_of_single_runs(single, damaged, tmp_path, capsys):
    store, log = tmp_path / "store", tmp_path / "log"
    words = ["--jobs", "3", "--json-log", str(log)]
    assert main([*arguments(damaged, store), *words]) == 2
    said = capsys.readouterr()
    assert "Nights: 2 done, 0 stored before, 1 without alerts, 1 failed" in said.out
    assert f"{GOOD[1]}: finding tracklets: " in said.err
    assert re.findall(r"(?m)^fink-tracklets: night (\d+)", said.err) == [DAMAGED]
    assert {night: tables(store, night) for night in GOOD} == single
    assert [json.loads(line)["night"] for line in log.read_text().splitlines()] == [*GOOD]
    assert not list((store / "locks").iterdir())
    for given, at, says in (
        ("0", "--nights", "--jobs 0: give at least 1."),
        ("2", "--night", "--jobs 2 is for several nights: give --nights"),
    ):
        line = [at, GOOD[0], "--jobs", given, "--alerts", "x", "--store", str(store)]
        assert main(["run", *line]) == 2
        assert says in capsys.readouterr().err


@pytest.mark.campaign
def test_sixty_nights_killed_and_resumed_are_those_of_sixty_single_runs():
    words = ["--nights", "60", "--exposures", "60", "--jobs", "2", "--single"]
    command = [sys.executable, "-m", "benchmarks.nights", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    print(done.stdout)
    assert re.search(r"killed after .* with (3\d|4\d) stored", done.stdout)
    assert done.stdout.endswith("tables that differ among 3 stores: 0 []\n")


def test_a_night_is_run_again_where_it_would_be_another(single, lake, tmp_path, capsys):
    store = tmp_path / "store"

    def summary(*more: str) -> str:
        assert main([*arguments(lake, store, GOOD[0]), *more]) == 0
        return re.search(r"Nights: (\d+ done, \d+ stored before)", capsys.readouterr().out)[1]

    assert summary() == "1 done, 0 stored before"
    assert summary() == "0 done, 1 stored before"
    added = lake / GOOD[0] / "another.parquet"
    added.write_bytes((lake / GOOD[0] / "alerts.parquet").read_bytes())
    assert summary() == "1 done, 0 stored before"
    added.unlink()
    stricter = tmp_path / "stricter.toml"
    text = (ROOT / "conf" / "ztf.toml").read_text()
    stricter.write_text(re.sub(r"(?m)^max_candidates = \d+", "max_candidates = 123", text))
    assert summary("--survey", str(stricter)) == "1 done, 0 stored before"
    assert summary("--survey", str(stricter), "--again") == "1 done, 0 stored before"


def test_a_night_whose_later_stages_did_not_end_is_run_again(stored, spark, ztf, tmp_path):
    store = shutil.copytree(stored, tmp_path / "store")
    file = store / "manifests" / "20210604.json"
    span, folder = parse_nights("20210603..20210604"), open_folder(store)
    (tmp_path / "20210604").symlink_to(SAMPLE)

    def todo(alerts: str, *elements: str) -> tuple[str, ...]:
        return plan_nights(spark, span, alerts, folder, ztf, elements).todo

    assert todo(str(SAMPLE)) == ("20210603",)
    assert todo(str(SAMPLE), "gp.json") == ("20210603", "20210604")
    assert todo(f"{tmp_path}/{{Y}}{{m}}{{d}}") == ("20210604",)
    manifest = json.loads(file.read_text())
    del manifest["glints"]
    file.write_text(json.dumps(manifest))
    assert todo(str(SAMPLE)) == ("20210603", "20210604")


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
    write_store(store, "20211021", nights=1)
    assert "this store has nights of the survey 'ztf'" in says(
        "run", "--nights", SPAN, *alerts, "--survey", "rubin"
    )
    file = store / "manifests" / "20211021.json"
    newer = json.loads(file.read_text()) | {"tables_version": 99, "version": "9.9"}
    file.write_text(json.dumps(newer))
    for which in (["--nights", SPAN], ["--night", GOOD[0]]):
        assert "was written by fink_tracklets 9.9; this version is too old" in says(
            "run", *which, *alerts
        )
    assert nights(store) == ["20211021"]
    for both in ([], ["--night", GOOD[0], "--nights", SPAN]):
        with pytest.raises(SystemExit) as end:
            main(["run", *both, *alerts])
        assert end.value.code == 2


def test_glints_are_measured_of_a_span(stored, tmp_path, capsys):
    store = shutil.copytree(stored, tmp_path / "store")
    (tmp_path / "20210604").symlink_to(SAMPLE)
    command = ["glints", "--nights", "20210601..20210630", "--store", str(store), "--alerts"]
    assert main([*command, f"{tmp_path}/{{Y}}{{m}}{{d}}"]) == 0
    assert re.search(
        r"Night 20210604: Glints .*: 15\nNights: 1 done, 0 failed", capsys.readouterr().out
    )
    assert main([*command, str(SAMPLE)]) == 2
    assert "is the same for several of the nights" in capsys.readouterr().err


def test_verify_takes_the_nights_that_the_store_has(tmp_path, capsys):
    write_store(tmp_path, "20211021", nights=3, tracklets=1, alerts=3)
    command = ["verify", "--store", str(tmp_path), "--nights"]
    assert main([*command, "20211022..20221231,20200101"]) == 0
    said = capsys.readouterr()
    assert re.findall(r"The night (\d+) in .* whole and consistent", said.out) == [
        "20211022",
        "20211023",
    ]
    assert re.search(r"Nights: 2 done, 0 failed; in .* s\.\n$", said.out)
    next((tmp_path / "candidates" / "night=20211022").iterdir()).unlink()
    assert main([*command, "20211001..20211031"]) == 2
    said = capsys.readouterr()
    assert "Nights: 2 done, 1 failed" in said.out
    assert said.err.endswith("Of 3 nights failed 1: 20211022.\n")
    assert main([*command, "20200101..20201231"]) == 2
    assert f"{tmp_path} has no night of 20200101..20201231; it has 20211021 to 20211023" in (
        capsys.readouterr().err
    )


def test_satellites_take_each_night_s_own_elements(tmp_path, capsys):
    write_store(tmp_path / "store", "20211021", nights=3, tracklets=0)
    for night in ("20211021", "20211023"):
        (tmp_path / f"{night}.tle").write_text(VANGUARD)
    command = ["satellites", "--nights", "20211001..20211031", "--store", str(tmp_path / "store")]
    assert main([*command, "--elements", f"{tmp_path}/{{Y}}{{m}}{{d}}.tle"]) == 2
    said = capsys.readouterr()
    assert "Nights: 2 done, 1 failed" in said.out
    assert f"{tmp_path}/20211022.tle" in said.err
