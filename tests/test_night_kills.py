"""Runs of nights that end too early: killed, without HDFS, on a full disk.

What the store had before stays, whole; the sentence says what failed; the same line then ends it.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from fink_tracklets import read_table
from fink_tracklets.cli.main import main
from fink_tracklets.progress import Progress
from fink_tracklets.store.night import open_night
from fink_tracklets.store.open import open_writable
from fink_tracklets.store.verify import store_differences
from fink_tracklets.tables import TABLES
from tests.conftest import ROOT, SAMPLE
from tests.holding import assert_held_until_killed
from tests.reading import nights
from tests.services import SCRIPT, free_offset

NIGHTS = ("20210604", "20210605", "20210606")
SPAN = f"{NIGHTS[0]}..{NIGHTS[-1]}"
MOMENTS = 10


@pytest.fixture(scope="module")
def lake(data, tmp_path_factory) -> Path:
    """Three nights: of the real sample, with stamps, each night others."""
    folder = tmp_path_factory.mktemp("lake")
    alerts = pq.read_table(SAMPLE)
    for k, night in enumerate(NIGHTS):
        (folder / night).mkdir()
        pq.write_table(alerts.slice(k), folder / night / "alerts.parquet")
    return folder


def line(lake: Path, store: object, *more: str) -> list[str]:
    """The three nights' words for `fink-tracklets`."""
    alerts = f"{lake}/{{Y}}{{m}}{{d}}"
    return ["run", "--nights", SPAN, "--alerts", alerts, "--store", str(store), *more]


def tables(store: object, night: str) -> dict[str, list[str]]:
    """All of a night, comparable to the last bit."""
    return {
        name: sorted(map(repr, read_table(str(store), name, night).to_pylist())) for name in TABLES
    }


def state(store: Path) -> dict[str, dict[str, list[str]]]:
    """All nights of a store; each is whole."""
    for night in nights(store):
        assert not list(store_differences(open_night(store, night)))
    return {night: tables(store, night) for night in nights(store)}


def entries(store: Path) -> int:
    """Files and folders: they grow and move while a night is written."""
    return sum(len(folders) + len(files) for _, folders, files in os.walk(store))


