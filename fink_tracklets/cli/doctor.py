"""The command `doctor`."""

from __future__ import annotations

import argparse

from fink_tracklets.cli import options as common
from fink_tracklets.errors import ServiceError


def add(commands: common.Commands) -> None:
    """`doctor` and its options."""
    command = common.add_command(
        commands,
        "doctor",
        doctor,
        "say whether this machine and its services can do the work",
        "fink-tracklets doctor --store /data/tracklets --hbase thrift:9090",
        "One line for each check: ok, a note, or what to do. A service that no option names is "
        "not asked.",
    )
    command.add_argument("--store", metavar="DIR", help="look at this Parquet store, too")
    common.add_hbase(command, "ask HBase, too")


def doctor(options: argparse.Namespace) -> None:
    """Checks one after the other, each printed as it ends."""
    from fink_tracklets.health.machine import machine_findings
    from fink_tracklets.health.services import hbase_findings, store_findings

    checks = [machine_findings()]
    if options.store is not None:
        checks.append(store_findings(options.store))
    if options.hbase is not None:
        checks.append(hbase_findings(options.hbase))
    bad = 0
    for findings in checks:
        for level, what, text in findings:
            print(f"{level:5}{what}: {text}", flush=True)
            bad += level == "bad"
    if bad:
        raise ServiceError(f"{bad} of these must be mended before a run can succeed.")
