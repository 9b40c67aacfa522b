"""What is read of the bytes on a connection, however they are split, and what is refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.errors import BadResponse, ConnectionLost, FetchError, HeaderBomb, TooLarge, TruncatedBody
from crawler.fetch.limits import FetchLimits
from crawler.fetch.parsing import AnswerParser

LIMITS = FetchLimits()
OK = b"HTTP/1.1 200 OK\r\n"
PLAIN = OK + b"Content-Length: 4\r\n\r\nfine"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BODY = b"2\r\nfi\r\n2;a=b\r\nne\r\n0\r\n"
TWICE = b"Content-Length: 4\r\n"


def read(*pieces: bytes, ends: bool = True, most: int = 1_000, cuts: bool = False) -> AnswerParser:
    """Return what came of these pieces, and the server's end after them where nothing else ends it."""
    parser = AnswerParser(LIMITS)
    parser.begin(most=most, cuts=cuts)
    for piece in pieces:
        parser.feed(piece)
        if parser.complete or parser.cut:
            return parser
    if ends:
        parser.end()
    return parser


def told(parser: AnswerParser) -> tuple[int, list[tuple[str, str]], bytes, bool]:
    reusable = parser.reusable
    answer = parser.take()
    return answer.status, list(answer.headers), answer.sent[0], reusable


KEPT = b"\r\nConnection: keep-alive\r\n\r\n"
OLD = PLAIN.replace(b"1.1", b"1.0")
OFFER = b"\r\nUpgrade: h2\r\nConnection: Upgrade\r\n"
HINT = b"HTTP/1.1 103 Early\r\nContent-Length: 9\r\nLink: x\r\n\r\n"
CODINGS = OK + b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n"
WHOLE = {
    "length": (PLAIN, True),
    "length as bare lines": (PLAIN.replace(b"\r", b""), True),
    "chunked": (CHUNKED + BODY + b"\r\n", True),
    "trailers": (CHUNKED + BODY + b"X-Sum: 1\r\nX-More: 2\r\n\r\n", True),
    "spaces after a chunk's size": (CHUNKED + b"4  \r\nfine\r\n0\r\n\r\n", True),
    "two codings": (CODINGS + BODY + b"\r\n", True),
    "until the end": (OK + b"\r\nfine", False),
    "close": (PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), False),
    "1.0": (OLD, False),
    "1.0 kept": (OLD.replace(b"\r\n\r\n", KEPT), True),
    "1.0 chunked": (CHUNKED.replace(b"1.1", b"1.0").replace(b"\r\n\r\n", KEPT) + BODY + b"\r\n", False),
    "interim": (HINT * 20 + PLAIN, True),
    "upgrade that is only offered": (PLAIN.replace(b"\r\n", OFFER, 1), True),
    "length twice": (OK + TWICE + b"X: y\r\n" + TWICE.lower() + b"\r\nfine", True),
    "length three times": (OK + TWICE * 3 + b"\r\nfine", True),
    "length twice as bare lines": ((OK + TWICE * 2 + b"\r\nfine").replace(b"\r", b""), True),
    "space after a name": (PLAIN.replace(b"Length:", b"Length :"), True),
    "empty values": (PLAIN.replace(b"\r\n\r\n", b"\r\nX:\r\nY: \r\n\r\n"), True),
    "folded": (PLAIN.replace(b"\r\n\r\n", b"\r\nX: a\r\n b\r\n\r\n"), True),
}


@pytest.mark.parametrize("how", WHOLE)
def test_body_is_whole_however_its_end_is_told(how: str) -> None:
    raw, reusable = WHOLE[how]
    status, headers, body, kept = told(read(raw))

    assert (status, body, kept) == (200, b"fine", reusable)
    assert "Link" not in dict(headers)
    assert "X-Sum" not in dict(headers)


@settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(how=st.sampled_from(sorted(WHOLE)), cuts=st.sets(st.integers(0, 400)))
def test_any_split_gives_the_same(how: str, cuts: set[int]) -> None:
    raw, _ = WHOLE[how]
    edges = [0, *sorted(cut for cut in cuts if cut < len(raw)), len(raw)]
    pieces = [raw[start:end] for start, end in pairwise(edges) if start < end]

    assert told(read(*pieces)) == told(read(raw))


