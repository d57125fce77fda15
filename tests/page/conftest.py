"""A page that the tests of a file share; detector and network are loaded once for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.page_server import PageClient, serving_page

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def page() -> Iterator[PageClient]:
    with serving_page() as client:
        yield client


@pytest.fixture
def tab(page: PageClient) -> PageClient:
    """A tab of that page, which has begun its visit."""
    client = PageClient(page.link)
    client.begin()
    return client
