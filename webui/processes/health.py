"""What the running site says of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

ANSWER_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the site listens, and the name it answers to."""

    host: str
    port: int
    name: str = "localhost"

    def asked(self, path: str) -> tuple[int, str]:
        """Return status and body of `path`; status 0 when nothing answers."""
        connection = HTTPConnection(self.host, self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", path, headers={"Host": self.name})
            response = connection.getresponse()
            return response.status, response.read().decode("utf-8", "replace")
        except (OSError, HTTPException):
            return 0, ""
        finally:
            connection.close()

    def is_ok(self, path: str) -> bool:
        return self.asked(path)[0] == 200

    def parts(self) -> dict[str, str]:
        """Return what `/readyz` says of each part; nothing when the site does not answer."""
        _status, body = self.asked("/readyz")
        try:
            found: dict[str, str] = json.loads(body)["parts"]
        except (ValueError, KeyError, TypeError):
            return {}
        return found


def name_among(allowed_hosts: list[str]) -> str:
    """Return a name that a site with these allowed hosts answers to."""
    if not allowed_hosts or "*" in allowed_hosts or "localhost" in allowed_hosts:
        return "localhost"
    return allowed_hosts[0].lstrip(".")
