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

from realtime.classifier import compiler, golden, trial
from realtime.classifier.compiler import REVISION
from realtime.classifier.contract import Contract, compiled_path, contract_path, read_contract
from realtime.classifier.golden import SourceCrop
from realtime.classifier.keras_pair import fold_calibration, import_tensorflow, load_pair, predict, save_pair
from realtime.classifier.loading import load_classifier, write_contract
from realtime.classifier.network_files import pair_digest
from realtime.classifier.runtime import Classifier, CvDnnClassifier, open_classifier
from realtime.domain import EXPRESSIONS, Box, Expression, Threshold
from realtime.errors import AssetError, EmodjError
from realtime.storage import resources
from tests.support.contracts import change_json
from tests.support.places import ASTRONAUT

# Keras 3.15 reads its variables by the protocol of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

PAIR_SUFFIXES = [".json", ".h5"]


def network_favouring(expression: Expression, strength: float = 20) -> Any:
    """A network that gives every face the same expression; its pixels change the probabilities a little."""
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
    return golden.crop_from_image("smile-astronaut", "NASA, public domain", image.astype(np.uint8), Box(175, 70, 100, 100), 1.0)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a pair with its contract and compiled network; each test has a copy."""
    path = tmp_path_factory.mktemp("built") / "net.json"
    save_pair(network_favouring(Expression.SAD, strength=0), path)
    write_contract(path, crops=[smile(), *golden.render_crops()], about={"data": "none"}, side_ratio=1.05)
    return path.parent


@pytest.fixture
def pair(built: Path, tmp_path: Path) -> Path:
    """A pair with its contract and compiled network, in a folder of its own."""
    return Path(shutil.copytree(built, tmp_path / "models")) / "net.json"


@pytest.fixture
def no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A function after whose call this process cannot import TensorFlow."""
    return lambda: monkeypatch.setitem(sys.modules, "tensorflow", None)


class Loader:
    """Loads pairs with one cache, and records the notices of the last load."""

    def __init__(self, shipped: Path, cache: Path) -> None:
        self.shipped, self.cache = shipped, cache
        self.notices: list[str] = []

    def __call__(self, path: Path) -> tuple[Classifier, Contract]:
        self.notices.clear()
        return load_classifier(path, shipped=contract_path(self.shipped), cache_dir=self.cache, notify=self.notices.append)


@pytest.fixture
def loader(pair: Path, tmp_path: Path) -> Loader:
    return Loader(pair, tmp_path / "cache" / "networks")


def save_foreign_pair(folder: Path, network: Any) -> Path:
    folder.mkdir(exist_ok=True)
    save_pair(network, folder / "foreign.json")
    return folder / "foreign.json"


def listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_digest_covers_both_files(pair: Path) -> None:
    digests = {pair_digest(pair)}
    for suffix in PAIR_SUFFIXES:
        path = pair.with_suffix(suffix)
        path.write_bytes(path.read_bytes() + b" ")
        digests.add(pair_digest(pair))
    assert len(digests) == 3


def test_a_pair_with_a_contract_runs_without_tensorflow(pair: Path, loader: Loader, no_tensorflow: Callable[[], None]) -> None:
    no_tensorflow()
    classifier, contract = loader(pair)
    probabilities = classifier.classify(golden.to_golden_batch(item.crop for item in contract.golden))
    np.testing.assert_allclose(probabilities, [item.answer for item in contract.golden], atol=1e-5)
    assert contract == read_contract(contract_path(pair))
    assert (contract.side_ratio, contract.about, contract.pair_digest) == (1.05, {"data": "none"}, pair_digest(pair))
    assert loader.notices == []
    assert not loader.cache.exists()


def test_a_compiled_network_runs_without_its_pair(pair: Path, loader: Loader, no_tensorflow: Callable[[], None]) -> None:
    no_tensorflow()
    for suffix in PAIR_SUFFIXES:
        pair.with_suffix(suffix).unlink()
    classifier, contract = loader(pair.with_suffix(".tflite"))
    assert max(golden.differences(classifier, contract.golden).values()) <= 1e-5
    assert contract == read_contract(contract_path(pair))
    assert loader.notices == []
    change_json(contract_path(pair), ["golden", 1, "answer", "fear"], 0.01)
    with pytest.raises(AssetError, match=r"for the golden crop 'drawn-mouth-up': fetch it again, or choose another network"):
        loader(pair.with_suffix(".tflite"))
    contract_path(pair).unlink()
    with pytest.raises(AssetError, match=r"net\.contract\.json, the contract of a network, cannot be read"):
        loader(pair.with_suffix(".tflite"))