@pytest.mark.parametrize("how", WHOLE)
def test_byte_by_byte_gives_the_same(how: str) -> None:
    raw, _ = WHOLE[how]

    assert told(read(*[raw[place : place + 1] for place in range(len(raw))])) == told(read(raw))


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("framing", [b"", b"Content-Length: 99999999\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_answer_that_has_no_body_ends_with_its_head(status: int, framing: bytes) -> None:
    parser = read(b"HTTP/1.1 %d Bare\r\n%b\r\n" % (status, framing), ends=False)

    assert told(parser)[2:] == (b"", True)


@pytest.mark.parametrize("surplus", [b"HTTP/1.1 200 OK\r\n", PLAIN, b"H", b"garbage", b"\0", b"\r\n" + PLAIN])
@pytest.mark.parametrize(
    "whole", [PLAIN, CHUNKED + BODY + b"\r\n", b"HTTP/1.1 304 Same\r\n\r\n", WHOLE["length twice"][0]]
)
def test_what_follows_an_answer_is_not_read_and_ends_the_connection(whole: bytes, surplus: bytes) -> None:
    parser = read(whole + surplus)

    assert told(parser) == (*told(read(whole))[:3], False)


@pytest.mark.parametrize(
    "raw",
    [
        OK + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nfine",
        OK + b"Content-Length: 4\r\nContent-Length: 4\r\n 0\r\n\r\nfine",
        OK + b"Content-Length: 4\r\n 0\r\nContent-Length: 4\r\n\r\nfine",
        OK + b"Content-Length: 4\r\nContent-Length: 04\r\n\r\nfine",
        OK + b"Content-Length: 4\r\nContent-Length: 4, 4\r\n\r\nfine",
        OK + TWICE + TWICE + b"Transfer-Encoding: chunked\r\n\r\n" + BODY + b"\r\n",
        OK + b"Content-Length: 4, 4\r\n\r\nfine",
        OK + b"Content-Length: +4\r\n\r\nfine",
        OK + b"Content-Length: \r\n\r\nfine",
        OK + b"Content-Length: 99999999999999999999999\r\n\r\nfine",
        OK + TWICE + b"Transfer-Encoding: chunked\r\n\r\n" + BODY + b"\r\n",
        OK + b"Transfer-Encoding: chunked\r\n" + TWICE + b"\r\n" + BODY + b"\r\n",
        CHUNKED + b"zz\r\nfine\r\n0\r\n\r\n",
        CHUNKED + b"0x4\r\nfine\r\n0\r\n\r\n",
        CHUNKED + b"4\r\nfine!\r\n0\r\n\r\n",
        CHUNKED + b"4\nfine\n0\n\n",
        CHUNKED + b"fffffffffffffffff\r\nfine",
        CHUNKED + b"4\r\nfine\r\n0\r\nContent-Length: 4\r\n\r\n",
        OK + b"X: a\0b\r\n\r\n",
        OK + b"X: a\rY: b\r\n" + TWICE + b"\r\nfine",
        OK + b"X: \rSet-Cookie: a=b\r\n" + TWICE + b"\r\nfine",
        OK + b"X:\rContent-Length: 4\r\n\r\nfine",
        OK + TWICE + TWICE + b"X: \rSet-Cookie: a=b\r\n\r\nfine",
        HINT + OK + b"X: \rSet-Cookie: a=b\r\n" + TWICE + b"\r\nfine",
        OK + b"no colon\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nmore",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 099 Low\r\n\r\n",
        b"HTTP/1.1 1000 High\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 103 Early\r\n\r\n" * 21,
        b"garbage",
    ],
)
def test_what_is_not_http_is_refused_at_once(raw: bytes) -> None:
    with pytest.raises(BadResponse):
        read(raw, ends=False)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", ConnectionLost),
        (OK, ConnectionLost),
        (b"HTTP/1.1 103 Early\r\n\r\n", ConnectionLost),
        (OK + TWICE + TWICE, ConnectionLost),
        (OK + b"Content-Length: 5\r\n\r\nfine", TruncatedBody),
        (OK + b"Content-Length : 5\r\n\r\nfine", TruncatedBody),
        (CHUNKED, TruncatedBody),
        (CHUNKED + b"4\r\nfine", TruncatedBody),
        (CHUNKED + b"4\r\nfine\r\n0\r\n", TruncatedBody),
        (CHUNKED + b"4\r\nfine\r\n0\r\nX: y\r\n", TruncatedBody),
    ],
)
def test_answer_that_breaks_off_is_told(raw: bytes, error: type[FetchError]) -> None:
    with pytest.raises(error):
        read(raw)


