"""The machine: packages, Java and Spark, disk and memory, time scales."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from fink_tracklets.errors import UserError
from fink_tracklets.health.finding import Finding

LEAST_DISK, LEAST_MEMORY = 5 << 30, 2 << 30
"""Bytes below which there is little."""
OLD_DAYS = 180
"""Earth orientation is predicted for about a year: with less left than this the data are old."""
UNIX_EPOCH_JD = 2440587.5


def machine_findings() -> Iterator[Finding]:
    """All checks of the machine, one after the other."""
    yield packages()
    yield spark()
    yield disk(tempfile.gettempdir())
    yield memory(available_bytes())
    yield earth_orientation(datetime.now(UTC))
    yield leap_seconds(datetime.now(UTC))


def packages() -> Finding:
    """The Python packages that the project needs."""
    needed = importlib.metadata.requires("fink_tracklets") or []
    names = [re.split(r"[^\w.-]", line)[0] for line in needed if "extra ==" not in line]
    missing = []
    for name in names:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        text = f"missing: {', '.join(missing)}; pip install {' '.join(missing)}"
        return Finding("bad", "Python packages", text)
    return Finding("ok", "Python packages", f"Python {platform.python_version()}, {len(names)}")


def spark() -> Finding:
    """Whether Spark starts and counts."""
    from pyspark.errors import PySparkException

    from fink_tracklets.spark.session import spark_session

    try:
        session = spark_session()
        n = session.range(1000).count()
        gateway: Any = session.sparkContext._gateway
        java = gateway.jvm.java.lang.System.getProperty("java.version")
    except (UserError, PySparkException, OSError) as error:
        return Finding("bad", "Spark", str(error).splitlines()[0])
    if n != 1000:
        return Finding("bad", "Spark", f"it counted {n} of 1,000 rows: install it again")
    return Finding("ok", "Spark", f"{session.version} with Java {java}")


def disk(folder: str) -> Finding:
    """Free space where Spark puts its own files."""
    free = shutil.disk_usage(folder).free
    text = f"{free / 2**30:.1f} GB free in {folder}"
    if free < LEAST_DISK:
        return Finding("note", "disk", f"{text}: a night may need more; set TMPDIR to another disk")
    return Finding("ok", "disk", text)


def available_bytes() -> int | None:
    """Memory that programs can have; None where the system does not tell."""
    try:
        with open("/proc/meminfo") as file:
            found = re.search(r"MemAvailable:\s+(\d+) kB", file.read())
        if found:
            return int(found[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def memory(available: int | None) -> Finding:
    """Free memory."""
    if available is None:
        return Finding("note", "memory", "the system does not tell how much is free")
    text = f"{available / 2**30:.1f} GB available"
    if available < LEAST_MEMORY:
        return Finding("note", "memory", f"{text}: a local Spark needs about 2 GB")
    return Finding("ok", "memory", text)


def earth_orientation(now: datetime) -> Finding:
    """For how long the Earth's orientation is known."""
    from fink_tracklets.satellites.propagation import iers_end

    end = iers_end()
    left = end - (now.timestamp() / 86400 + UNIX_EPOCH_JD)
    text = f"known to {_day(end)}"
    if left < OLD_DAYS:
        text += ", the data are old: pip install -U astropy-iers-data"
        return Finding("note", "Earth orientation", text)
    return Finding("ok", "Earth orientation", text)


def leap_seconds(now: datetime) -> Finding:
    """For how long it is known that there is no further leap second."""
    import astropy_iers_data
    from astropy.utils.iers import LeapSeconds

    expires = LeapSeconds.from_iers_leap_seconds(astropy_iers_data.IERS_LEAP_SECOND_FILE).expires
    text = f"known to {expires.to_datetime():%Y-%m-%d}"
    if expires.to_datetime().replace(tzinfo=UTC) < now:
        text += ", which is past: pip install -U astropy-iers-data pyerfa"
        return Finding("note", "leap seconds", text)
    return Finding("ok", "leap seconds", text)


def _day(jd: float) -> str:
    return f"{datetime.fromtimestamp((jd - UNIX_EPOCH_JD) * 86400, UTC):%Y-%m-%d}"
