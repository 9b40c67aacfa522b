"""One robots.txt: which rules are whose, and which of them decides (RFC 9309 §2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from crawler.policy.robots import octets

PARSED_BYTES: Final = 512_000
MAX_CRAWL_DELAY_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """Whether a URL may be fetched; `rule` and `line` (from 1) are what decided, None where nothing did."""

    allowed: bool
    rule: str | None = None
    line: int | None = None


def within_bounds(data: bytes) -> bytes:
    """Return what of a file is parsed: its first 512,000 bytes, cut at a line end."""
    if len(data) <= PARSED_BYTES:
        return data
    end = max(data.rfind(b"\n", 0, PARSED_BYTES), data.rfind(b"\r", 0, PARSED_BYTES))
    return data[: end + 1] if end >= 0 else data[:PARSED_BYTES]


@dataclass(slots=True)
class _Rule:
    """One Allow or Disallow line; patterns compare as octets in normal form (RFC 9309 §2.2.2)."""

    allow: bool
    pattern: str
    text: str
    line: int

    @property
    def is_prefix(self) -> bool:
        return "*" not in self.pattern and self.pattern[-1] != "$"

    def matches(self, path: str) -> bool:
        """Match greedily from the left: `*` is any run of characters, a last `$` the end."""
        if self.is_prefix:
            return path.startswith(self.pattern)
        pattern = self.pattern
        to_end = pattern[-1] == "$"
        first, *parts = (pattern[:-1] if to_end else pattern).split("*")
        if not path.startswith(first):
            return False
        if not parts:
            return path == first
        last = parts.pop() if to_end else ""
        position = len(first)
        for part in parts:
            found = path.find(part, position)
            if found < 0:
                return False
            position = found + len(part)
        return path.endswith(last) and len(path) - len(last) >= position


@dataclass(slots=True)
class _Group:
    """Agents and the rules that follow them; a Crawl-delay holds for the agents named before it."""

    agents: list[str] = field(default_factory=list)
    rules: list[_Rule] = field(default_factory=list)
    delays: list[tuple[int, float]] = field(default_factory=list)


class _Rules:
    """The rules of one agent, the one that decides first."""

    __slots__ = ("_ordered", "_prefixes", "_with_wildcards")

    def __init__(self, rules: list[_Rule]) -> None:
        self._ordered = sorted(rules, key=lambda rule: (-len(rule.pattern), not rule.allow))
        self._prefixes = tuple(rule.pattern for rule in rules if rule.is_prefix)
        self._with_wildcards = [rule for rule in rules if not rule.is_prefix]

    def first_match(self, path: str) -> _Rule | None:
        # most pages match nothing, and one call of `startswith` tells that for all prefixes
        if path.startswith(self._prefixes) or any(rule.matches(path) for rule in self._with_wildcards):
            return next(rule for rule in self._ordered if rule.matches(path))
        return None


_NO_RULE: Final = Ruling(allowed=True)


class RobotsFile:
    """A parsed robots.txt. What it answers never changes, so it may be kept and shared.

    The rules of one agent are put together and sorted the first time that agent is asked for.
    """

    __slots__ = ("_groups", "_of_agent", "sitemaps")

    def __init__(self, groups: list[_Group], sitemaps: tuple[str, ...]) -> None:
        self._groups = groups
        self._of_agent: dict[str, _Rules] = {}
        self.sitemaps = sitemaps

    @classmethod
    def parse(cls, data: bytes) -> RobotsFile:
        """Parse any bytes at all; lines that make no sense are passed over."""
        reader = _Reader()
        for number, line in enumerate(_lines(data), start=1):
            reader.read(line, number)
        return cls(reader.groups, tuple(reader.sitemaps))

    def allows(self, url: str, agent: str) -> Ruling:
        """Return whether `agent`, a product token or a whole User-Agent, may fetch `url`.

        The longest matching rule decides, Allow before Disallow (RFC 9309 §2.2.2).
        """
        path = octets.path_of(url)
        rule = self._rules_for(agent).first_match(path)
        if rule is None or path == "/robots.txt":
            return _NO_RULE
        return Ruling(allowed=rule.allow, rule=rule.text, line=rule.line)

    def crawl_delay(self, agent: str) -> float | None:
        """Return the seconds between two requests that the file asks of `agent`, at most 30."""
        name = _product(agent)
        named = self._delays(name)
        if named or any(name in group.agents for group in self._groups):
            return max(named, default=None)
        return max(self._delays("*"), default=None)

    def _delays(self, name: str) -> list[float]:
        return [
            min(delay, MAX_CRAWL_DELAY_SECONDS)
            for group in self._groups
            for count, delay in group.delays[-1:]
            if name in group.agents[:count]
        ]

    def _rules_for(self, agent: str) -> _Rules:
        name = _product(agent)
        rules = self._of_agent.get(name)
        if rules is None:
            groups = [group for group in self._groups if name in group.agents]
            if not groups:
                groups = [group for group in self._groups if "*" in group.agents]
            rules = self._of_agent[name] = _Rules([rule for group in groups for rule in group.rules])
        return rules


_FIELDS: Final = {
    "user-agent": "agent", "useragent": "agent", "user agent": "agent",
    "allow": "allow",
    "disallow": "disallow", "dissallow": "disallow", "dissalow": "disallow", "disalow": "disallow",
    "diasllow": "disallow", "disallaw": "disallow",
    "sitemap": "sitemap", "site-map": "sitemap", "sitemaps": "sitemap",
    "crawl-delay": "delay", "crawl delay": "delay", "crawldelay": "delay",
}  # fmt: skip
_TOKEN: Final = re.compile(r"[a-zA-Z_-]+")
_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")


class _Reader:
    """Sorts lines into groups. Rules before any agent belong to nobody."""

    def __init__(self) -> None:
        self.groups: list[_Group] = []
        self.sitemaps: list[str] = []
        self._seen_rule = True

    def read(self, line: str, number: int) -> None:
        text = line.partition("#")[0].strip()
        name, value = _name_and_value(text)
        match _FIELDS.get(name):
            case "agent":
                self._agent(value)
            case "allow" | "disallow" as kind if self.groups:
                self._seen_rule = True
                if value:
                    self.groups[-1].rules.append(
                        _Rule(
                            allow=kind == "allow", pattern=octets.pattern(value), text=text[:500], line=number
                        )
                    )
            case "sitemap" if value:
                self.sitemaps.append(value)
            case "delay" if self.groups:
                self._delay(value)

    def _agent(self, value: str) -> None:
        if self._seen_rule:
            self.groups.append(_Group())
            self._seen_rule = False
        agents = self.groups[-1].agents
        if value == "*" or (value[:1] == "*" and value[1:2].isspace()):
            agents.append("*")
            return
        if (token := _TOKEN.match(value)) is not None:
            agents.append(token[0].lower())
        # a name with digits is more than RFC 9309 knows, but whoever wrote it means that agent
        whole = re.split(r"[\s/*]", value, maxsplit=1)[0].lower()
        if whole and whole not in agents[-1:]:
            agents.append(whole)

    def _delay(self, value: str) -> None:
        try:
            seconds = float(value)
        except ValueError:
            return
        if seconds >= 0:  # nan is not
            group = self.groups[-1]
            group.delays.append((len(group.agents), seconds))


def _lines(data: bytes) -> list[str]:
    data = within_bounds(data)
    for mark in (b"\xef\xbb\xbf", b"\xef\xbb", b"\xef"):
        if data.startswith(mark):
            data = data.removeprefix(mark)
            break
    return _LINE_ENDS.split(data.decode("utf-8", "replace"))


def _name_and_value(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if colon and name.strip().lower() in _FIELDS:
        return name.strip().lower(), value.strip()
    words = text.split(maxsplit=1)  # some write `Disallow /path`
    if len(words) == 2 and words[0].lower() in _FIELDS:
        return words[0].lower(), words[1]
    return "", ""


def _product(agent: str) -> str:
    """Return the product token of a User-Agent: `Trawl/1.0 (+https://…)` is `trawl`."""
    return agent.partition("/")[0].strip().lower()
