"""The job on a real standalone cluster: the package travels to the executors as a wheel."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pyspark
import pytest

from fink_tracklets import read_table
from fink_tracklets.spark.java import java_home
from fink_tracklets.tables import TABLES
from tests.conftest import ROOT, SAMPLE

SPARK_HOME = Path(pyspark.__file__).parent
NIGHT = "20210604"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def environment(tmp_path):
    """Of a machine in Chile without the package: nothing leads to the checkout."""
    bare = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "MASTER")}
    return bare | {
        "JAVA_HOME": str(java_home()),
        "SPARK_HOME": str(SPARK_HOME),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_WORKER_DIR": str(tmp_path / "work"),
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONSAFEPATH": "1",
        "TZ": "America/Santiago",
    }


@pytest.fixture
def master(environment, tmp_path):
    """The address of a master with one worker, each a process of its own."""
    port, page = free_port(), free_port()
    address = f"spark://localhost:{port}"
    roles = {
        "master.Master": ["--host", "localhost", "--port", str(port), "--webui-port", str(page)],
        "worker.Worker": [
            "--host",
            "localhost",
            "--cores",
            "2",
            "--memory",
            "2g",
            "--webui-port",
            "0",
            address,
        ],
    }
    daemons = []
    try:
        for role, arguments in roles.items():
            log = (tmp_path / f"{role}.log").open("wb")
            command = [SPARK_HOME / "bin" / "spark-class", f"org.apache.spark.deploy.{role}"]
            daemons.append(
                subprocess.Popen(
                    [*command, *arguments],
                    env=environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )
        wait_for_worker(f"http://localhost:{page}/json/", daemons)
        yield address
    finally:
        for daemon in daemons:
            os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()


def wait_for_worker(page: str, daemons: list[subprocess.Popen]) -> None:
    """Poll the master's page until it has a worker, as long as both processes live."""
    while all(daemon.poll() is None for daemon in daemons):
        try:
            with urllib.request.urlopen(page, timeout=1) as answer:
                if re.search(rb'"aliveworkers"\s*:\s*1', answer.read()):
                    return
        except OSError:
            pass
        daemons[0].poll() or pause()
    raise RuntimeError("Spark's master or worker ended; see its log")


def pause() -> None:
    """Give the processor away for a moment."""
    subprocess.run(["sleep", "0.2"], check=True)


def test_spark_submit_with_a_wheel_on_a_standalone_cluster(stored, master, environment, tmp_path):
    """The tables are those of one process on a machine of another time zone."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    package = wheel.rename(tmp_path / "fink_tracklets.zip")  # the only ending executors unpack
    shutil.copy(ROOT / "jobs" / "find_tracklets.py", tmp_path)
    store = str(tmp_path / "store")
    done = subprocess.run(
        [
            SPARK_HOME / "bin" / "spark-submit",
            "--master",
            master,
            "--py-files",
            package,
            tmp_path / "find_tracklets.py",
            "--night",
            NIGHT,
            "--alerts",
            SAMPLE,
            "--store",
            store,
        ],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "TRCK_20210604_093609_00" in done.stdout
    for name in TABLES:
        mine, others = (read_table(s, name, NIGHT).to_pylist() for s in (store, stored))
        assert sorted(map(repr, mine)) == sorted(map(repr, others))