@pytest.mark.parametrize(
    ("begin", "more", "error"),
    [
        (OK, b"X: 1\r\n", HeaderBomb),
        (OK + b"X: ", b"1" * 1_000, HeaderBomb),
        (OK + TWICE + TWICE, b"1" * 1_000, HeaderBomb),
        (b"", b"\r\n" * 1_000, HeaderBomb),
        (CHUNKED + b"4\r\nfine\r\n0\r\n", b"X: 1\r\n", BadResponse),
        (CHUNKED + b"4\r\nfine\r\n0\r\nX: ", b"1" * 1_000, BadResponse),
        (CHUNKED + b"4;x=", b"1" * 1_000, BadResponse),
        (CHUNKED, b"1;" + b"x" * 1_000 + b"\r\n1\r\n", BadResponse),
        (b"", b"HTTP/1.1 103 Early\r\n\r\n", BadResponse),
    ],
)
def test_what_does_not_end_is_bounded(begin: bytes, more: bytes, error: type[FetchError]) -> None:
    with pytest.raises(error):
        read(begin, *[more] * 20_000, ends=False, most=1_000_000)


def test_colon_and_cr_in_a_body_are_no_matter_of_its_head() -> None:
    raw = OK + b"X:\r\nContent-Length: 4\r\n\r\na:\rb"

    assert told(read(raw))[2] == b"a:\rb"


def test_trailer_is_bounded_however_long_the_body_was() -> None:
    """The parser holds a trailer until it ends: what the body was allowed for its chunks is not for that."""
    body = b"%x\r\n%b\r\n0\r\nX: " % (900_000, bytes(900_000))

    with pytest.raises(BadResponse):
        read(CHUNKED, body, *[b"1" * 1_000] * 66, ends=False, most=1_000_000)


def test_head_is_mended_once_for_each_answer() -> None:
    hint = b"HTTP/1.1 103 Early\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n"

    assert told(read(hint, PLAIN))[2] == b"fine"
    with pytest.raises(BadResponse):
        read(hint, hint, PLAIN)


def test_small_chunks_are_read_as_long_as_they_bring_something() -> None:
    parser = read(CHUNKED, *[b"1\r\nx\r\n"] * 30_000, b"0\r\n\r\n", most=30_000)

    assert told(parser)[2] == b"x" * 30_000


def test_length_beyond_the_limit_is_told_before_any_of_it_came() -> None:
    with pytest.raises(TooLarge, match=r"1,001 bytes; the limit is 1,000"):
        read(OK + b"Content-Length: 1001\r\n\r\n", ends=False)


@pytest.mark.parametrize("framing", [b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n5dc\r\n"])
def test_body_beyond_the_limit_ends_where_it_is_passed(framing: bytes) -> None:
    with pytest.raises(TooLarge, match=r"more than 1,000 bytes"):
        read(OK + framing, b"x" * 1_500, ends=False)

    cut = read(OK + framing, b"x" * 1_500, ends=False, cuts=True)
    assert (cut.cut, cut.complete, cut.reusable) == (True, False, False)
    assert cut.take().sent == [b"x" * 1_500]


def test_next_answer_is_read_by_the_same_parser() -> None:
    parser = AnswerParser(LIMITS)
    for body in (b"one", b"", b"three"):
        parser.begin(most=100)
        parser.feed(OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        assert told(parser)[2:] == (body, True)


@pytest.mark.parametrize("how", ["trailers", "length twice", "interim"])
def test_nothing_of_an_answer_is_read_with_the_next_one(how: str) -> None:
    parser = AnswerParser(LIMITS)
    for _ in range(2):
        for raw in (WHOLE[how][0], PLAIN):
            parser.begin(most=100)
            parser.feed(raw)
            assert told(parser) == told(read(raw))


@pytest.mark.parametrize("framing", [b"", TWICE, b"Transfer-Encoding: chunked\r\n"])
def test_tunnel_is_open_after_the_head(framing: bytes) -> None:
    parser = AnswerParser(LIMITS)
    parser.begin(most=0, cuts=True, tunnel=True)
    parser.feed(OK + framing + b"\r\n")
    assert (parser.complete, parser.reusable, parser.status) == (True, True, 200)

    parser = AnswerParser(LIMITS)
    parser.begin(most=0, cuts=True, tunnel=True)
    parser.feed(OK + framing + b"\r\nfine")
    assert (parser.complete, parser.reusable) == (True, False)


def test_closed_parser_lets_go_of_what_it_read() -> None:
    parser = read(OK + b"\r\nfine", ends=False)
    parser.close()

    assert parser.take().sent == [b""]
    with pytest.raises(BadResponse):
        parser.feed(PLAIN)
