"""References: what a page writes where a URL belongs."""

from __future__ import annotations

from ada_url import join_url


def joined(base: str, reference: str) -> str | None:
    """Return `reference`, read on the page at `base`, as an absolute http(s) URL; None when it is none."""
    try:
        url = join_url(base, reference)
    except ValueError:
        return None
    return url if url.startswith(("http://", "https://")) else None
