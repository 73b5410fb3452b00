"""What a page shows, of several that look at it: without a browser."""

from __future__ import annotations

import time

import pytest

from crawler.finding.collecting import References
from crawler.seeing import _united, _without_asides


@pytest.mark.parametrize(
    ("untrusted", "bare"),
    [
        (b"<noscript><img src=a></noscript><p>b", b"</noscript><p>b"),
        (b"a<NoScript class=x>b</NOSCRIPT>c<noscript>d", b"a</NOSCRIPT>c"),
        (b'<meta property="og:image" content="a.jpg"><link rel=icon href=b><p>', b"<p>"),
        (b"<metal>", b"<metal>"),
        (b"<noscript>" * 200_000, b""),
        (b"<meta " * 200_000, b"<meta " * 200_000),
    ],
)
def test_what_stands_aside_is_left_out_in_linear_time(untrusted: bytes, bare: bytes) -> None:
    begun = time.process_time()
    assert _without_asides(untrusted) == bare
    assert time.process_time() - begun < 5


def test_several_documents_are_one_page() -> None:
    one = References(("a", "b"), ("p",), (), ("l",), cut=True)
    other = References(("b", "c"), (), ("f",), ("l", "m"), login=True)
    assert _united([one, other]) == References(
        ("a", "b", "c"), ("p",), ("f",), ("l", "m"), login=True, cut=True
    )
