"""The demo shop's command line: `python -m demo --port 8001`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import timedelta

from demo import server


def main() -> int:
    """Serve the shop until it is stopped; 1 when the port cannot be had."""
    chosen = _arguments()
    shop = server.Shop(seed=chosen.seed, every=timedelta(seconds=chosen.every), epoch=chosen.epoch)
    try:
        asyncio.run(server.serve(shop, host=chosen.host, port=chosen.port, share_port=chosen.share_port))
    except OSError as error:
        print(f"demo shop: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description="A small shop to crawl.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=8001, help="port, 0 for a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--share-port", action="store_true", help="take a port that another process keeps for the shop"
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other prices")
    parser.add_argument(
        "--every", type=_seconds, default=30.0, help="seconds an epoch lasts (default: %(default)s)"
    )
    parser.add_argument("--epoch", type=int, help="stay at this epoch: no price ever changes")
    return parser.parse_args()


def _seconds(word: str) -> float:
    seconds = float(word)
    if not 1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError("must be between 1 and 86400")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