@pytest.mark.parametrize("suffix", PAIR_SUFFIXES)
def test_a_missing_file_of_the_pair_is_named(pair: Path, loader: Loader, suffix: str) -> None:
    path = pair.with_suffix(suffix)
    path.unlink()
    with pytest.raises(AssetError, match=rf"{re.escape(str(path))} cannot be read \(No such file"):
        loader(pair)


def test_a_missing_compiled_network_is_refused_with_a_remedy(pair: Path, loader: Loader) -> None:
    compiled_path(pair).unlink()
    with pytest.raises(AssetError, match=r"net\.tflite.* cannot be read .*: run `emodj model compile .*net\.json`"):
        loader(pair)


def test_a_changed_compiled_network_is_refused(pair: Path, loader: Loader) -> None:
    compiled_path(pair).write_bytes(compiled_path(pair).read_bytes() + b"\0")
    with pytest.raises(AssetError, match=r"net\.tflite is not the compiled network that net\.contract\.json describes"):
        loader(pair)


@pytest.mark.posix
def test_a_contract_without_an_end_is_refused(pair: Path, loader: Loader) -> None:
    with contract_path(pair).open("r+b") as file:
        file.truncate(10**11)
    with pytest.raises(AssetError, match=r"net\.contract\.json, .*cannot be read: it is larger than 4 MB"):
        loader(pair)


def test_another_answer_for_a_golden_crop_is_refused(pair: Path, loader: Loader) -> None:
    change_json(contract_path(pair), ["golden", 1, "answer", "fear"], 0.01)
    with pytest.raises(
        AssetError, match=r"net\.tflite gives another answer than recorded for the golden crop 'drawn-mouth-up'"
    ):
        loader(pair)


def test_a_foreign_pair_is_compiled_once(loader: Loader, tmp_path: Path, no_tensorflow: Callable[[], None]) -> None:
    path = save_foreign_pair(tmp_path / "foreign", network_favouring(Expression.HAPPY))
    first, contract = loader(path)
    [notice] = loader.notices
    assert notice.startswith(f"{path} is not a network that emodj knows")
    assert contract.side_ratio == 1
    assert contract.golden == ()
    assert contract.unsure_below is None
    assert listing(loader.cache).keys() == {f"{pair_digest(path)}-{REVISION}.tflite"}
    assert listing(path.parent).keys() == {"foreign.json", "foreign.h5"}
    no_tensorflow()
    second, _ = loader(path)
    crops = golden.to_golden_batch(golden.render_crops())
    np.testing.assert_array_equal(first.classify(crops), second.classify(crops))


@pytest.mark.usefixtures("compiled_here")
def test_a_foreign_pair_in_place_of_the_shipped_one_is_detected(pair: Path, loader: Loader) -> None:
    save_foreign_pair(pair.parent, network_favouring(Expression.SAD)).rename(pair)
    (pair.parent / "foreign.h5").rename(pair.with_suffix(".h5"))
    classifier, _ = loader(pair)
    assert EXPRESSIONS[int(classifier.classify(golden.to_golden_batch([smile()])).argmax())] is Expression.SAD
    assert len(loader.notices) == 2


@pytest.mark.usefixtures("compiled_here")
def test_another_answer_for_a_smile_gives_a_notice(loader: Loader, tmp_path: Path) -> None:
    path = save_foreign_pair(tmp_path / "foreign", network_favouring(Expression.DISGUST))
    for _ in range(2):
        loader(path)
        assert len(loader.notices) == 2
        assert (
            "foreign.json calls a plainly smiling face disgust: check that its classes are in alphabetical order"
            in loader.notices[1]
        )


@pytest.mark.usefixtures("compiled_here")
def test_without_the_shipped_contract_smiles_are_not_checked(loader: Loader, tmp_path: Path) -> None:
    loader.shipped = tmp_path / "nowhere.json"
    loader(save_foreign_pair(tmp_path / "foreign", network_favouring(Expression.DISGUST)))
    assert len(loader.notices) == 1


