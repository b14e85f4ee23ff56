"""What a person sees on stderr while an archive is read."""

from __future__ import annotations

import sys
import time

from fink_tracklets.ingest.source import Source


class ReadProgress:
    """A line on stderr: in place on a terminal, else every ten seconds."""

    def __init__(self, source: Source, before: int, quiet: bool) -> None:
        self.source, self.packets, self.damaged, self.quiet = source, before, 0, quiet
        self.live = sys.stderr.isatty()
        self.start = self.last = time.monotonic()
        if before and not quiet:
            print(f"going on after {before:,} packets", file=sys.stderr)

    def add(self, packets: int, damaged: int) -> None:
        """Report packets that are done."""
        self.packets += packets
        self.damaged += damaged
        now = time.monotonic()
        if not self.quiet and now - self.last > (0.3 if self.live else 10.0):
            self.last = now
            self._line("" if self.live else "\n")

    def end(self) -> None:
        """The last line."""
        if not self.quiet:
            self._line("\n")

    def _line(self, end: str) -> None:
        read, size = self.source.position(), max(self.source.size, 1)
        rate = read / 1e6 / max(time.monotonic() - self.start, 1e-3)
        text = f"{self.packets:,} packets, {read / 1e6:,.0f} of {size / 1e6:,.0f} MB "
        text += f"({100 * read / size:.0f} %), {rate:.0f} MB/s"
        text += f", {self.damaged} damaged" if self.damaged else ""
        print(("\r\033[K" if self.live else "") + text, end=end, file=sys.stderr, flush=True)
