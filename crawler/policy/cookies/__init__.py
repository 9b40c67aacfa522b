"""Cookies as browsers keep them (RFC 6265bis): a jar for each run, and nothing that outlives it."""

from crawler.policy.cookies.cookie import Cookie
from crawler.policy.cookies.dates import cookie_date
from crawler.policy.cookies.jar import CookieJar

__all__ = ["Cookie", "CookieJar", "cookie_date"]
