"""The lines of a session as the page gets them.

A session is what the camera saw, and the mood by hand. Pictures that were opened meanwhile do not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.session.summary_lines import summary_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.session.documents import Document
    from realtime.session.summary import Summary

NO_CAMERA = "none: the camera was not on; a picture by itself is no session"


def line_documents(summary: Summary) -> Iterator[Document]:
    """Yield the lines that `emodj live` prints, each with `name`, `text` and `url` (null without a link)."""
    unseen = summary.mood is None and not summary.frames
    for line in summary_lines(summary):
        yield {"name": line.name, "text": NO_CAMERA if unseen and line.name == "mood" else line.text, "url": line.url}
