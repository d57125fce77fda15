"""`emodj fact`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from realtime.facts import read_facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]

SOURCES = {fact.text: fact.source for fact in read_facts()}


def test_a_fact_is_printed_with_its_source(emodj: Run) -> None:
    ended = emodj("fact")
    assert (ended.returncode, ended.stderr) == (0, "")
    text, source = ended.stdout.splitlines()
    assert SOURCES[text] == source


def test_facts_differ_from_run_to_run(emodj: Run) -> None:
    assert len({emodj("fact").stdout for _ in range(20)}) > 1


def test_the_document(emodj: Run) -> None:
    document = json.loads(emodj("fact", "SAD", "--seed", "3", "--json").stdout)
    assert set(document) == {"schema", "mood", "fact", "source", "seed"}
    assert (document["schema"], document["mood"], document["seed"]) == (1, "sad", 3)
    assert SOURCES[document["fact"]] == document["source"]
    assert json.loads(emodj("fact", "sad", "--seed", "3", "--json").stdout) == document


def test_a_fact_of_no_mood_in_particular_has_none_in_its_document(emodj: Run) -> None:
    moods = {json.loads(emodj("fact", "--json").stdout)["mood"] for _ in range(60)}
    assert None in moods
    assert len(moods) > 2


def test_an_unknown_mood_is_a_sentence_with_the_nearest(emodj: Run) -> None:
    ended = emodj("fact", "hapy")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "did you mean happy?" in ended.stderr
