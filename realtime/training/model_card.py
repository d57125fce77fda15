"""Model card of a network, in Markdown (Mitchell et al. 2019, arXiv:1810.03993); pure.

The card repeats measured figures, and names the data and the command. Statements about FER-2013 appear only if the data are
FER-2013.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtime.domain import EXPRESSIONS
from realtime.training.evaluation import CLEAR_MAJORITY, WITHOUT_COPIES
from realtime.training.report_text import COLUMNS, TITLES, format_points, format_share, format_threshold, informative_groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Facts = Mapping[str, Any]


NAMES = [expression.value for expression in EXPRESSIONS]
FER_TRAINING, FER_TESTS = 28_709, 7_178
"""Number of training and test images of FER-2013 (Goodfellow et al. 2013, arXiv:1307.0414)."""


def model_card(document: Facts, settings: Facts, about: Facts | None = None) -> str:
    """Write the card.

    Args:
        document: result of `evaluation.report_document`.
        settings: result of `run_folder.run_settings`.
        about: further records about the network, such as `Contract.about`. "architecture", "data", "recipe", "correction"
            and "chosen_on" are shown if the settings lack them.

    Returns:
        Markdown with a final line end.
    """
    about, fer = about or {}, is_fer2013(settings["data"])
    sections = [
        _head(document, settings, about),
        USES,
        _data(settings["data"], fer=fer),
        _labels(settings["data"], fer=fer),
        _split(document, settings["data"], fer=fer),
        _recipe(settings, about),
        _figures(document, settings, fer=fer),
        *(_group(name, values, fer=fer) for name, values in informative_groups(document).items()),
        *([_robustness(document, fer=fer)] if "robustness" in document else []),
        _bias(settings["data"], fer=fer),
    ]
    return "\n\n".join(sections) + "\n"


def is_fer2013(data: Facts) -> bool:
    """Whether a result of `evaluation.describe_dataset` describes FER-2013, in any of its three forms."""
    totals = {part: sum(counts.values()) for part, counts in data["parts"].items()}
    return (totals["training"], totals["public"] + totals["private"]) == (FER_TRAINING, FER_TESTS)


def _head(document: Facts, settings: Facts, about: Facts) -> str:
    network, recipe = settings["network"], settings["recipe"] or about.get("recipe") or {}
    versions = ", ".join(f"{name} {number}" for name, number in settings["versions"].items() if number)
    rows = [
        ("network", f"`{network['name']}`"),
        ("SHA-256", f"`{network['sha256']}`"),
        ("architecture", recipe.get("architecture") or about.get("architecture") or "not known"),
        ("weights", f"{document['parameters']:,}"),
        ("measured on", settings["date"]),
        ("measured with", versions),
    ]
    if "date" in about:
        rows.insert(4, ("trained until", str(about["date"])))
    return f"# Model card: {network['name']}\n\n{WHAT}\n\n{_table(('', ''), rows)}"


def _data(data: Facts, *, fer: bool) -> str:
    images = sum(sum(counts.values()) for counts in data["parts"].values())
    text = FER_DATA if fer else OTHER_DATA
    return (
        f"## Data and its licence\n\n`{data['name']}`, {images:,} images, SHA-256 of its content\n`{data['sha256']}`.\n{text}"
    )


def _labels(data: Facts, *, fer: bool) -> str:
    heading = ["## Labels and how far people agree on them", FER_LABELS if fer else OTHER_LABELS]
    agreement = data["labels"]
    if agreement is None:
        return "\n\n".join([*heading, NO_VOTES])
    lines = [
        (
            f"- The label is what most people chose in {format_share(agreement['majority'])} of the images;"
            f" where more than five of ten chose the same, in {format_share(agreement['clear'])}."
        ),
        "- By label: " + ", ".join(f"{name} {format_share(value)}" for name, value in agreement["by_label"].items()) + ".",
        f"- In {format_share(agreement['nobody'])} of the images nobody chose what the label says.",
        f"- Two of the people, drawn at random, agree in {format_share(agreement['voters'])}.",
    ]
    return "\n\n".join([*heading, VOTES, "\n".join(lines), NOISE])


def _split(document: Facts, data: Facts, *, fer: bool) -> str:
    rows = [
        (_part(name, fer=fer), *(f"{counts[expression]:,}" for expression in NAMES), f"{sum(counts.values()):,}")
        for name, counts in data["parts"].items()
        if any(counts.values())
    ]
    text = [
        *([FER_SPLIT] if fer else []),
        *([COPIES] if WITHOUT_COPIES in informative_groups(document) else []),
        *([CHOSEN_HERE] if document["part"] != "private" else []),
    ]
    return "\n\n".join(["## Split", _table(("part", *NAMES, "all"), rows), *text])


def _recipe(settings: Facts, about: Facts) -> str:
    keys = ("data", "chosen_on", "recipe", "correction")
    measured = {"recipe": settings["recipe"], "correction": settings["correction"], "seed": settings["seed"]}
    known = {key: about[key] for key in keys if key in about} | {
        key: value for key, value in measured.items() if value is not None
    }
    if not known:
        return "## Recipe\n\nHow it was trained is not written down beside it."
    return f"## Recipe\n\n```json\n{json.dumps(known, indent=1, ensure_ascii=False)}\n```"


def _figures(document: Facts, settings: Facts, *, fer: bool) -> str:
    groups = informative_groups(document)
    titles = [(key, title) for key, title in TITLES.items() if any(key in values for values in groups.values())]
    rows = [
        (_against(name, fer=fer), f"{values['images']:,}", *(format_share(values.get(key)) for key, _ in titles))
        for name, values in groups.items()
    ]
    text = (
        f"Measured on the part {_part(document['part'], fer=fer)}, one view a face, one set of weights; a face of\n"
        f"a confidence below {format_threshold(document)} counts as unsure and is not answered. All figures of this card are\n"
        "written by"
    )
    table = _table(("against", "images", *(title for _, title in titles)), rows)
    remarks = [f"- {sentence}" for sentence in document["remarks"]]
    return "\n\n".join(["## Figures", text, f"    {settings['measure']}", table, *(["\n".join(remarks)] if remarks else [])])


def _group(name: str, values: Facts, *, fer: bool) -> str:
    rows = [
        (expression, *(format_share(values[column][expression]) for column in COLUMNS), f"{values['support'][expression]:,}")
        for expression in NAMES
    ]
    each = _table(("", "precision", "recall", "F1", "images"), rows)
    text = "True expression (rows) and predicted expression (columns), in shares of the row, with counts:"
    return f"### Against {_against(name, fer=fer)}\n\n{each}\n\n{text}\n\n{_confusion(values['confusion'])}"


def _confusion(table: Sequence[Sequence[int]]) -> str:
    rows = [
        (name, *(f"{format_share(count / sum(row) if sum(row) else None, 0)} ({count:,})" for count in row))
        for name, row in zip(NAMES, table, strict=True)
    ]
    return _table(("", *NAMES), rows)


def _robustness(document: Facts, *, fer: bool) -> str:
    figures = document["figures"]
    against = CLEAR_MAJORITY if figures.get(CLEAR_MAJORITY, {"images": 0})["images"] else next(iter(figures))
    text = (
        f"The images of the group “{_against(against, fer=fer)}”, spoilt as cameras and messengers do it. The fall is that of\n"
        "the share right of those answered, in points. The gates for bad crops are not applied here: emodj answers fewer."
    )
    rows = [
        (
            row["way"],
            *(format_share(row[key]) for key in ("accuracy", "answered", "right_of_answered")),
            format_points(row["fall"]),
        )
        for row in document["robustness"]
    ]
    table = _table(("damage", "accuracy", "answered", "right of answered", "fall"), rows)
    return f"## Faces that are spoilt\n\n{text}\n\n{table}"


def _bias(data: Facts, *, fer: bool) -> str:
    counts = data["parts"]["training"] if any(data["parts"]["training"].values()) else _summed(data["parts"].values())
    shares = ", ".join(f"{name} {format_share(counts[name] / max(1, sum(counts.values())))}" for name in NAMES)
    text = [f"- Share of each label in the data: {shares}. What is rare is missed more often.", BIAS]
    return "\n".join(["## Known bias\n", *([FER_BIAS] if fer else []), *text])


def _summed(parts: Any) -> dict[str, int]:
    return {name: sum(counts[name] for counts in parts) for name in NAMES}


def _part(name: str, *, fer: bool) -> str:
    return FER_PARTS.get(name, name) if fer else name


def _against(group: str, *, fer: bool) -> str:
    return FER_GROUPS.get(group, group) if fer else GROUPS.get(group, group)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


WHAT = """It reads a grey crop of a face, 48×48 pixels, and says how probable each of seven expressions is: angry, disgust,
fear, happy, neutral, sad, surprise. It says what an expression looks like, not what somebody feels: people smile in distress
and frown in thought."""
USES = """## What it is for, and what it is not for

