import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.classifier import golden
from realtime.classifier.compiler import REVISION
from realtime.classifier.contract import (
    Contract,
    compiled_path,
    contract_path,
    load_classifier,
    pair_digest,
    read_contract,
    write_contract,
    write_contract_file,
)
from realtime.classifier.golden import GoldenCrop, SourceCrop
from realtime.classifier.keras_pair import fold_calibration, import_tensorflow, load_pair, predict, save_pair
from realtime.classifier.runtime import Classifier, CvDnnClassifier, open_classifier
from realtime.domain import EXPRESSIONS, Box, Expression
from realtime.errors import AssetError, EmodjError
from realtime.storage import resources
from tests.support.places import ASTRONAUT

# Keras 3.15 reads its variables in the way of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

REMOVED = object()
PAIR_SUFFIXES = [".json", ".h5"]

texts = st.text(st.characters(exclude_categories=["Cs"]))
goldens = st.builds(
    GoldenCrop, st.builds(SourceCrop, texts, texts, st.binary(min_size=2304, max_size=2304)), st.tuples(*[st.floats(0, 1)] * 7)
)
contracts = st.builds(
    Contract,
    pair_digest=texts,
    compiled_digest=texts,
    side_ratio=st.floats(0.1, 10),
    golden=st.lists(goldens, max_size=2).map(tuple),
    about=st.dictionaries(texts, st.none() | st.integers() | texts | st.lists(texts, max_size=2), max_size=3),
    unsure_below=st.none() | st.floats(0, 1),
)


def saying(expression: Expression, strength: float = 20) -> Any:
    """A network that calls every face the same, and a little else according to its pixels."""
    keras = import_tensorflow("testing").keras
    keras.utils.set_random_seed(1)
    layers = keras.layers
    head = [layers.MaxPooling2D(4), layers.Flatten(), layers.Dense(7, activation="softmax")]
    network = keras.Sequential([keras.Input((48, 48, 1)), *head])
    bias = np.zeros(7, np.float32)
    bias[EXPRESSIONS.index(expression)] = strength
    fold_calibration(network, 1.0, bias)
    return network


def smile() -> SourceCrop:
    image = cv2.imread(str(ASTRONAUT))
    assert image is not None
    return golden.from_picture("smile-astronaut", "NASA, public domain", image.astype(np.uint8), Box(175, 70, 100, 100), 1.0)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sealed pair; each test has a copy."""
    path = tmp_path_factory.mktemp("built") / "net.json"
    save_pair(saying(Expression.SAD, strength=0), path)
    write_contract(path, crops=[smile(), *golden.rendered()], about={"data": "none"}, side_ratio=1.05)
    return path.parent


@pytest.fixture
def sealed(built: Path, tmp_path: Path) -> Path:
    """A sealed pair, alone in its folder."""
    return Path(shutil.copytree(built, tmp_path / "models")) / "net.json"


@pytest.fixture
def no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it, and this process has no TensorFlow from then on."""
    return lambda: monkeypatch.setitem(sys.modules, "tensorflow", None)


class Loader:
    """Loads pairs with one cache, and keeps what the person was told."""

    def __init__(self, shipped: Path, cache: Path) -> None:
        self.shipped, self.cache = shipped, cache
        self.told: list[str] = []

    def __call__(self, path: Path) -> tuple[Classifier, Contract]:
        self.told.clear()
        return load_classifier(path, shipped=contract_path(self.shipped), cache_dir=self.cache, notify=self.told.append)


@pytest.fixture
def loader(sealed: Path, tmp_path: Path) -> Loader:
    return Loader(sealed, tmp_path / "cache" / "networks")


def foreign(folder: Path, network: Any) -> Path:
    folder.mkdir(exist_ok=True)
    save_pair(network, folder / "own.json")
    return folder / "own.json"


def listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def change(path: Path, where: list[str | int], value: Any) -> None:
    """Set or remove one value of a JSON file."""
    document = json.loads(path.read_text(encoding="utf-8"))
    part = document
    for key in where[:-1]:
        part = part[key]
    if value is REMOVED:
        del part[where[-1]]
    else:
        part[where[-1]] = value
    path.write_text(json.dumps(document), encoding="utf-8")


