"""A small hostile web on loopback: pages that redirect, drip, lie and explode, and a log of who asked."""

from tests.site.server import HostileSite, Received

__all__ = ["HostileSite", "Received"]
