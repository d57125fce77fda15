from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from realtime.sources.http_login import login_header

BASIC = 'Basic realm="cam"'
# The example of RFC 7616, section 3.9.1
FIELDS = (
    'realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
NONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
URL = urlsplit("http://Mufasa:Circle%20of%20Life@cam.example/dir/index.html")


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_answer_to_a_digest_challenge_is_that_of_the_standard(algorithm: str, response: str) -> None:
    header = login_header(URL, "/dir/index.html", [BASIC, f"Digest {FIELDS.format(algorithm)}"], NONCE)
    assert header is not None
    assert header.startswith('Authorization: Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/')
    assert f'response="{response}"' in header
    assert f'cnonce="{NONCE}"' in header
    assert f"algorithm={algorithm}, qop=auth, nc=00000001" in header
    assert "Circle" not in header


def test_an_old_server_offers_no_quality_of_protection() -> None:
    header = login_header(urlsplit("http://a:b@c/"), "/d", ['digest realm="r", nonce="n"'])
    assert header is not None
    # By md5sum: of that of a:r:b, n, and that of GET:/d, with colons between
    assert 'response="205afacdb30e7c9a3186d97d78451a01"' in header
    assert "qop" not in header


def test_a_password_is_sent_where_the_server_offers_nothing_else() -> None:
    assert login_header(URL, "/", [BASIC]) == "Authorization: Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl"


@pytest.mark.parametrize(
    "challenges",
    [[], ["Bearer x"], ["Digest"], ['Digest realm="r"'], ['Digest realm="r", nonce="n", algorithm=MD6'], ["Negotiate", ""]],
)
def test_nothing_is_sent_to_a_server_that_asks_for_another_login(challenges: list[str]) -> None:
    assert login_header(URL, "/", challenges) is None
    assert login_header(urlsplit("http://cam.example/"), "/", [*challenges, BASIC]) is None


def test_no_header_starts_a_second_line() -> None:
    url = urlsplit("http://a%0d%0aX:b@c/")
    for challenge in ('Digest realm="r\\"\r\nX: y", nonce="n"', BASIC):
        header = login_header(url, "/d", [challenge])
        assert header is not None
        assert header.isprintable()
