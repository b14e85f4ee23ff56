"""The command `ingest`."""

from __future__ import annotations

import argparse

from fink_tracklets.ingest import ingest


def ingest_command(options: argparse.Namespace) -> None:
    """An archive of packets to Parquet."""
    done = ingest(options.archive, options.out, options.survey, options.cutouts, options.quiet)
    if options.quiet:
        return
    print(f"{done.alerts:,} alerts of {done.packets:,} packets in {options.out}")
    if done.damaged:
        named = "; ".join(f"{name}: {reason}" for name, reason in done.named)
        more = f"; and {done.damaged - len(done.named):,} more" * (done.damaged > len(done.named))
        print(f"Damaged packets left out: {done.damaged:,} ({named}{more})")
