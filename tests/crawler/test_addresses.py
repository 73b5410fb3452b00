"""What is the public internet, in every spelling that has once got past somebody's check."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.egress.addresses import is_public, joined, parsed
from crawler.outcomes import ErrorKind, FetchError

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:82a::200e"]
NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 (refused)
    "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200",
    "127.0.0.1", "127.255.255.254", "169.254.169.254", "169.254.170.2", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.0.9", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
    "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::a9fe:a9fe", "2002:7f00:1::", "2002:808:808::1", "2001:0:4136:e378::1",
    "2001:db8::1", "2001:20::1", "3fff::1", "5f00::1", "100::1", "fc00::1", "fd00:ec2::254",
    "fe80::1", "fec0::1", "ff02::1", "ff0e::1", "4000::1",
]  # fmt: skip
LOCAL_SPELLINGS = [
    "http://127.0.0.1/", "http://2130706433/", "http://017700000001/", "http://0x7f000001/",
    "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://127.1/", "http://127.0.1/", "http://0/",
    "http://0x7f.1/", "http://127.0.0.1./", "http://①②⑦.0.0.1/", "http://127。0。0。1/",
    "http://[::1]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:7f00:1]/",
    "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://3232235521/",
    "http://0xa9fea9fe/", "http://169.254.43518/", "https://[fe80::1]/", "http://00000000177.1/",
]  # fmt: skip
NO_ADDRESS = [
    "", "x", "//example.org/", "file:///etc/passwd", "data:text/html,x", "ftp://example.org/",
    "gopher://example.org/", "javascript:alert(1)", "jar:http://example.org/!/", "http://",
    "http:///path", "http://example.org:22/", "http://example.org:8080/", "http://example.org:0/",
    "http://example.org:99999/", "http://user:pw@example.org/", "http://a@127.0.0.1/",
    "http://example.org\\@127.0.0.1/", "http://exa mple.org/", "http://example.org/\x00a",
    "http://-a.example/", "http://a..b/", "http://[::1", "http://[fe80::1%25eth0]/",
    "http://256.256.256.256/", "http://1.2.3.4.5.6:80x/", "http://" + "a" * 64 + ".org/",
    "http://example.org/" + "a" * 3000, "http://99999999999/", "http://0x/x",
]  # fmt: skip


@pytest.mark.parametrize("literal", PUBLIC)
def test_the_public_internet_is_public(literal: str) -> None:
    assert is_public(ip_address(literal))


@pytest.mark.parametrize("literal", NOT_PUBLIC)
def test_nothing_else_is(literal: str) -> None:
    assert not is_public(ip_address(literal))


@given(st.ip_addresses(v=6))
def test_no_ipv6_outside_of_what_is_given_out_is_public(address: object) -> None:
    found = ip_address(str(address))
    assert not is_public(found) or int(found) >> 125 == 1


@pytest.mark.parametrize("url", LOCAL_SPELLINGS)
def test_no_spelling_of_a_local_address_passes(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        parsed(url)
    assert caught.value.kind is ErrorKind.NOT_PUBLIC


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(FetchError):
        parsed(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("HTTPS://Example.ORG", "https://example.org/"),
        ("http://example.org:80/a?b=c#d", "http://example.org/a?b=c"),
        ("https://example.org:443/", "https://example.org/"),
        ("http://example.org:443/", "http://example.org:443/"),
        ("https://bücher.example/ä ö".replace(" ", "%20"), "https://xn--bcher-kva.example/%C3%A4%20%C3%B6"),
        ("https://example.org./x", "https://example.org/x"),
        ("http://134744072/", "http://8.8.8.8/"),
        ("https://[2606:4700:4700:0:0:0:0:1111]/", "https://[2606:4700:4700::1111]/"),
        ("https://example.org/%41%zz?q=%7e", "https://example.org/%41%zz?q=%7e"),
    ],
)  # fmt: skip
def test_an_address_is_sent_in_one_form(text: str, url: str) -> None:
    assert parsed(text).url == url
    assert parsed(url).url == url


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("a.jpg", "https://example.org/d/a.jpg"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("?p=2", "https://example.org/d/page?p=2"),
        (" /a b.jpg\n", "https://example.org/a%20b.jpg"),
        ("/a\tb\nc", "https://example.org/abc"),
        ("../../../x", "https://example.org/x"),
    ],
)
def test_references_lead_where_browsers_go(reference: str, url: str) -> None:
    assert joined("https://example.org/d/page", reference).url == url


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_a_fault(text: str) -> None:
    for read in (parsed, lambda given: joined("https://example.org/d/", given)):
        try:
            address = read(text)
        except FetchError:
            continue
        assert address.url.isascii()
        assert parsed(address.url) == address


def test_loopback_is_for_tests_and_only_that_far() -> None:
    assert parsed("http://127.0.0.1:8123/x", loopback=True).port == 8123
    for url in ("http://10.0.0.1/", "http://169.254.169.254:80/", "http://[fe80::1]/"):
        with pytest.raises(FetchError):
            parsed(url, loopback=True)
