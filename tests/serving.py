"""A service that answers on a port of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import requests
import uvicorn

from fink_tracklets.service.app import make_app
from fink_tracklets.service.reading.answers import Reader
from fink_tracklets.service.reading.parquet import ParquetReader
from fink_tracklets.service.settings import load_service


def get(url: str, **query: object) -> requests.Response:
    """An answer, whatever its status."""
    return requests.get(url, params=query, timeout=30)  # type: ignore[arg-type]


@contextmanager
def serving(
    store: object = None,
    alerts: str | None = None,
    reader: Reader | None = None,
    **settings: object,
) -> Iterator[str]:
    """The address of a service over a store or a reader."""
    given = replace(load_service(), **settings)  # type: ignore[arg-type]
    reader = reader or ParquetReader(str(store), given.cache_mb << 20, given.refresh_s)
    app = make_app(reader, given, alerts, log=False)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def ask(address: str, **given: str) -> requests.Response:
    """The documented call with these arguments, `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in given.items()}
    return requests.get(f"{address}/api/v1/tracklet", params=named, timeout=30)
