"""The job on a real standalone cluster: the package travels to the executors as a wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from fink_tracklets import read_table
from fink_tracklets.tables import TABLES
from tests.conftest import ROOT, SAMPLE
from tests.standalone import SPARK_HOME, bare_environment, standalone

NIGHT = "20210604"


@pytest.fixture
def environment(tmp_path):
    """Of a machine in Chile without the package."""
    return bare_environment(tmp_path) | {"TZ": "America/Santiago"}


@pytest.fixture
def master(environment, tmp_path):
    """The address of a master with one worker."""
    with standalone(tmp_path, environment) as address:
        yield address


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