@pytest.mark.usefixtures("compiled_here")
def test_a_damaged_cache_is_written_again(loader: Loader, tmp_path: Path) -> None:
    path = save_foreign_pair(tmp_path / "foreign", network_favouring(Expression.HAPPY))
    loader(path)
    [cached] = loader.cache.iterdir()
    whole = cached.read_bytes()
    cached.write_bytes(whole[: len(whole) // 2])
    loader(path)
    assert cached.read_bytes() == whole


@pytest.mark.usefixtures("compiled_here")
def test_the_cached_network_of_another_pair_does_not_run(loader: Loader, tmp_path: Path) -> None:
    happy = save_foreign_pair(tmp_path / "happy", network_favouring(Expression.HAPPY))
    disgust = save_foreign_pair(tmp_path / "disgust", network_favouring(Expression.DISGUST))
    for path in (happy, disgust):
        loader(path)
    names = {path: loader.cache / f"{pair_digest(path)}-{REVISION}.tflite" for path in (happy, disgust)}
    shutil.copy(names[disgust], names[happy])
    classifier, _ = loader(happy)
    assert classifier.classify(golden.to_golden_batch([smile()])).argmax() == EXPRESSIONS.index(Expression.HAPPY)


def test_a_network_that_fails_its_trial_is_neither_cached_nor_written(
    loader: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = compiled_path(loader.shipped).read_bytes()
    path = save_foreign_pair(tmp_path / "foreign", network_favouring(Expression.HAPPY))

    def refuse(tried: bytes, named: Path) -> None:
        assert (tried, named) == (model, path)
        raise AssetError("it needs too much memory")

    def compile_pair(_: Path) -> bytes:
        return model

    monkeypatch.setattr(compiler, "compile_pair", compile_pair)
    monkeypatch.setattr(trial, "try_compiled", refuse)
    with pytest.raises(AssetError, match="needs too much memory"):
        loader(path)
    with pytest.raises(AssetError, match="needs too much memory"):
        write_contract(path, crops=golden.render_crops())
    assert not loader.cache.exists()
    assert listing(path.parent).keys() == {"foreign.json", "foreign.h5"}


@pytest.mark.usefixtures("compiled_here")
@pytest.mark.parametrize("blocked", ["folder", "file"])
def test_a_network_runs_without_a_writable_cache(loader: Loader, tmp_path: Path, blocked: str) -> None:
    path = save_foreign_pair(tmp_path / "foreign", network_favouring(Expression.HAPPY))
    if blocked == "file":
        (loader.cache / f"{pair_digest(path)}-{REVISION}.tflite").mkdir(parents=True)
    else:
        loader.cache.parent.write_text("a file stands where a folder should", encoding="utf-8")
    classifier, _ = loader(path)
    assert classifier.classify(golden.to_golden_batch([smile()])).argmax() == EXPRESSIONS.index(Expression.HAPPY)
    assert "must be compiled again next time" in loader.notices[1]


def test_an_uncached_foreign_pair_needs_tensorflow(loader: Loader, tmp_path: Path, no_tensorflow: Callable[[], None]) -> None:
    path = save_foreign_pair(tmp_path / "foreign", network_favouring(Expression.HAPPY))
    no_tensorflow()
    with pytest.raises(EmodjError, match=r"^foreign\.json, .* needs TensorFlow, .*pip install tensorflow"):
        loader(path)


def test_an_unusable_foreign_pair_is_refused_with_a_sentence(loader: Loader, tmp_path: Path) -> None:
    layers = import_tensorflow("testing").keras.layers
    keras = import_tensorflow("testing").keras
    end = [layers.Flatten(), layers.Dense(8, activation="softmax")]
    path = save_foreign_pair(tmp_path / "foreign", keras.Sequential([keras.Input((48, 48, 1)), *end]))
    with pytest.raises(AssetError, match=r"foreign\.json has input \(None, 48, 48, 1\) and output \(None, 8\)"):
        loader(path)
    save_foreign_pair(tmp_path / "foreign", network_favouring(Expression.HAPPY)).with_suffix(".h5").write_bytes(b"no weights")
    with pytest.raises(AssetError, match=r"foreign\.h5 does not fit foreign\.json"):
        loader(path)
    assert not loader.cache.exists()


@pytest.mark.usefixtures("compiled_here")
def test_a_new_contract_for_the_same_pair_keeps_notes_and_threshold(pair: Path) -> None:
    assert write_contract(pair, unsure_below=Threshold(0.6, 0.8)).about == {"data": "none"}
    assert write_contract(pair).unsure_below == read_contract(contract_path(pair)).unsure_below == Threshold(0.6, 0.8)


@pytest.mark.usefixtures("compiled_here")
def test_a_new_contract_for_a_changed_pair_keeps_crops_and_side_ratio(pair: Path, loader: Loader) -> None:
    before = write_contract(pair, unsure_below=Threshold(0.6, 0.8))
    save_pair(network_favouring(Expression.FEAR), pair)
    after = write_contract(pair)
    assert after == read_contract(contract_path(pair))
    assert [item.crop for item in after.golden] == [item.crop for item in before.golden]
    assert after.side_ratio == before.side_ratio
    # Notes and threshold were measured with the old weights
    assert (before.about, after.about) == ({"data": "none"}, {})
    assert (before.unsure_below, after.unsure_below) == (Threshold(0.6, 0.8), None)
    assert after.pair_digest != before.pair_digest
    assert {int(np.argmax(item.answer)) for item in after.golden} == {EXPRESSIONS.index(Expression.FEAR)}
    loader(pair)
    assert loader.notices == []


@pytest.mark.usefixtures("compiled_here")
def test_a_golden_crop_replaces_the_old_one_of_the_same_name(pair: Path) -> None:
    new = SourceCrop("ramp", "tests", bytes(2304))
    names = [item.crop.name for item in read_contract(contract_path(pair)).golden]
    after = write_contract(pair, crops=[new], about={}, side_ratio=2.0)
    assert [item.crop.name for item in after.golden] == names
    assert new in [item.crop for item in after.golden]
    assert (after.side_ratio, after.about) == (2.0, {})


def test_a_contract_without_golden_crops_is_refused(tmp_path: Path) -> None:
    path = save_foreign_pair(tmp_path / "foreign", network_favouring(Expression.HAPPY))
    with pytest.raises(AssetError, match="no golden crop yet"):
        write_contract(path)


def test_a_failed_compilation_changes_no_file(pair: Path) -> None:
    pair.with_suffix(".h5").write_bytes(b"no weights")
    before = listing(pair.parent)
    with pytest.raises(AssetError, match=r"net\.h5 does not fit"):
        write_contract(pair)
    assert listing(pair.parent) == before


def test_the_shipped_network_matches_its_contract(loader: Loader, no_tensorflow: Callable[[], None]) -> None:
    no_tensorflow()
    path = resources.models_folder() / "emotiondetector.json"
    classifier, contract = loader(path)
    assert loader.notices == []
    [face] = [item.crop for item in contract.golden if item.crop.name == "smile-astronaut"]
    [probabilities] = classifier.classify(golden.to_golden_batch([face]))
    assert EXPRESSIONS[int(probabilities.argmax())] is Expression.HAPPY
    assert len(contract.golden) >= 3
    assert contract.about


def test_the_shipped_network_is_compiled_from_its_pair() -> None:
    path = resources.models_folder() / "emotiondetector.json"
    crops = np.random.default_rng(3).random((4, 48, 48, 1), np.float32)
    probabilities = open_classifier(compiled_path(path).read_bytes()).classify(crops)
    np.testing.assert_allclose(probabilities, predict(load_pair(path), crops), atol=1e-4)


def test_the_shipped_network_matches_its_contract_under_opencv(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    classifier, _ = loader(resources.models_folder() / "emotiondetector.json")
    assert isinstance(classifier, CvDnnClassifier)


def test_the_shipped_network_loads_without_output() -> None:
    program = """
import sys
from pathlib import Path
from realtime.classifier.contract import contract_path
from realtime.classifier.loading import load_classifier
from realtime.storage import resources
path = resources.models_folder() / "emotiondetector.json"
load_classifier(path, shipped=contract_path(path), cache_dir=Path("never"), notify=print)
assert not {"tensorflow", "keras"} & sys.modules.keys()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
