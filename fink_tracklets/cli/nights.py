"""What commands do for many nights: the option, one night after the other, and what came of it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fink_tracklets.errors import ServiceError, UserError

if TYPE_CHECKING:
    from fink_tracklets.progress import Progress


def add_nights(command: argparse.ArgumentParser) -> None:
    """--night and --nights, of which one must be given."""
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--night", metavar="YYYYMMDD", help="the night's name")
    which.add_argument(
        "--nights",
        metavar="SPAN",
        help="several, as in 20210604,20211022..20211024; one that fails does not stop the others",
    )


def add_span(command: argparse.ArgumentParser) -> None:
    """--nights, which may be left out."""
    command.add_argument(
        "--nights", metavar="SPAN", help="as in 20210604,20211022..20211024 (default: all)"
    )


def at_nights(
    options: argparse.Namespace,
    work: Callable[[str], None],
    progress: Progress,
    spark: Any = None,
) -> None:
    """Do something for --night, or for each night of --nights that the store has."""
    if options.nights is None:
        work(options.night)
    else:
        for_each(nights_of_store(options, spark), work, progress)


def need_stored(options: argparse.Namespace) -> None:
    """Raises, before Spark starts, where a local store lacks --night or all of --nights."""
    from fink_tracklets.store.night import open_night
    from fink_tracklets.store.open import local_path

    if local_path(options.store) is None:
        return
    if options.nights is None:
        open_night(options.store, options.night)
    else:
        nights_of_store(options)


def nights_of_store(options: argparse.Namespace, spark: Any = None) -> list[str]:
    """The nights of --nights that the store has.

    Raises
    ------
    UserError
        It has none of them.
    """
    from fink_tracklets.naming import parse_nights
    from fink_tracklets.store.manifest import nights_of
    from fink_tracklets.store.open import open_folder

    span = parse_nights(options.nights)
    return nights_of(open_folder(options.store, spark), span)


def for_each(
    nights: Sequence[str],
    work: Callable[[str], None],
    progress: Progress,
    besides: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Do something for each night, and sum up; a night whose input is bad does not stop the others.

    Parameters
    ----------
    work : is called with a night
    besides : nights for which nothing is done, by why

    Raises
    ------
    UserError
        Nights failed; the sentence of each was printed.
    ServiceError
        A service failed, which other nights would meet, too.
    """
    failed: list[str] = []
    begin = time.monotonic()
    for k, night in enumerate(nights):
        left = (time.monotonic() - begin) / k * (len(nights) - k) if k else None
        progress.say(
            f"Night {night}, {k + 1} of {len(nights)}"
            + ("" if left is None else f", about {_duration(left)} left")
        )
        try:
            work(night)
        except ServiceError as error:
            raise ServiceError(
                f"Night {night}: {error} {k} of {len(nights)} nights were seen to: give the same "
                "line again."
            ) from error
        except UserError as error:
            failed.append(night)
            print(f"fink-tracklets: night {night}: {error}", file=sys.stderr, flush=True)
    others = {why: len(those) for why, those in (besides or {}).items()}
    counts = {"done": len(nights) - len(failed), **others, "failed": len(failed)}
    if not progress.quiet:
        summed = ", ".join(f"{count:,} {what}" for what, count in counts.items())
        print(f"Nights: {summed}; in {_duration(time.monotonic() - begin)}.")
    if failed:
        raise UserError(f"Of {len(nights):,} nights failed {len(failed):,}: {', '.join(failed)}.")


def _duration(seconds: float) -> str:
    """Hours and minutes, or minutes and seconds."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"
