"""kill -9 of the publishing job, of Thrift and of HBase: running again heals it.

A big night, so that a moment at random falls into the writing. The job is a process of its own.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_tracklets.hbase.rows import night_rows
from fink_tracklets.hbase.settings import load_hbase
from fink_tracklets.store.night import open_night
from tests.reading import read_manifest
from tests.test_hbase import NIGHT, ROOT, alert_keys, command, copy

COPIES = 100
"""Of the sample's 15 alerts: 1,500 rows."""
MOMENTS = 10


@pytest.fixture(scope="session")
def big(stored, tmp_path_factory):
    """A stored night with many tracklets."""
    store = copy(stored, tmp_path_factory.mktemp("big"))
    manifest = read_manifest(store, NIGHT)
    for name in ("tracklets", "tracklet_alerts", "candidates"):
        (path,) = manifest["files"][name]
        table = pq.read_table(store / path)
        pieces = []
        for k in range(COPIES):
            piece = table
            names = [n and f"{n[:-2]}{k:02d}" for n in table["tracklet"].to_pylist()]
            piece = set_column(piece, "tracklet", pa.array(names, pa.string()))
            for column in ("object_id", "objectId"):
                if column in table.column_names:
                    values = [f"{v}{k:03d}" for v in table[column].to_pylist()]
                    piece = set_column(piece, column, pa.array(values))
            for column in ("alert_id", "candid"):
                if column in table.column_names:
                    values = [v + 10**9 * k for v in table[column].to_pylist()]
                    piece = set_column(piece, column, pa.array(values))
            pieces.append(piece)
        whole = pa.concat_tables(pieces)
        pq.write_table(whole, store / path)
        manifest["rows"][name] = len(whole)
    (store / "manifests" / f"{NIGHT}.json").write_text(json.dumps(manifest))
    return store


def set_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


class Job:
    """`publish` as a process, whose progress is read."""

    def __init__(self, store, hbase) -> None:
        words = ["publish", "--night", NIGHT, "--store", str(store), "--hbase", hbase.address]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fink_tracklets", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines += self.process.stdout

    def kill(self) -> None:
        """The driver, its Java and its Python workers."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.wait()

    def wait(self) -> tuple[int, str]:
        code = self.process.wait(timeout=600)
        self.reader.join(timeout=60)
        return code, "".join(self.lines)


def until_written(store, hbase, job: Job, moment: random.Random) -> None:
    """Wait until HBase has a row that is chosen at random, or the job has ended."""
    settings = load_hbase(hbase.address)
    key = moment.choice(night_rows(open_night(store, NIGHT), settings).table["key"].to_pylist())
    while job.process.poll() is None:
        if hbase.tracklets.encode() in hbase.connection.tables():
            break
    table = hbase.connection.table(hbase.tracklets)
    while job.process.poll() is None and not table.row(key.encode(), [b"d:tracklet"]):
        pass


def heal(store, hbase) -> None:
    assert command("publish", store, hbase) == 0
    assert command("verify", store, hbase) == 0
    assert len(hbase.scan(hbase.tracklets)) == len(hbase.marks()) == 15 * COPIES


def kill_the_job(big, hbase, tmp_path, moment: random.Random) -> None:
    store = copy(big, tmp_path / uuid.uuid4().hex)
    job = Job(store, hbase)
    until_written(store, hbase, job, moment)
    job.kill()
    assert command("verify", store, hbase) in (0, 2)
    heal(store, hbase)


def kill_a_server(big, hbase, tmp_path, moment: random.Random, name: str) -> int:
    """The server comes back while the job tries again, or after it has given up."""
    store = copy(big, tmp_path / uuid.uuid4().hex)
    job = Job(store, hbase)
    until_written(store, hbase, job, moment)
    hbase.services.kill(name)
    if moment.random() < 0.5:
        job.process.wait(timeout=600)
    hbase.services.up()
    code, said = job.wait()
    hbase.set(timeout_s=60.0, attempts=8)  # the job had a few seconds; what checks it waits
    assert code in (0, 3), said
    if code == 0:
        assert command("verify", store, hbase) == 0
    else:
        (sentence,) = [line for line in said.splitlines() if line.startswith("fink-tracklets: ")]
        assert re.search(r"(Nothing was written|Written are [\d,]+ of 1,500 rows to .*);", sentence)
    heal(store, hbase)
    return code


@pytest.fixture
def tables(big, hbase):
    hbase.fill(alert_keys(big))
    hbase.set(batch_rows=20)
    return hbase


def test_the_job_is_killed(big, tables, tmp_path):
    kill_the_job(big, tables, tmp_path, random.Random(1))


@pytest.mark.parametrize("name", [pytest.param("thrift", marks=pytest.mark.campaign), "hbase"])
def test_a_server_is_killed(big, tables, tmp_path, name):
    kill_a_server(big, tables, tmp_path, random.Random(name), name)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(MOMENTS))
@pytest.mark.parametrize("name", ["job", "thrift", "hbase"])
def test_ten_kills_of_each(big, tables, tmp_path, name, seed):
    moment = random.Random(f"{name}{seed}")
    if name == "job":
        kill_the_job(big, tables, tmp_path, moment)
    else:
        kill_a_server(big, tables, tmp_path, moment, name)
