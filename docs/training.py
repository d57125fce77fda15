# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Train and measure the network
#
# This notebook trains a network that reads expressions, and measures the network that emodj ships.
# It calls the functions of `realtime.training`, as `emodj train` and `emodj evaluate` do. It is
# written in `docs/training.py`; `docs/training.ipynb` is made from that file by
# `scripts/make_notebook.py` and holds the outputs.
#
# ## 1. Question and limits
#
# **Question.** A grey crop of a face has 48×48 pixels. How probable is each of seven expressions:
# angry, disgust, fear, happy, neutral, sad, surprise?
#
# **Limits.**
#
# - The answer says what an expression looks like, not what a person feels. People smile in distress
#   and frown in thought.
# - A label of FER-2013 is the word that the picture was searched with. Ten people then said what
#   they saw, and they often disagree with the label and with each other. Section 2 measures how
#   often. No network can be right on all labels.
# - The pictures come from web searches. Some ages and some skin colours are rare in them. Do not
#   use the network to judge people.
#
# ### Run it
#
# In a clone:
#
# ```sh
# .venv/bin/uv sync --locked
# .venv/bin/python scripts/make_notebook.py fer2013.npz --drawn drawn.npz
# ```
#
# or open the notebook in Jupyter. On Colab, first upload the clone and the data, and install the
# clone with `pip install '.[train]'`. emodj does not contain FER-2013, because its pictures have no
# licence: download it with your own account. `docs/network.md` lists the forms that can be read.
# Without data the notebook sketches 140 small faces and says so.
#
# Environment variables set the parameters:
#
# | variable | meaning | default |
# |---|---|---|
# | `NOTEBOOK_DATA` | FER-2013 as `.npz` or `.csv`, or folders of faces | none: sketched faces |
# | `NOTEBOOK_DRAWN` | drawn faces, a file of `scripts/draw_faces.py` | none |
# | `NOTEBOOK_EPOCHS` | most epochs of the run | 6 |
# | `NOTEBOOK_FACES` | faces to learn from, and a third as many to choose on; 0: all | 3000 |
# | `NOTEBOOK_RUN` | folder of the run; an earlier run in it is continued | a temporary folder |

# %%
import io
import os
import subprocess
import tempfile
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from IPython.display import Image
from PIL import Image as Picture

from realtime.classifier import contract
from realtime.classifier.architectures import build_network
from realtime.classifier.crops import to_batch
from realtime.classifier.runtime import open_classifier
from realtime.domain import EXPRESSIONS
from realtime.storage import resources
from realtime.training import evaluation, export, metrics, plots, report_text, run_folder
from realtime.training.augment import augment
from realtime.training.dataset import USAGES
from realtime.training.formats import read_dataset
from realtime.training.recipe import PRESETS, best_epoch
from realtime.training.sketches import sketch_dataset
from realtime.training.split import split_tuning
from realtime.training.targets import build_targets, class_weights, expression_targets
from realtime.training.trainer import predict_probabilities, train_network

DATA = os.environ.get("NOTEBOOK_DATA", "")
DRAWN = os.environ.get("NOTEBOOK_DRAWN", "")
EPOCHS = int(os.environ.get("NOTEBOOK_EPOCHS", "6"))
FACES = int(os.environ.get("NOTEBOOK_FACES", "3000"))
RUN = Path(os.environ.get("NOTEBOOK_RUN") or tempfile.mkdtemp(prefix="emodj-notebook-"))

NAMES = [expression.value for expression in EXPRESSIONS]
SHIPPED = resources.models_folder() / export.PAIR
COMMAND = "docs/training.ipynb"

# %% [markdown]
# The plots of the reports come from `realtime.training.plots`. These functions draw what the
# reports do not have.

# %%
plots.require_matplotlib()
# Only now does Matplotlib not write into the home folder
from matplotlib.figure import Figure  # noqa: E402