It chooses music that fits the faces before a camera, on the computer of the people who are seen and want it.

It is not for work, school, hiring, health, policing, insurance, credit, advertising, the detection of lies, the watching of
people who did not ask for it, or any other decision about people. What a face looks like is no evidence of a feeling, an
intention, an illness or a character."""
FER_DATA = """
FER-2013 (Goodfellow et al. 2013, arXiv:1307.0414): faces from pictures that a web search found. It is for research; the
pictures have no licence, and neither they nor parts of them come with emodj. Votes, where there are some, are those of FER+
(Barsoum et al. 2016, arXiv:1608.01041); these labels are under the MIT licence."""
OTHER_DATA = """
emodj does not know the source of the pictures. The user who trains or measures with them must know whether they may be used
for this, and whether the people in them agreed."""
FER_LABELS = """A label of FER-2013 is the word that the picture was searched with, looked through by hand."""
OTHER_LABELS = """A label is the expression that one person, or a search, gave to a face."""
VOTES = """Ten people each then said what they saw:"""
NO_VOTES = """The data have no votes of other people, so how far people agree on them is not known."""
NOISE = """So nobody can be right on all labels: above what people agree on, a network learns how these labels were made."""
FER_PARTS = {"training": "Training", "public": "PublicTest", "private": "PrivateTest"}
FER_SPLIT = """Training is to learn from, without pictures in which the crowd saw no face; PublicTest is for choosing (length
and kind of the run, correction of the answers, temperature, threshold); PrivateTest is for the report alone."""
COPIES = """Some photos of the test part are in the training part as well, as copies or other crops: the figures without them
are given beside the others."""
CHOSEN_HERE = """What is chosen after training (correction for the class prior, temperature, threshold) may have been chosen on
the very images of this report: then its figures flatter the network."""
GROUPS = {
    "original labels": "labels",
    "without copies of training": "labels, without photos that are also in the training part",
    "clear majority": "what more than five of ten people saw",
}
FER_GROUPS = {
    "original labels": "original labels",
    "without copies of training": "original labels, without photos that are also in Training",
    "clear majority": "what more than five of ten people saw (FER+)",
}
FER_BIAS = """- The pictures were found by words in English, and many are posed, of actors or for stock photography: plain,
  strong expressions. Some ages and skin colours are in them much more often than others.
- Disgust is rare in them; and what their labels call fear, people seldom see as fear."""
BIAS = """- How well the network reads people of different age, sex, skin or culture was not measured: the data do not say who
  is in them. Expect it to be worse for those who are rare in them.
- It reads faces that look at the camera. Turned, dark, blurred or covered ones it reads wrongly more often."""