def kill_at(words: list[str], store: Path, changes: int) -> None:
    """Start a process of its own; kill -9 it and its Java when the store has changed so often."""
    running = subprocess.Popen(
        [sys.executable, "-m", "fink_tracklets", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    seen, last = 0, entries(store)
    while seen < changes and running.poll() is None:
        now = entries(store)
        seen, last = seen + (now != last), now
    with suppress(ProcessLookupError):  # it was through before
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()


@pytest.mark.campaign
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_ten_kills_of_a_run_of_three_nights(lake, spark, tmp_path, jobs):
    """Over nights that are stored by another configuration: each stays, or is the new one."""
    blind = tmp_path / "blind.toml"  # searches no exposure
    text = (ROOT / "conf" / "ztf.toml").read_text()
    blind.write_text(re.sub(r"(?m)^max_candidates = \d+", "max_candidates = 5", text))
    old, new = tmp_path / "old", tmp_path / "new"
    assert main(line(lake, old, "--survey", str(blind))) == 0
    assert main(line(lake, new)) == 0
    told = {name: state(store) for name, store in (("old", old), ("new", new))}
    left = []
    for k in range(MOMENTS):
        store = shutil.copytree(old, tmp_path / str(k))
        kill_at(line(lake, store, "--jobs", jobs), store, random.Random(k).randrange(1, 100))
        there = state(store)
        begun = [one for one in NIGHTS if manifest(store, one) != manifest(old, one)]
        for one in NIGHTS:
            if one in begun:
                assert there[one]["tracklets"] == told["new"][one]["tracklets"]
            else:
                assert there[one] == told["old"][one]
        left.append(begun)
        assert main(line(lake, store, "--jobs", jobs)) == 0
        assert state(store) == told["new"]
    print(f"nights that were begun when it was killed: {left}")
    assert len({len(one) for one in left}) > 1
    assert told["old"] != told["new"]


def manifest(store: Path, night: str) -> str:
    """The run of a stored night."""
    return str(json.loads((store / "manifests" / f"{night}.json").read_text())["run"])


@contextmanager
def small_disk(folder: Path, megabytes: float):
    """A file system of its own of this size."""
    folder.mkdir()
    size = f"size={int(megabytes * 1024)}k"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "none", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a file system of its own cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize(
    "room_kb",
    [40, *(pytest.param(n, marks=pytest.mark.campaign) for n in (4, 8, 16, 24))],
)
def test_a_full_disk(lake, stored, spark, tmp_path, capsys, room_kb):
    """The night is stored; a rerun finds no room."""
    with small_disk(tmp_path / "disk", 8) as disk:
        store = shutil.copytree(stored, disk / "store")
        before = state(store)
        command = ["run", "--night", NIGHTS[0], "--alerts", str(lake / NIGHTS[0])]
        command += ["--store", str(store), "--quiet"]
        fill = disk / "fill"
        fill.write_bytes(bytes(shutil.disk_usage(disk).free - room_kb * 1024))
        assert main(command) == 3
        said = capsys.readouterr().err
        assert "No space left on device. What it had before stays: make room" in said
        assert len(said.splitlines()) == 1
        assert tables(store, NIGHTS[0])["tracklets"] == before[NIGHTS[0]]["tracklets"]
        fill.unlink()
        assert main(command) == 0
        assert state(store) == before


class Hdfs:
    """A NameNode and a DataNode of one test."""

    def __init__(self, home: Path) -> None:
        self.home, self.offset = home, free_offset()
        self.server: subprocess.Popen[str] | None = None
        self.address = f"hdfs://localhost:{8020 + self.offset}"

    def up(self) -> None:
        words = ["serve", "hdfs", "--home", str(self.home), "--offset", str(self.offset)]
        self.server = subprocess.Popen(
            [sys.executable, str(SCRIPT), *words], stdout=subprocess.PIPE, text=True
        )
        assert "hdfs answers" in self.server.stdout.readline()

    def kill_namenode(self) -> None:
        """With it ends the whole service."""
        subprocess.run(
            [sys.executable, str(SCRIPT), "kill", "namenode", "--home", str(self.home)], check=True
        )
        self.server.wait()

    def down(self) -> None:
        self.server.terminate()
        self.server.wait()


@pytest.fixture
def hdfs(services, spark, tmp_path, monkeypatch):
    """An HDFS to be killed, a conf/ that names it, and a Spark that gives up soon."""
    found = Hdfs(tmp_path / "hdfs")
    found.up()
    web = f"http://localhost:{9870 + found.offset}"
    (tmp_path / "hadoop.toml").write_text(f'[webhdfs]\n"{found.address}" = "{web}"\n')
    monkeypatch.setenv("FINK_TRACKLETS_CONF", str(tmp_path))
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()
    hadoop.set("ipc.client.connect.max.retries", "1")
    yield found
    hadoop.unset("ipc.client.connect.max.retries")
    found.down()


@pytest.mark.parametrize(
    "after",
    [
        "finding tracklets",
        *(
            pytest.param(name, marks=pytest.mark.campaign)
            for name in ("starting Spark", "reading alerts", "writing the tables", "measuring")
        ),
    ],
)
def test_a_namenode_is_killed(lake, stored, hdfs, monkeypatch, capsys, after):
    store = f"{hdfs.address}/store"
    command = ["run", "--night", NIGHTS[0], "--alerts", str(lake / NIGHTS[0]), "--store", store]
    say = Progress.say

    def said(progress: Progress, text: str) -> None:
        say(progress, text)
        if text.startswith(after):
            hdfs.kill_namenode()

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "say", said)
        assert main(command) == 3
    told = [line for line in capsys.readouterr().err.splitlines() if "fink-tracklets: " in line]
    assert len(told) == 1
    assert hdfs.address in told[0]
    hdfs.up()
    assert main([*command, "--quiet"]) == 0
    assert tables(store, NIGHTS[0]) == tables(stored, NIGHTS[0])


def test_a_night_is_held_on_hdfs_and_a_kill_leaves_no_lock(services, spark):
    folder = open_writable(f"{services.hdfs}/held", spark)
    assert_held_until_killed(folder, folder.address)
    assert folder.names("locks") == ["20210604", "20210605"]