@given(contracts)
def test_a_contract_reads_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, terms: Contract) -> None:
    path = tmp_path_factory.getbasetemp() / "round.contract.json"
    write_contract_file(path, terms)
    assert read_contract(path) == terms


@pytest.mark.parametrize("ratio", [0.0, -1.0, float("nan"), float("inf")])
def test_a_crop_has_a_size(ratio: float) -> None:
    with pytest.raises(ValueError, match="side of a crop"):
        Contract("", "", side_ratio=ratio)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_is_a_probability(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold of unsure faces"):
        Contract("", "", unsure_below=threshold)


@pytest.mark.parametrize(
    ("where", "value", "sentence"),
    [
        (["golden"], REMOVED, "is damaged .KeyError: 'golden'"),
        (["schema"], REMOVED, "is damaged .KeyError: 'schema'"),
        (["schema"], 2, "its schema is not 1"),
        (["classes"], ["happy", "sad"], r"its classes is not \['angry'"),
        (["input_range"], [-1, 1], r"its input_range is not \[0, 1\]"),
        (["side_ratio"], "wide", "is damaged"),
        (["side_ratio"], 0, "is damaged"),
        (["unsure_below"], "often", "is damaged"),
        (["unsure_below"], 55, "is damaged"),
        (["golden", 0, "pixels"], "AAAA", "is damaged .* has 3 pixels"),
        (["golden", 0, "pixels"], "?", "is damaged"),
        (["golden", 0, "answer", "happy"], REMOVED, "is damaged .KeyError: 'happy'"),
        (["about"], 3, "is damaged"),
    ],
)
def test_a_contract_that_cannot_be_used_has_a_sentence(
    sealed: Path, loader: Loader, where: list[str | int], value: Any, sentence: str
) -> None:
    change(contract_path(sealed), where, value)
    with pytest.raises(AssetError, match=rf"net\.contract\.json.*{sentence}"):
        loader(sealed)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00"])
def test_a_file_that_is_no_contract_has_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "net.contract.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AssetError, match=r"net\.contract\.json is damaged"):
        read_contract(path)


def test_a_contract_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"net\.contract\.json, .*No such file"):
        read_contract(tmp_path / "net.contract.json")


def test_the_digest_knows_both_files(sealed: Path) -> None:
    digests = {pair_digest(sealed)}
    for suffix in PAIR_SUFFIXES:
        path = sealed.with_suffix(suffix)
        path.write_bytes(path.read_bytes() + b" ")
        digests.add(pair_digest(sealed))
    assert len(digests) == 3


def test_a_sealed_pair_runs_without_tensorflow(sealed: Path, loader: Loader, no_tensorflow: Callable[[], None]) -> None:
    no_tensorflow()
    classifier, terms = loader(sealed)
    said = classifier.classify(golden.to_golden_batch(item.crop for item in terms.golden))
    np.testing.assert_allclose(said, [item.answer for item in terms.golden], atol=1e-5)
    assert terms == read_contract(contract_path(sealed))
    assert (terms.side_ratio, terms.about, terms.pair_digest) == (1.05, {"data": "none"}, pair_digest(sealed))
    assert loader.told == []
    assert not loader.cache.exists()


@pytest.mark.parametrize("suffix", PAIR_SUFFIXES)
def test_a_missing_file_of_the_pair_is_named(sealed: Path, loader: Loader, suffix: str) -> None:
    path = sealed.with_suffix(suffix)
    path.unlink()
    with pytest.raises(AssetError, match=rf"{re.escape(str(path))} cannot be read \(No such file"):
        loader(sealed)


def test_a_missing_compiled_network_has_a_remedy(sealed: Path, loader: Loader) -> None:
    compiled_path(sealed).unlink()
    with pytest.raises(AssetError, match=r"net\.tflite.* cannot be read .*: run `emodj model compile .*net\.json`"):
        loader(sealed)


def test_a_changed_compiled_network_is_refused(sealed: Path, loader: Loader) -> None:
    compiled_path(sealed).write_bytes(compiled_path(sealed).read_bytes() + b"\0")
    with pytest.raises(AssetError, match=r"net\.tflite is not the compiled network that net\.contract\.json describes"):
        loader(sealed)


