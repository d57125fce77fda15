"""Songs by number: the list, the title, and the file with `Range`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from realtime.app.build import shipped_settings
from tests.support.page_server import PageClient, serving_page
from tests.support.sounds import sound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    sound(folder / "happy" / "a.mp3", title="One", artist="Somebody")
    sound(folder / "happy" / "b.ogg", title="Two")
    return folder


@pytest.fixture(scope="module")
def page(library: Path) -> Iterator[PageClient]:
    settings = shipped_settings()
    with serving_page(replace(settings, music=replace(settings.music, library=library))) as client:
        yield client


@pytest.fixture
def songs(page: PageClient) -> tuple[PageClient, str]:
    """A tab, and the name of the list that it was offered."""
    tab = PageClient(page.link)
    tab.begin()
    tab.ask("choose", {"mood": "happy"})
    return tab, tab.ask("offers").document["songs"]["list"]


def test_a_list_has_its_songs_by_number(songs: tuple[PageClient, str]) -> None:
    tab, name = songs
    assert tab.ask("list", {"list": name}).document == {"count": 2, "order": None, "notices": []}
    listed = tab.ask("song", {"list": name, "number": 0}).document
    assert listed == {
        "title": "One",
        "artist": "Somebody",
        "address": f"/songs/{name}/0",
        "url": None,
        "thumb": listed["thumb"],
        "left_out": False,
    }
    assert listed["thumb"].startswith("happy-song-")


def test_a_file_is_sent_whole_or_in_parts(songs: tuple[PageClient, str], library: Path) -> None:
    tab, name = songs
    data = (library / "happy" / "a.mp3").read_bytes()
    whole = tab.request("GET", f"/songs/{name}/0")
    assert (whole.status, whole.headers["content-type"], whole.headers["accept-ranges"]) == (200, "audio/mpeg", "bytes")
    assert whole.body == data
    part = tab.request("GET", f"/songs/{name}/0", headers={"Range": "bytes=100-199"})
    assert (part.status, part.headers["content-range"]) == (206, f"bytes 100-199/{len(data)}")
    assert part.body == data[100:200]
    assert tab.request("GET", f"/songs/{name}/0", headers={"Range": f"bytes={len(data)}-"}).status == 416


def test_another_tab_cannot_name_the_list(songs: tuple[PageClient, str], page: PageClient) -> None:
    _, name = songs
    other = PageClient(page.link)
    other.begin()
    assert other.ask("list", {"list": name}).status == 422


@pytest.mark.parametrize("path", ["unknown/0", "{name}/2", "{name}/-1", "{name}/a", "{name}/../0", "{name}"])
def test_other_addresses_have_no_file(songs: tuple[PageClient, str], path: str) -> None:
    tab, name = songs
    assert tab.request("GET", "/songs/" + path.format(name=name)).status in {404, 422}


def test_another_site_cannot_play_it(songs: tuple[PageClient, str]) -> None:
    tab, name = songs
    assert tab.request("GET", f"/songs/{name}/0", headers={"Sec-Fetch-Site": "cross-site"}).status == 403
