"""Jars by Maven: those of Spark's Kafka connector, and of the servers in services/."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from fink_tracklets.errors import UserError

CONNECTOR = Path(__file__).with_name("kafka.xml")
"""The pom of Spark's Kafka connector."""


def maven_jars(pom: Path, given: str) -> Path:
    """The folder with the jars of a pom, filled by Maven the first time.

    Parameters
    ----------
    pom : what is wanted
    given : an environment variable that may name a folder that has them already

    Raises
    ------
    UserError : Maven is not there, or cannot get them
    """
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fink-tracklets"
    folder = Path(os.environ.get(given) or cache / f"jars-{digest}")
    if folder.is_dir():
        return folder
    if not shutil.which("mvn"):
        raise UserError(
            f"The jars of {pom.name} are not in {folder}, and Maven (mvn), which gets them, is not "
            f"installed: install it, or name a folder that has them in ${given}."
        )
    part = folder.with_name(f"{folder.name}.part{os.getpid()}")
    command = ["mvn", "-q", "-B", "-ntp", "-f", str(pom), "dependency:copy-dependencies"]
    done = subprocess.run([*command, f"-DoutputDirectory={part}"], capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(part, ignore_errors=True)
        raise UserError(f"Maven could not get the jars of {pom}:\n{done.stdout[-1500:]}")
    if not folder.is_dir():
        part.rename(folder)
    return folder


def connector_jars() -> str:
    """The jars of Spark's Kafka connector, as `spark.jars` names them."""
    folder = maven_jars(CONNECTOR, "SPARK_KAFKA_JARS")
    return ",".join(str(jar) for jar in sorted(folder.glob("*.jar")))