@pytest.mark.parametrize("wrong", [0.01, float("nan")])
def test_a_golden_crop_answered_otherwise_is_refused(sealed: Path, loader: Loader, wrong: float) -> None:
    change(contract_path(sealed), ["golden", 1, "answer", "fear"], wrong)
    with pytest.raises(AssetError, match=r"net\.tflite answers the golden crop 'drawn-mouth-up' otherwise than recorded"):
        loader(sealed)


def test_a_pair_of_ones_own_is_compiled_once(loader: Loader, tmp_path: Path, no_tensorflow: Callable[[], None]) -> None:
    path = foreign(tmp_path / "own", saying(Expression.HAPPY))
    first, terms = loader(path)
    [told] = loader.told
    assert told.startswith(f"{path} is not a network that emodj knows")
    assert terms.side_ratio == 1
    assert terms.golden == ()
    assert terms.unsure_below is None
    assert listing(loader.cache).keys() == {f"{pair_digest(path)}-{REVISION}.tflite"}
    assert listing(path.parent).keys() == {"own.json", "own.h5"}
    no_tensorflow()
    second, _ = loader(path)
    crops = golden.to_golden_batch(golden.rendered())
    np.testing.assert_array_equal(first.classify(crops), second.classify(crops))


def test_a_pair_put_in_the_place_of_ours_is_noticed(sealed: Path, loader: Loader) -> None:
    foreign(sealed.parent, saying(Expression.SAD)).rename(sealed)
    (sealed.parent / "own.h5").rename(sealed.with_suffix(".h5"))
    classifier, _ = loader(sealed)
    assert EXPRESSIONS[int(classifier.classify(golden.to_golden_batch([smile()])).argmax())] is Expression.SAD
    assert len(loader.told) == 2


def test_a_smile_called_otherwise_is_told(loader: Loader, tmp_path: Path) -> None:
    path = foreign(tmp_path / "own", saying(Expression.DISGUST))
    for _ in range(2):
        loader(path)
        assert len(loader.told) == 2
        assert (
            "own.json calls a plainly smiling face disgust: check that its classes are in alphabetical order" in loader.told[1]
        )


def test_without_our_contract_nothing_is_said_about_smiles(loader: Loader, tmp_path: Path) -> None:
    loader.shipped = tmp_path / "nowhere.json"
    loader(foreign(tmp_path / "own", saying(Expression.DISGUST)))
    assert len(loader.told) == 1


