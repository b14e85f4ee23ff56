"""conf/service.toml."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from fink_tracklets.survey.checks import port
from fink_tracklets.survey.config import load

OUR_PATHS = (
    "api",
    "healthz",
    "metrics",
    "night",
    "online",
    "satellite",
    "satellites",
    "search",
    "static",
    "tracklet",
)
"""How addresses begin. A proxy may take `root_path` off or not: it must not look like these."""


@dataclass(frozen=True)
class ServiceSettings:
    """How the service answers."""

    host: str
    port: int
    row_limit: int
    """Rows of one answer; a tracklet is never cut for it."""
    body_limit_bytes: int
    cache_mb: int
    refresh_s: float
    """How old the list of nights may be where the store is not local."""
    root_path: str
    trusted_proxies: str
    allowed_origins: tuple[str, ...] = ("*",)
    """Whose pages may read answers: https://HOST, or * for all."""

    def __post_init__(self) -> None:
        port(self.port, least=0)
        if min(self.row_limit, self.body_limit_bytes, self.cache_mb) < 1:
            raise ValueError("row_limit, body_limit_bytes and cache_mb must be at least 1")
        if not (math.isfinite(self.refresh_s) and self.refresh_s >= 0):
            raise ValueError("refresh_s must be a number of seconds, not negative")
        for origin in self.allowed_origins:
            if origin != "*" and not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+", origin):
                raise ValueError('allowed_origins must be "*" or like "https://example.org"')
        if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", self.root_path):
            raise ValueError('root_path must be "" or a path like "/tracklets"')
        if self.root_path.strip("/").split("/")[0] in OUR_PATHS:
            raise ValueError("root_path must not begin like an address of the service itself")


def load_service() -> ServiceSettings:
    """The settings of conf/service.toml."""
    return load(ServiceSettings, "service.toml")
