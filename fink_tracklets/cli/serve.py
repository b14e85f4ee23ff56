"""The command `serve`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from fink_tracklets.cli import options as common
from fink_tracklets.errors import UserError


def add(commands: common.Commands) -> None:
    """`serve` and its options."""
    command = common.add_command(
        commands,
        "serve",
        serve,
        "answer the broker's REST calls and show web pages",
        "fink-tracklets serve --store /data/tracklets --port 8000",
    )
    command.add_argument("--store", metavar="DIR", help="folder of the Parquet store")
    command.add_argument(
        "--hbase",
        nargs="?",
        const="",
        metavar="HOST:PORT",
        help="HBase's Thrift server, in place of --store; default: that of conf/hbase.toml",
    )
    command.add_argument(
        "--survey",
        default="ztf",
        metavar="NAME",
        help="with --hbase, whose tables (default: %(default)s)",
    )
    command.add_argument(
        "--alerts",
        metavar="PATH",
        help="Parquet file or folder of the nights' alerts, for stamps that the store has not; "
        "{Y}, {m}, {d} stand for the night's year, month and day",
    )
    command.add_argument("--host", help="address to listen at (default: that of conf/service.toml)")
    command.add_argument(
        "--port", type=int, help="port to listen at, likewise; 0: any that is free"
    )
    command.add_argument(
        "--root-path",
        metavar="/PATH",
        help="where a reverse proxy serves us, likewise; all links begin with it",
    )
    command.add_argument("--quiet", action="store_true", help="do not log requests")


def serve(options: argparse.Namespace) -> None:
    """REST and web pages, until it is interrupted."""
    import uvicorn

    from fink_tracklets.service.app import make_app
    from fink_tracklets.service.reading.answers import Reader
    from fink_tracklets.service.reading.parquet import ParquetReader
    from fink_tracklets.service.settings import load_service
    from fink_tracklets.store.open import local_path

    if (options.store is None) == (options.hbase is None):
        raise UserError("Give either --store DIR or --hbase HOST:PORT.")
    settings = load_service()
    if options.host:
        settings = replace(settings, host=options.host)
    if options.port is not None:
        if not 0 <= options.port < 65536:
            raise UserError(f"--port must be a port, not {options.port}.")
        settings = replace(settings, port=options.port)
    if options.root_path is not None:
        try:
            settings = replace(settings, root_path=options.root_path.rstrip("/"))
        except ValueError as error:
            raise UserError(f"--root-path {options.root_path}: {error}.") from error
    if options.alerts is not None and local_path(options.alerts) is None:
        raise UserError(
            f"--alerts {options.alerts} is not on this machine's file system: `serve` reads stamps "
            "from there or from the store's table `stamps`, which `glints` fills from anywhere."
        )
    reader: Reader
    if options.store is not None:
        reader = ParquetReader(options.store, settings.cache_mb << 20, settings.refresh_s)
    else:
        from fink_tracklets.hbase.settings import load_hbase
        from fink_tracklets.service.reading.hbase import HBaseReader
        from fink_tracklets.survey import load_survey

        survey = load_survey(options.survey)
        reader = HBaseReader(load_hbase(options.hbase, survey.name), survey.carry)
    reader.check()
    server = uvicorn.Server(
        uvicorn.Config(
            make_app(reader, settings, options.alerts, log=not options.quiet),
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            proxy_headers=True,
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_graceful_shutdown=10,
        )
    )
    with _listening(settings.host, settings.port) as found:
        host, port = found.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"http://{shown}:{port}{settings.root_path}/", file=sys.stderr, flush=True)
        server.run(sockets=[found])


def _listening(host: str, port: int):  # type: ignore[no-untyped-def]
    import socket

    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise UserError(f"Cannot listen at {host}:{port}: {error.strerror}.") from error
