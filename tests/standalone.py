"""A real Spark cluster on this machine: a master and workers, each a process of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark

from fink_tracklets.spark.java import java_home

SPARK_HOME = Path(pyspark.__file__).parent


def bare_environment(folder: Path) -> dict[str, str]:
    """Of a machine on which the package is not installed: nothing leads to the checkout."""
    bare = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "MASTER")}
    return bare | {
        "JAVA_HOME": str(java_home()),
        "SPARK_HOME": str(SPARK_HOME),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_WORKER_DIR": str(folder / "work"),
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONSAFEPATH": "1",
    }


@contextmanager
def standalone(
    folder: Path, environment: dict[str, str], workers: int = 1, cores: int = 2
) -> Iterator[str]:
    """The address of a master with so many workers of so many cores; their logs are in a folder."""
    port, page = free_port(), free_port()
    address = f"spark://localhost:{port}"
    master = ["--host", "localhost", "--port", str(port), "--webui-port", str(page)]
    memory = ["--memory", "2g", "--webui-port", "0"]
    worker = ["--host", "localhost", "--cores", str(cores), *memory, address]
    daemons: list[subprocess.Popen] = []
    roles = [("master.Master", master), *([("worker.Worker", worker)] * workers)]
    try:
        for k, (role, arguments) in enumerate(roles):
            command = [SPARK_HOME / "bin" / "spark-class", f"org.apache.spark.deploy.{role}"]
            with (folder / f"{role}-{k}.log").open("wb") as log:
                daemons.append(
                    subprocess.Popen(
                        [*command, *arguments],
                        env=environment,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
        _wait_for_workers(f"http://localhost:{page}/json/", daemons, workers)
        yield address
    finally:
        for daemon in daemons:
            os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_workers(page: str, daemons: list[subprocess.Popen], workers: int) -> None:
    """Poll the master's page until it has its workers, as long as all processes live."""
    alive = rb'"aliveworkers"\s*:\s*' + str(workers).encode() + rb"\b"
    while all(daemon.poll() is None for daemon in daemons):
        try:
            with urllib.request.urlopen(page, timeout=1) as answer:
                if re.search(alive, answer.read()):
                    return
        except OSError:
            pass
        # Gives the processor away for a moment.
        subprocess.run(["sleep", "0.2"], check=True)
    raise RuntimeError("Spark's master or worker ended; see its log")