def test_a_damaged_cache_is_written_anew(loader: Loader, tmp_path: Path) -> None:
    path = foreign(tmp_path / "own", saying(Expression.HAPPY))
    loader(path)
    [cached] = loader.cache.iterdir()
    whole = cached.read_bytes()
    cached.write_bytes(whole[: len(whole) // 2])
    loader(path)
    assert cached.read_bytes() == whole


@pytest.mark.parametrize("blocked", ["folder", "file"])
def test_a_cache_that_cannot_be_written_hinders_nobody(loader: Loader, tmp_path: Path, blocked: str) -> None:
    path = foreign(tmp_path / "own", saying(Expression.HAPPY))
    if blocked == "file":
        (loader.cache / f"{pair_digest(path)}-{REVISION}.tflite").mkdir(parents=True)
    else:
        loader.cache.parent.write_text("a file stands where a folder should", encoding="utf-8")
    classifier, _ = loader(path)
    assert classifier.classify(golden.to_golden_batch([smile()])).argmax() == EXPRESSIONS.index(Expression.HAPPY)
    assert "must be compiled again next time" in loader.told[1]


def test_a_pair_of_ones_own_needs_tensorflow_once(loader: Loader, tmp_path: Path, no_tensorflow: Callable[[], None]) -> None:
    path = foreign(tmp_path / "own", saying(Expression.HAPPY))
    no_tensorflow()
    with pytest.raises(EmodjError, match=r"^own\.json, .* needs TensorFlow, .*pip install tensorflow"):
        loader(path)


def test_a_foreign_pair_that_does_not_fit_has_a_sentence(loader: Loader, tmp_path: Path) -> None:
    layers = import_tensorflow("testing").keras.layers
    keras = import_tensorflow("testing").keras
    end = [layers.Flatten(), layers.Dense(8, activation="softmax")]
    path = foreign(tmp_path / "own", keras.Sequential([keras.Input((48, 48, 1)), *end]))
    with pytest.raises(AssetError, match=r"own\.json reads \(None, 48, 48, 1\) and answers \(None, 8\)"):
        loader(path)
    foreign(tmp_path / "own", saying(Expression.HAPPY)).with_suffix(".h5").write_bytes(b"no weights")
    with pytest.raises(AssetError, match=r"own\.h5 does not fit own\.json"):
        loader(path)
    assert not loader.cache.exists()


def test_sealing_the_same_pair_again_keeps_its_history(sealed: Path) -> None:
    assert write_contract(sealed, unsure_below=0.6).about == {"data": "none"}
    assert write_contract(sealed).unsure_below == read_contract(contract_path(sealed)).unsure_below == 0.6


def test_a_contract_without_a_threshold_is_read(sealed: Path) -> None:
    change(contract_path(sealed), ["unsure_below"], REMOVED)
    assert read_contract(contract_path(sealed)).unsure_below is None


def test_sealing_a_changed_pair_again_keeps_crops_and_terms(sealed: Path, loader: Loader) -> None:
    before = write_contract(sealed, unsure_below=0.6)
    save_pair(saying(Expression.FEAR), sealed)
    after = write_contract(sealed)
    assert after == read_contract(contract_path(sealed))
    assert [item.crop for item in after.golden] == [item.crop for item in before.golden]
    assert after.side_ratio == before.side_ratio
    # What was measured of other weights says nothing of these
    assert (before.about, after.about) == ({"data": "none"}, {})
    assert (before.unsure_below, after.unsure_below) == (0.6, None)
    assert after.pair_digest != before.pair_digest
    assert {int(np.argmax(item.answer)) for item in after.golden} == {EXPRESSIONS.index(Expression.FEAR)}
    loader(sealed)
    assert loader.told == []


def test_a_crop_of_the_same_name_takes_the_place_of_the_old_one(sealed: Path) -> None:
    new = SourceCrop("ramp", "tests", bytes(2304))
    names = [item.crop.name for item in read_contract(contract_path(sealed)).golden]
    after = write_contract(sealed, crops=[new], about={}, side_ratio=2.0)
    assert [item.crop.name for item in after.golden] == names
    assert new in [item.crop for item in after.golden]
    assert (after.side_ratio, after.about) == (2.0, {})


def test_a_pair_without_golden_crops_is_not_sealed(tmp_path: Path) -> None:
    path = foreign(tmp_path / "own", saying(Expression.HAPPY))
    with pytest.raises(AssetError, match="no golden crop yet"):
        write_contract(path)


def test_a_failed_seal_leaves_all_as_it_was(sealed: Path) -> None:
    sealed.with_suffix(".h5").write_bytes(b"no weights")
    before = listing(sealed.parent)
    with pytest.raises(AssetError, match=r"net\.h5 does not fit"):
        write_contract(sealed)
    assert listing(sealed.parent) == before


def test_the_shipped_network_fits_its_contract(loader: Loader, no_tensorflow: Callable[[], None]) -> None:
    no_tensorflow()
    path = resources.models_folder() / "emotiondetector.json"
    classifier, terms = loader(path)
    assert loader.told == []
    [face] = [item.crop for item in terms.golden if item.crop.name == "smile-astronaut"]
    [said] = classifier.classify(golden.to_golden_batch([face]))
    assert EXPRESSIONS[int(said.argmax())] is Expression.HAPPY
    assert len(terms.golden) >= 3
    assert terms.about


def test_the_shipped_network_is_compiled_from_its_pair() -> None:
    path = resources.models_folder() / "emotiondetector.json"
    crops = np.random.default_rng(3).random((4, 48, 48, 1), np.float32)
    said = open_classifier(compiled_path(path).read_bytes()).classify(crops)
    np.testing.assert_allclose(said, predict(load_pair(path), crops), atol=1e-4)


def test_the_shipped_network_answers_alike_where_litert_has_no_wheel(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    classifier, _ = loader(resources.models_folder() / "emotiondetector.json")
    assert isinstance(classifier, CvDnnClassifier)


def test_the_shipped_network_loads_in_silence() -> None:
    program = """
import sys
from pathlib import Path
from realtime.classifier import contract
from realtime.storage import resources
path = resources.models_folder() / "emotiondetector.json"
contract.load_classifier(path, shipped=contract.contract_path(path), cache_dir=Path("never"), notify=print)
assert not {"tensorflow", "keras"} & sys.modules.keys()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