def bars(groups, ylabel, *, share=False):
    """Show groups of bars: {legend: {tick: height}}."""
    figure = Figure((8, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    ticks = list(next(iter(groups.values())))
    width = 0.8 / len(groups)
    colours = (plots.BLUE, plots.ORANGE, "#009E73", "#CC79A7")
    for number, ((name, heights), colour) in enumerate(zip(groups.items(), colours, strict=False)):
        places = np.arange(len(ticks)) + (number - (len(groups) - 1) / 2) * width
        axes.bar(places, [heights[tick] for tick in ticks], width, label=name, color=colour)
    axes.set_xticks(range(len(ticks)), ticks)
    axes.set_ylabel(ylabel)
    axes.grid(visible=True, axis="y", color=plots.GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if share:
        axes.set_ylim(0, 1)
    if len(groups) > 1:
        figure.legend(loc="outside upper center", ncols=len(groups), frameon=False)
    data = io.BytesIO()
    figure.savefig(data, format="png")
    return show(data.getvalue())


def show(png):
    """Show a plot. It is stored with 64 colours, so that the notebook stays small."""
    data = io.BytesIO()
    plot = Picture.open(io.BytesIO(png)).convert("RGB").quantize(64, Picture.Quantize.MAXCOVERAGE)
    plot.save(data, "png", optimize=True)
    return Image(data.getvalue(), format="png")


def contact_sheet(rows):
    """Show rows of grey faces, each (n, 48, 48); n may differ."""
    rows = list(rows)
    columns = max(map(len, rows))
    full = [np.pad(row, ((0, columns - len(row)), (0, 0), (0, 0)), constant_values=255) for row in rows]
    sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in full])
    data = io.BytesIO()
    Picture.fromarray(sheet).save(data, "jpeg", quality=85)
    return Image(data.getvalue(), format="jpeg", width=sheet.shape[1] * 3 // 2)


def table(head, rows):
    """Print a table: the first column is text, the others are numbers."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for first, *others in cells:
        print(
            first.ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)),
            sep="  ",
        )


# %% [markdown]
# ## 2. Data

# %%
images = read_dataset(Path(DATA)) if DATA else sketch_dataset()
about = evaluation.describe_dataset(images, Path(DATA).name if DATA else "sketched faces")
settings = run_folder.run_settings(command=COMMAND, data=about, network={"name": SHIPPED.name})
git = ["git", "describe", "--always", "--abbrev=12", "--exclude=*"]
done = subprocess.run(git, cwd=resources.resource_root(), capture_output=True, text=True, check=False)
commit = done.stdout.strip()

if not DATA:
    print("No data are given: the faces are sketched. The figures only show that the notebook runs.\n")
print("date    ", settings["date"])
print("commit  ", commit or "unknown: not a clone")
print("data    ", about["name"])
print("SHA-256 ", about["sha256"])
print("versions", ", ".join(f"{name} {number}" for name, number in settings["versions"].items()))

# %% [markdown]
# FER-2013 has three parts. The network learns from Training. PublicTest is for every choice: number
# of epochs, correction, temperature, threshold. PrivateTest is for the report alone. Some photos
# are in Training and in a test part too; the report gives the figures without them beside the
# others.

# %%
table(
    ["part", *NAMES, "all", "copies of training"],
    [
        [part, *counts.values(), sum(counts.values()), images.part(part).copy_of_training.sum()]
        for part, counts in about["parts"].items()
    ],
)
bars({part: about["parts"][part] for part in USAGES}, "faces")

# %% [markdown]
# No picture of FER-2013 is shown here, because the pictures have no licence. The faces in this
# notebook are sketched or drawn by emodj.

# %%
sketches = sketch_dataset()
contact_sheet(sketches.images[sketches.labels == label][:12] for label in range(len(NAMES)))

# %% [markdown]
# How far do people agree? Ten people voted on each picture (FER+, Barsoum et al. 2016,
# arXiv:1608.01041).

# %%
if agreement := about["labels"]:
    table(
        ["share of the pictures", ""],
        [
            ["the label has the most votes", f"{agreement['majority']:.1%}"],
            ["the same, where more than five of ten agree", f"{agreement['clear']:.1%}"],
            ["no person chose the label", f"{agreement['nobody']:.1%}"],
            ["two people, drawn at random, agree", f"{agreement['voters']:.1%}"],
        ],
    )
else:
    print("The data have no votes.")

# %%
if agreement:
    confirmed = bars({"label": agreement["by_label"]}, "share that most voters confirm", share=True)
confirmed if agreement else None

# %% [markdown]
# ## 3. Votes become targets
#
# The target of a face mixes its label and the votes. `label_share` is the weight of the label,
# `smoothing` the share that is spread over all expressions. With labels alone a network does not
# learn what people see; with votes alone it neglects disgust and fear. Pictures in which half of
# the people saw no face are left out.

# %%
recipe = replace(PRESETS["compact"], epochs=EPOCHS, patience=3)
training, tuning = split_tuning(images, recipe.seed)
if FACES:
    # A random part of both is enough for a short run
    random = np.random.default_rng(recipe.seed)
    training = training.select(random.permutation(len(training)) < FACES)
    tuning = tuning.select(random.permutation(len(tuning)) < FACES // 3)
_, targets = build_targets(recipe, training, None)
print(f"{len(training):,} pictures to learn from, {len(training) - len(targets):,} without a face")
print(f"{len(tuning):,} pictures to choose on\n")

print("The three faces whose voters disagree most, votes / target in %:")
votes = tuning.expression_votes()
mixed = expression_targets(tuning, recipe.label_share, recipe.smoothing)
order = np.argsort(np.where(tuning.face_mask(), votes.max(axis=1), np.inf), kind="stable")[:3]
table(
    ["label", *NAMES],
    [
        [
            NAMES[tuning.labels[row]],
            *(f"{vote:.0f} / {100 * target:.0f}" for vote, target in zip(votes[row], mixed[row], strict=True)),
        ]
        for row in order
    ],
)

# %% [markdown]
# Mean target of the faces with each label. In FER-2013 the votes move a part of the other labels to
# neutral, and a part of fear to sad and surprise too.

# %%
kept = training.select(training.face_mask())
means = [targets[kept.labels == label].mean(axis=0) for label in range(len(NAMES))]
table(
    ["label", *NAMES],
    [[name, *(f"{value:.2f}" for value in mean)] for name, mean in zip(NAMES, means, strict=True)],
)

# %% [markdown]
# Disgust is rare. `--balance` lets rare expressions weigh more in the loss (class-balanced loss,
# Cui et al. 2019, arXiv:1901.05555). `compact` learns without these weights, and its answers are
# corrected for the class prior afterwards.

# %%
weights = class_weights(targets.sum(axis=0))
bars({"weight": dict(zip(NAMES, weights.tolist(), strict=True))}, "weight in the loss with --balance")

# %% [markdown]
# ## 4. Views
#
# In each epoch the network sees another view of each face: moved, relit, partly covered, and
# sometimes damaged as by a webcam. The first column shows the face, the others show its views.

# %%
faces = sketches.images[sketches.labels == NAMES.index("happy")][:3]
views = [augment(to_batch(faces), np.array([0, seed], np.int32)) for seed in range(11)]
pixels = np.rint(255 * np.stack([to_batch(faces), *views])[..., 0]).astype(np.uint8)
contact_sheet(pixels.transpose(1, 0, 2, 3))

# %% [markdown]
# ## 5. Drawn faces
#
# Photos of posed expressions under a free licence are rare. `scripts/draw_faces.py` draws faces
# from a face model with a free licence, ICT-FaceKit: expressions by their action units, and
# persons, light and camera by chance. What was drawn is known, so no person has to label it. A
# drawn expression has a strength: below 0.8 a part of its target is neutral.

# %%
if DRAWN:
    with np.load(DRAWN, allow_pickle=False) as file:
        columns = ("images", "labels", "strength", "identity", "skin", "age")
        drawn = {name: file[name] for name in columns}
    strong = (drawn["strength"] >= 0.8) | (drawn["labels"] == NAMES.index("neutral"))
    persons = len(np.unique(drawn["identity"]))
    print(f"{Path(DRAWN).name}: {len(drawn['labels']):,} faces of {persons:,} persons")
    table(
        ["faces", *NAMES],
        [
            ["all", *np.bincount(drawn["labels"], minlength=len(NAMES))],
            ["strong or neutral", *np.bincount(drawn["labels"][strong], minlength=len(NAMES))],
        ],
    )
else:
    print("No file of drawn faces is given (NOTEBOOK_DRAWN).")

# %%
if DRAWN:
    each = [drawn["images"][strong & (drawn["labels"] == label)][:12] for label in range(len(NAMES))]
contact_sheet(each) if DRAWN else None

# %% [markdown]
# ## 6. The network
#
# `compact` has four stages of 3×3 convolutions, global pooling, and a confidence head that scales
# the answer of each face.

# %%
network = build_network(recipe.architecture)
print(f"{network.count_params():,} parameters")
print(f"input {network.input_shape[1:]}, output {network.output_shape[1:]}\n")
table(
    ["layer", "output", "parameters"],
    [
        [type(layer).__name__, "×".join(map(str, layer.output.shape[1:])), f"{layer.count_params():,}"]
        for layer in network.layers
        if type(layer).__name__ in {"Conv2D", "MaxPooling2D", "GlobalAveragePooling2D", "Dense"}
    ],
)

# %% [markdown]
# ## 7. Training
#
# This run is short, so that the notebook can be made in minutes: it learns from few faces and from
# random weights. It shows how a run goes, not how good the network becomes. `docs/network.md` says
# how the shipped network was made.

# %%
table(["recipe", ""], asdict(recipe).items())

# %%
print("epoch  learning rate  training loss  tuning loss  tuning accuracy")


def report(epoch):
    """Print one epoch."""
    losses = f"{epoch.loss:13.3f}  {epoch.tuning_loss:11.3f}"
    print(f"{epoch.number:5d}  {epoch.learning_rate:13.4f}  {losses}  {epoch.accuracy:15.1%}")


trained, history = train_network(recipe, training, tuning, RUN, report)
print(f"\nThe weights of epoch {best_epoch(history) + 1} are kept: it has the least tuning loss.")

# %% [markdown]
# The training loss is measured on augmented and mixed views, the tuning loss on the faces
# themselves. So the first one can be the larger one. Training ends early when the tuning loss has
# not fallen for three epochs.

# %%
title = f"{len(history)} epochs, {len(training):,} faces"
show(plots.draw_curves([asdict(epoch) for epoch in history], title))

# %% [markdown]
# ## 8. Measure the shipped network
#
# From here on, the network is the one that emodj ships. It answers PrivateTest: one view of each
# face, one set of weights. Nothing was chosen on this part.

# %%
terms = contract.matching_contract(SHIPPED)
model = contract.read_compiled(contract.compiled_path(SHIPPED))
classifier = open_classifier(model, num_threads=os.cpu_count() or 1)


def read_faces(faces):
    """Probabilities (n, 7) of faces (n, 48, 48) uint8."""
    parts = np.split(faces, range(256, len(faces), 256))
    return np.concatenate([classifier.classify(to_batch(part)) for part in parts])


private = images.part("private")
probabilities = read_faces(private.images)
rows = evaluation.measure_robustness(read_faces, private, terms.unsure_below)
document = evaluation.report_document(
    private,
    probabilities,
    part="private",
    threshold=terms.unsure_below,
    parameters=network.count_params(),
    robustness=rows,
)
group = evaluation.CLEAR_MAJORITY if images.has_votes else evaluation.ORIGINAL_LABELS
figures = document["figures"][group]
title = f"PrivateTest, {group}, {figures['images']:,} images"
print(f"{SHIPPED.name}, SHA-256 {terms.pair_digest}\n")
print(report_text.report_text({key: value for key, value in document.items() if key != "robustness"}))

# %% [markdown]
# ### Confusion
#
# Against the clear majority: pictures in which more than five of ten people saw the same
# expression.

# %%
show(plots.draw_confusion(figures["confusion"], title))

# %% [markdown]
# ### Reliability
#
# Of the answers with a confidence of 80%, 80% should be right.

# %%
show(plots.draw_reliability(figures["reliability"], figures["calibration_error"], title))

# %% [markdown]
# ### Coverage
#
# Below the threshold the network does not answer: the face is unsure. A higher threshold answers
# fewer faces, and more of the answers are right.

# %%
at_threshold = figures["answered"], figures["right_of_answered"]
show(plots.draw_coverage(figures["coverage"], at_threshold, document["threshold"], title))

# %% [markdown]
# ### The worst ten
#
# The wrong answers with the highest confidence, as numbers. Where the answer has more votes than the
# label, the voters agree with the network.

# %%
answers = probabilities.argmax(axis=1)
wrong = np.flatnonzero(answers != private.labels)
worst = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:10]
votes = private.expression_votes()
table(
    [
        "row of PrivateTest",
        "label",
        "answer",
        "confidence",
        "votes for the label",
        "votes for the answer",
    ],
    [
        [
            row,
            NAMES[private.labels[row]],
            NAMES[answers[row]],
            f"{probabilities[row].max():.1%}",
            f"{votes[row, private.labels[row]]:.0f}",
            f"{votes[row, answers[row]]:.0f}",
        ]
        for row in worst
    ],
)

# %% [markdown]
# ## 9. Spoilt faces
#
# The same faces, damaged in eleven ways. A network that knows its limits answers fewer of them, and
# stays right.

# %%
print("\n".join(report_text.robustness_lines(document["robustness"])))

# %%
ways = [row["way"].split(",")[0].replace(" ", "\n").replace("-", "-\n") for row in rows]
measured = {"answered": "answered", "right of the answered": "right_of_answered"}
shares = {name: [row[key] for row in rows] for name, key in measured.items()}
groups = {name: dict(zip(ways, values, strict=True)) for name, values in shares.items()}
bars(groups, "share", share=True)

# %% [markdown]
# ## 10. Drawn faces, as the shipped network reads them
#
# Only the drawn persons whose number is divisible by eight count here: the training with drawn
# faces leaves them out. A strong expression should be read as it was drawn; a weak one may look
# neutral.

# %%
if DRAWN:
    aside = drawn["identity"] % 8 == 0
    held = {name: values[aside].astype(float) for name, values in drawn.items() if name != "images"}
    drawn_labels, strong = drawn["labels"][aside].astype(np.int64), strong[aside]
    drawn_answers = read_faces(drawn["images"][aside]).argmax(axis=1)
    right = drawn_answers == drawn_labels
    recalls = metrics.recalls(metrics.confusion_matrix(drawn_labels[strong], drawn_answers[strong]))
    table(["strong and neutral faces", *NAMES], [["recall", *(f"{value:.0%}" for value in recalls)]])

# %% [markdown]
# Does the network read some persons better than others? The drawn persons differ in skin and age; the
# expressions are drawn alike. Each third has the same number of strong and neutral faces.

# %%
if DRAWN:
    print("share read as drawn\n")
    thirds = []
    for name in ("skin", "age"):
        order = np.argsort(held[name][strong], kind="stable")
        shares = [metrics.true_share(right[strong][part]) for part in np.array_split(order, 3)]
        thirds.append([name, *(f"{share:.0%}" for share in shares)])
    table(["", "dark or young", "middle", "light or old"], thirds)

# %%
if DRAWN:
    edges = (0.2, 0.5, 0.8, 1.1, np.inf)
    ticks = ["0.2 to 0.5", "0.5 to 0.8", "0.8 to 1.1", "above 1.1"]
    found = {"read as drawn": {}, "read as neutral": {}}
    neutral = drawn_answers == NAMES.index("neutral")
    for tick, (low, high) in zip(ticks, pairwise(edges), strict=True):
        between = (held["strength"] >= low) & (held["strength"] < high)
        found["read as drawn"][tick] = metrics.true_share(right[between])
        found["read as neutral"][tick] = metrics.true_share(neutral[between])
bars(found, "share, by strength of the expression", share=True) if DRAWN else None

# %% [markdown]
# ## 11. Export
#
# The network of section 7 is corrected for the class prior, its confidence head is trained, and
# temperature and threshold are chosen on the tuning part. Then it is compiled for LiteRT. The
# compiled network needs no TensorFlow and must give the same answers. `emodj model check` compares
# them again at any later time.

# %%
correction = export.calibrate(trained, recipe, training, tuning, None)
names = {"name": about["name"], "commands": (COMMAND, None)}
pair = export.export(trained, recipe, correction, history, images, tuning, RUN, **names)
print("temperature", f"{correction.temperature:.2f}", "threshold", correction.unsure_below)
print("files:", ", ".join(sorted(path.name for path in RUN.iterdir())))

# %%
compiled = open_classifier(contract.read_compiled(contract.compiled_path(pair)))
some = tuning.images[:256]
gaps = compiled.classify(to_batch(some)) - predict_probabilities(trained, some)
difference = float(np.abs(gaps).max())
print(f"largest difference of a probability between Keras and LiteRT: {difference:.1e}")
assert difference <= 1e-5, "the compiled network gives other answers"

# %% [markdown]
# ## 12. What to change, and where
#
# | to change | file | option of `emodj train` |
# |---|---|---|
# | learning rate, epochs, batch size, mixup, patience | `realtime/training/recipe.py` | `--learning-rate`, `--epochs`, … |
# | weight of labels and votes | `realtime/training/targets.py` | `--label-share` |
# | weight of rare expressions | `realtime/training/targets.py` | `--balance` |
# | the views | `realtime/training/augment.py` | |
# | the layers | `realtime/classifier/architectures.py` | `--architecture` |
# | teachers | `realtime/training/distillation.py` | `--teacher` |
# | correction, temperature, threshold | `realtime/training/calibration.py` | |
# | which faces to doubt | `realtime/training/confidence_head.py` | |
# | figures and plots of the report | `realtime/training/evaluation.py`, `metrics.py`, `plots.py` | |
#
# `emodj train DATA --run runs/first` makes a whole run, and
# `emodj evaluate DATA --model runs/first/emotiondetector.json` measures it.
