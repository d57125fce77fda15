import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.classifier.architecture_file import LAYERS, MAX_LAYERS, parse_architecture
from realtime.errors import AssetError
from tests.support.places import MODELS

PATH = Path("net.json")
SHAPE = [None, 48, 48, 1]


def layer(kind: str, module: str | None = "keras.layers", **config: Any) -> dict[str, Any]:
    node = {"class_name": kind, "config": {"name": kind.lower(), **config}, "registered_name": None}
    return node if module is None else node | {"module": module}


def network(*layers: dict[str, Any]) -> dict[str, Any]:
    first = layer("InputLayer", batch_shape=SHAPE)
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [first, *layers]}}


def parse(document: Any) -> dict[str, Any]:
    return parse_architecture(json.dumps(document).encode(), PATH)


def refusal(document: Any) -> str:
    with pytest.raises(AssetError) as caught:
        parse(document)
    sentence = str(caught.value)
    assert sentence.startswith("net.json is not a network")
    assert "\n" not in sentence
    assert len(sentence) < 400
    return sentence


def test_the_shipped_architecture_is_allowed() -> None:
    document = parse_architecture((MODELS / "emotiondetector.json").read_bytes(), PATH)
    assert document["config"]["layers"][0]["class_name"] == "InputLayer"


@pytest.mark.parametrize("kind", sorted(LAYERS - {"InputLayer"}))
@pytest.mark.parametrize("module", ["keras.layers", None])
def test_layers_of_networks_that_read_pictures_are_allowed(kind: str, module: str | None) -> None:
    document = network(layer(kind, module, kernel_initializer=layer("HeNormal", module and "keras.initializers")))
    assert parse(document)["config"]["layers"][1]["class_name"] == kind


@pytest.mark.parametrize(
    "part",
    [
        layer("TFSMLayer", filepath="model"),
        layer("TFSMLayer", None, filepath="model"),
        layer("Lambda", function="os.system"),
        layer("StringLookup", vocabulary="/etc/passwd"),
        layer("TextVectorization", vocabulary="/etc/passwd"),
        layer("TorchModuleWrapper"),
        layer("JaxLayer"),
        layer("Dense", "os"),
        layer("Dense", "keras.src.utils.file_utils"),
        layer("get_file", "keras.utils"),
        layer("Dense") | {"registered_name": "author>Dense"},
        layer("Dense") | {"registered_name": ["Dense"]},
        layer("Dense") | {"module": ["keras.layers"]},
        layer("Dense") | {"class_name": {}},
        layer("Activation", activation="os.system"),
        layer(
            "Dense", activation={"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"}
        ),
        layer("Dense", activation={"module": "os", "class_name": "function", "config": "relu", "registered_name": "system"}),
        layer("Dense", kernel_initializer=layer("Initializer", "author.module")),
        layer("Dense", kernel_regularizer=layer("get_file", "keras.utils")),
        layer("Dense", dtype={"module": "keras", "class_name": "QuantizedDTypePolicy", "config": {"name": "float32"}}),
        layer("Dense", units={"class_name": "__lambda__", "config": {"value": "code"}}),
        layer("Dense", units={"class_name": "__typespec__", "spec_name": "TensorSpec", "config": []}),
        layer("Reshape", target_shape={"class_name": "__bytes__", "config": {"value": "x"}}),
    ],
)
def test_what_is_not_on_the_list_is_refused_wherever_it_stands(part: dict[str, Any]) -> None:
    inner = {"module": "keras", "class_name": "Sequential", "config": {"name": "inner", "layers": [part]}}
    for document in (network(part), network(inner), network(layer("Dense", note=[{"deep": part}]))):
        assert "emodj runs" in refusal(document)


def test_the_sentence_names_layer_and_class() -> None:
    assert "its 'Sequential' 's' has the class 'TFSMLayer', which is not one that emodj runs" in refusal(
        network(layer("TFSMLayer"))
    )
    assert "its 'Dense' 'dense' has the activation 'eval'" in refusal(network(layer("Dense", activation="eval")))


def test_compile_and_build_settings_are_left_out() -> None:
    document = network(layer("Dense", units=7) | {"build_config": {"input_shape": [None, 10**9]}})
    document["compile_config"] = {"loss": layer("Loss", "author")}
    parsed = parse(document)
    assert "compile_config" not in parsed
    assert "build_config" not in parsed["config"]["layers"][1]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (network(*[layer("ReLU")] * (MAX_LAYERS + 1)), f"more than {MAX_LAYERS} layers"),
        (network(layer("InputLayer", batch_shape=[None, 10**5, 10**5, 1])), "has an input of"),
        (network(layer("InputLayer", batch_input_shape=[None, 10**400])), "without a readable shape"),
        (network(layer("Dense", batch_shape="wide")), "without a readable shape"),
        (network(layer("Dense", units=10**400)), "a number of more than 15 digits"),
        (network(layer("Dropout", rate=float("inf"))), "not finite"),
        ({"class_name": ["Sequential"]}, "must contain"),
        ({"class_name": "Net", "config": {}, "registered_name": "author>Net"}, "it is a 'Net', and emodj runs models"),
        ([], "must contain"),
    ],
)
def test_sizes_out_of_range_are_refused(document: Any, why: str) -> None:
    assert why in refusal(document)


@pytest.mark.parametrize(
    "text", ["[" * 10**5, '{"class_name":' * 10**5, '{"class_name": "Sequential", "config":' + "[" * 900 + "]" * 900 + "}"]
)
def test_a_deeply_nested_document_is_refused(text: str) -> None:
    with pytest.raises(AssetError, match="nested too deeply"):
        parse_architecture(text.encode(), PATH)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty, and it must contain what `model.to_json"),
        (b" \n", "it is empty"),
        (b'{"class_name":\n', "it is no JSON from line 2 on"),
        (b"\xff", "it is no JSON"),
        (b"\x00", "it is no JSON"),
        (b"9" * 5000, "it is no JSON"),
        ("ü".encode("utf-16")[:3], "it is no JSON"),
        (b"{}", "it must contain"),
    ],
)
def test_what_is_no_json_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(AssetError, match=r"net\.json is not a network") as caught:
        parse_architecture(data, PATH)
    assert why in str(caught.value)


names = st.sampled_from(["class_name", "config", "module", "registered_name", "layers", "activation", "batch_shape", "dtype"])
documents: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.integers()
    | st.floats()
    | st.sampled_from(["Sequential", "Dense", "DTypePolicy", "function", "keras", "relu"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
)


@given(st.dictionaries(names, documents, max_size=5).map(lambda node: {"class_name": "Sequential"} | node))
def test_any_document_is_parsed_or_refused_with_a_sentence(document: dict[str, Any]) -> None:
    sentence = ""
    try:
        parse(document)
    except AssetError as error:
        sentence = str(error)
    assert sentence == "" or sentence.startswith("net.json is not a network")
