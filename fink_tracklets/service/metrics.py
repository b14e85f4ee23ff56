"""Counts and durations for Prometheus, and a line of JSON per request."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Measured:
    """ASGI middleware: counts each request and logs it to stdout.

    Parameters
    ----------
    app : what answers
    registry : gets the metrics
    log : whether to write the line
    root_path : where a reverse proxy serves us; links begin so
    """

    def __init__(
        self, app: ASGIApp, registry: CollectorRegistry, log: bool, root_path: str
    ) -> None:
        self.app, self.log, self.root_path = app, log, root_path
        self.requests = Counter(
            "fink_tracklets_requests", "Requests", ["route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "fink_tracklets_request_seconds", "Time to answer", ["route"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = scope["path"]
        scope["root_path"] = self.root_path
        if not f"{asked}/".startswith(f"{self.root_path}/"):
            # The proxy has taken it off; who makes addresses of the path expects it.
            scope["path"] = self.root_path + asked
        begun = time.perf_counter()
        status, size = 500, 0

        async def counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, counted)
        finally:
            seconds = time.perf_counter() - begun
            route = getattr(scope.get("route"), "path", "none")
            self.requests.labels(route, str(status)).inc()
            self.seconds.labels(route).observe(seconds)
            if self.log:
                self._write(scope, asked, status, size, seconds)

    @staticmethod
    def _write(scope: Scope, path: str, status: int, size: int, seconds: float) -> None:
        client = scope.get("client")
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "client": client[0] if client else None,
            "method": scope["method"],
            "path": path[:1000],
            "query": scope["query_string"][:1000].decode("latin-1"),
            "status": status,
            "bytes": size,
            "ms": round(1000 * seconds, 2),
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
