from __future__ import annotations

import gc

import pytest

from realtime.cli.garbage import without_collection


def test_no_garbage_is_looked_for_within_the_block_and_again_after_it() -> None:
    assert gc.isenabled()
    with without_collection():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_garbage_is_looked_for_again_after_an_error() -> None:
    with pytest.raises(LookupError), without_collection():
        raise LookupError
    assert gc.isenabled()


def test_a_block_within_another_one_does_not_end_it() -> None:
    with without_collection():
        with without_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
