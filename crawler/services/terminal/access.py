"""What lets a terminal's crawl in: headers, a login and proxies, with their secrets from where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler.services.terminal.sources import NoSource, is_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crawler.services.terminal.asked import Asked
    from crawler.services.terminal.sources import Sources

LOGIN: Final[Mapping[str, str]] = {
    "url": "--login-url",
    "user": "--user",
    "password": "--password",
    "token": "--token",
    "user_field": "--user-field",
    "password_field": "--password-field",
    "check_url": "--check-url",
    "check_text": "--check-text",
    "logged_out": "--logged-out",
}
"""The option of each key of a login; `Asked` has it under the option's name."""

NO_LOGIN: Final = "needs a login beside it: --user, or --token"
UNTOLD: Final = "is missing: --password @- asks for it, @env:NAME and @file:PATH name where it is"
ONE_LOGIN: Final = "is a login by itself: leave it out, or --login-url, --user and --password"


def settings(asked: Asked, sources: Sources, problems: list[str]) -> dict[str, object]:
    """Return the settings that were given; what cannot be read is added to `problems`."""
    given = {
        "headers": _headers(asked.headers, sources, problems),
        "login": _login(asked, sources, problems),
        "proxies": list(_lines("--proxy", asked.proxies, sources, problems)),
    }
    return {name: value for name, value in given.items() if value}


def _headers(words: Iterable[str], sources: Sources, problems: list[str]) -> dict[str, str]:
    """Read `Name: value`, where the value may stand elsewhere, as may whole headers, one a line."""
    found: dict[str, str] = {}
    for line in _lines("--header", words, sources, problems):
        name, colon, word = (part.strip() for part in line.partition(":"))
        if not (name and colon):
            problems.append("--header: must be of the form 'Name: value', or @file:PATH with one a line")
        elif name.lower() == "user-agent":
            problems.append("--header User-Agent: give it as --user-agent")
        elif name.lower() in {known.lower() for known in found}:
            problems.append(f"--header {name}: is given twice")
        else:
            found[name] = _value(f"--header {name}", word, sources, problems) or ""
    return found


def _login(asked: Asked, sources: Sources, problems: list[str]) -> dict[str, str]:
    said = {key: getattr(asked, option[2:].replace("-", "_")) for key, option in LOGIN.items()}
    words = {key: word for key, word in said.items() if word is not None}
    if not words:
        return {}
    if wrong := _misfit(words):
        problems.append(wrong)
        return {}
    kind = "form" if "url" in words else "bearer" if "token" in words else "basic"
    for secret in {"password", "token"} & words.keys():
        words[secret] = _value(LOGIN[secret], words[secret], sources, problems) or ""
    return {"kind": kind, **words}


def _misfit(words: Mapping[str, str]) -> str:
    """Return why these words are no login; empty where they may be one."""
    if "token" in words and words.keys() & {"url", "user", "password"}:
        return f"--token: {ONE_LOGIN}"
    if not words.keys() & {"token", "user"}:
        return f"{LOGIN[next(iter(words))]}: {NO_LOGIN}"
    if "user" in words and "password" not in words:
        return f"--password: {UNTOLD}"
    return ""


def _value(option: str, word: str, sources: Sources, problems: list[str]) -> str | None:
    try:
        return sources.value(word, option=option) if is_named(word) else word
    except NoSource as error:
        problems.append(f"{option}: {error}")
        return None


def _lines(option: str, words: Iterable[str], sources: Sources, problems: list[str]) -> Iterator[str]:
    for word in words:
        try:
            yield from sources.lines(word, option=option)
        except NoSource as error:
            problems.append(f"{option}: {error}")
