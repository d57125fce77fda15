import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.links import SPOTIFY_KINDS, parse_link, spotify_uri

ID = "37i9dQZF1DXdPec7aLTmlC"
PLAIN = f"https://open.spotify.com/playlist/{ID}"
IDS = st.text(string.ascii_letters + string.digits, min_size=22, max_size=22)
KINDS = st.sampled_from(SPOTIFY_KINDS)


@pytest.mark.parametrize(
    "link",
    [
        PLAIN,
        f"{PLAIN}/",
        f"{PLAIN}?si=0123456789abcdef&pt=x",
        f"{PLAIN}#here",
        f"https://open.spotify.com/intl-de/playlist/{ID}?si=1",
        f"https://open.spotify.com/intl-pt-BR/playlist/{ID}",
        f"https://open.spotify.com/embed/playlist/{ID}?utm_source=generator",
        f"HTTPS://Open.Spotify.COM/playlist/{ID}",
        f"https://open.spotify.com:443/playlist/{ID}",
        f"spotify:playlist:{ID}",
        f"Spotify:playlist:{ID}",
    ],
)
def test_every_form_of_a_spotify_link_becomes_canonical(link: str) -> None:
    assert parse_link(link) == PLAIN


@given(kind=KINDS, name=IDS, session=IDS)
def test_any_kind_and_id_is_accepted_and_the_query_dropped(kind: str, name: str, session: str) -> None:
    plain = f"https://open.spotify.com/{kind}/{name}"
    assert parse_link(plain) == parse_link(f"spotify:{kind}:{name}") == parse_link(f"{plain}?si={session}") == plain


@pytest.mark.parametrize(
    "link",
    [
        "https://example.org/music",
        "https://music.example.org:8443/list?name=a%20b#top",
        "https://[2001:db8::1]/music",
        "https://www.youtube.com/playlist?list=PL123",
        "https://bücher.example/Ä",
        "https://open.spotify.com/collection/tracks",
        "https://open.spotify.com",
        f"https://open.spotify.com:8443/playlist/{ID}x",
        "https://open.spotify.com.example.org/playlist/short",
    ],
)
def test_other_https_link_is_unchanged(link: str) -> None:
    assert parse_link(link) == link


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("", "starts with https"),
        ("happy songs", "blanks"),
        ("open.spotify.com/playlist/" + ID, "starts with https"),
        (f"http://open.spotify.com/playlist/{ID}", "starts with https"),
        ("ftp://example.org/a", "starts with https"),
        ("file:///etc/passwd", "starts with https"),
        ("javascript:alert(1)", "starts with https"),
        ("data:text/html,x", "starts with https"),
        ("-https://example.org", "starts with https"),
        ("https:", "names a host"),
        ("https://", "names a host"),
        ("https:///playlist", "names a host"),
        (f"https:open.spotify.com/playlist/{ID}", "names a host"),
        ("https://:443/x", "names a host"),
        ("https://..", "names a host"),
        ("https://a..b/", "names a host"),
        ("https://user%40example.org/", "names a host"),
        ("https://[::1/x", "names a host"),
        ("https://[zz]/x", "names a host"),
        ("https://[fe80::1%25eth0]/x", "names a host"),
        ("https://[fe80::1%';calc;']/x", "names a host"),
        ("https://example.org:99999/", "port up to 65535"),
        ("https://example.org:x/", "port up to 65535"),
        ("https://me@example.org/", "user name"),
        ("https://me:secret@example.org/", "user name"),
        ("https://@example.org/", "user name"),
        (f"https://open.spotify.com@example.org/playlist/{ID}", "user name"),
        (f"https://open.spotify.com\\@example.org/playlist/{ID}", "blanks"),
        (f" {PLAIN}", "blanks"),
        (f"{PLAIN}\n", "blanks"),
        (f"https://open.spotify.com/play\tlist/{ID}", "blanks"),
        (f"{PLAIN}\x00", "blanks"),
        (f"{PLAIN}\x1b[2J", "blanks"),
        ("https://example.org/\u202egnp.exe", "blanks"),
        ("https://example.org/a\u00a0b", "blanks"),
        ('https://example.org/"', "blanks"),
        (PLAIN[:-1], "22 letters and digits, not 21"),
        (f"{PLAIN}x", "22 letters and digits, not 23"),
        (f"{PLAIN[:-1]}-", "22 letters and digits"),
        (f"{PLAIN[:-1]}é", "22 letters and digits"),
        (f"{PLAIN}/tracks", "22 letters and digits"),
        (f"https://open.spotify.com/playlist//{ID}", "22 letters and digits"),
        ("https://open.spotify.com/playlist", "22 letters and digits, not 0"),
        ("https://open.spotify.com/playlist?si=1", "22 letters and digits, not 0"),
        ("spotify:playlist:short", "22 letters and digits, not 5"),
        (f"spotify:{ID}", "spotify:KIND:ID"),
        (f"spotify:user:somebody:playlist:{ID}", "spotify:KIND:ID"),
        (f"spotify://playlist/{ID}", "spotify:KIND:ID"),
        ("spotify:", "spotify:KIND:ID"),
    ],
)
def test_invalid_link_raises_with_a_sentence(link: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_link(link)


@given(st.one_of(st.text(), st.text().map("https://".__add__), st.text().map("https://open.spotify.com/playlist/".__add__)))
def test_parse_raises_or_returns_a_canonical_https_link(text: str) -> None:
    try:
        link = parse_link(text)
    except ValueError:
        return
    assert link.lower().startswith("https://")
    assert link.isprintable()
    assert parse_link(link) == link


@given(st.text(string.ascii_letters + string.digits).filter(lambda name: len(name) != len(ID)))
def test_id_of_another_length_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="22 letters and digits"):
        parse_link(f"spotify:album:{name}")


@given(kind=KINDS, name=IDS)
def test_spotify_link_converts_to_a_uri(kind: str, name: str) -> None:
    uri = f"spotify:{kind}:{name}"
    assert spotify_uri(parse_link(uri)) == uri


@pytest.mark.parametrize(
    "link",
    [
        "https://example.org/playlist/" + ID,
        "https://open.spotify.com/search/dark%20suspense",
        "https://open.spotify.com",
        f"https://open.spotify.com.example.org/playlist/{ID}",
    ],
)
def test_other_link_has_no_uri(link: str) -> None:
    assert spotify_uri(parse_link(link)) is None
