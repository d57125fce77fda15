from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.classifier.architecture_form import AUGMENTATIONS, from_keras2, to_inference

SHAPE = [None, 48, 48, 1]

names = st.sampled_from(
    ["class_name", "config", "layers", "batch_input_shape", "kernel_initializer", "dtype", "compile_config", "units"]
)
documents: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.sampled_from(["Sequential", "InputLayer", "Dense", "float32"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
)


def first_layer(document: Any) -> Any:
    return document["config"]["layers"][0]


@given(documents)
def test_a_converted_document_stays_as_it_is(document: Any) -> None:
    assert from_keras2(from_keras2(document)) == from_keras2(document)


def test_a_missing_input_layer_is_added() -> None:
    layers = [{"class_name": "Conv2D", "config": {"filters": 4, "batch_input_shape": SHAPE}}]
    for config in ({"name": "s", "layers": layers}, layers):
        document = from_keras2({"class_name": "Sequential", "config": config})
        assert first_layer(document)["class_name"] == "InputLayer"
        assert first_layer(document)["config"]["batch_input_shape"] == SHAPE
        assert document["config"]["layers"][1] == {"class_name": "Conv2D", "config": {"filters": 4}}


def test_an_existing_input_layer_is_kept() -> None:
    layers = [{"class_name": "InputLayer", "config": {"batch_input_shape": SHAPE}}, {"class_name": "Flatten", "config": {}}]
    document = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    assert from_keras2(document) == document


def test_initializers_lose_their_dtype_and_layers_keep_theirs() -> None:
    initializer = {"class_name": "GlorotUniform", "config": {"seed": None, "dtype": "float32"}}
    dense = {"class_name": "Dense", "config": {"dtype": "float32", "kernel_initializer": initializer}}
    [layer] = from_keras2({"class_name": "Functional", "config": {"layers": [dense]}})["config"]["layers"]
    assert layer["config"]["kernel_initializer"]["config"] == {"seed": None}
    assert layer["config"]["dtype"] == "float32"


def test_compile_settings_are_removed() -> None:
    assert from_keras2({"class_name": "Functional", "config": {}, "compile_config": {"loss": "my_loss"}}) == {
        "class_name": "Functional",
        "config": {},
    }


def layer(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": kind.lower(), **config}}


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    first = layer("InputLayer", batch_shape=SHAPE, dtype="float32")
    return {"class_name": "Sequential", "config": {"name": "s", "layers": [first, *layers]}}


def only_layer(kind: str, **config: Any) -> dict[str, Any]:
    return to_inference(sequential(layer(kind, **config)))["config"]["layers"][1]


def policy(name: str, kind: str = "DTypePolicy") -> dict[str, Any]:
    return {"module": "keras", "class_name": kind, "config": {"name": name}, "registered_name": None}


@given(documents)
def test_the_form_for_inference_stays_as_it_is(document: Any) -> None:
    assert to_inference(to_inference(document)) == to_inference(document)


@pytest.mark.parametrize("kind", sorted(AUGMENTATIONS))
def test_augmentation_becomes_identity(kind: str) -> None:
    converted = only_layer(kind, factor=0.3, seed=4)
    assert converted == {
        "class_name": "Identity",
        "config": {"name": kind.lower(), "trainable": False, "dtype": "float32"},
    }


def test_a_pipeline_of_augmentation_becomes_identity_and_no_other_one() -> None:
    flip = layer("RandomFlip")
    assert only_layer("Pipeline", layers=[flip, layer("RandomZoom")])["class_name"] == "Identity"
    assert only_layer("Pipeline", layers=[flip, layer("Lambda")])["class_name"] == "Pipeline"


def test_a_class_of_the_author_with_such_a_name_stays() -> None:
    for other in ({"module": "author"}, {"registered_name": "author>RandomFlip"}):
        node = layer("RandomFlip") | other
        assert to_inference(sequential(node))["config"]["layers"][1]["class_name"] == "RandomFlip"


@pytest.mark.parametrize(
    "precision",
    ["float16", "mixed_float16", "float64", policy("mixed_float16"), policy("mixed_bfloat16"), policy("float16", "Policy")],
)
def test_every_precision_becomes_float32(precision: Any) -> None:
    assert only_layer("Dense", dtype=precision)["config"]["dtype"] == "float32"


def test_quantised_layers_and_inputs_of_integers_are_refused() -> None:
    with pytest.raises(ValueError, match="its Dense 'dense' has the precision 'QuantizedDTypePolicy': save it before"):
        only_layer("Dense", dtype=policy("int8_from_float32", "QuantizedDTypePolicy"))
    with pytest.raises(ValueError, match=r"its input has the dtype 'uint8', and emodj gives grey in 0\.\.1"):
        to_inference(sequential(layer("InputLayer", batch_shape=SHAPE, dtype="uint8")))


@pytest.mark.parametrize(("shape", "expected"), [([3, 48, 48, 1], SHAPE), ([None, None, None, 1], SHAPE), (None, None)])
def test_the_input_takes_any_number_of_crops(shape: Any, expected: Any) -> None:
    document = {"class_name": "Functional", "config": {"layers": [layer("InputLayer", batch_shape=shape)]}}
    assert first_layer(to_inference(document))["config"]["batch_shape"] == expected


def test_classes_and_fields_of_keras_2_are_translated() -> None:
    normalisation = only_layer("BatchNormalizationV1", axis=[3])
    assert (normalisation["class_name"], normalisation["config"]["axis"]) == ("BatchNormalization", 3)
    assert only_layer("MultiHeadAttention", key_dim=4, query_shape=SHAPE)["config"] == {
        "name": "multiheadattention",
        "key_dim": 4,
    }
    assert "kernel_initializer" not in only_layer("SeparableConv2D", kernel_initializer=None)["config"]
    assert only_layer("Dense", activation="softmax_v2")["config"]["activation"] == "softmax"
    network = to_inference(sequential() | {"module": "tf_keras.src.engine.sequential"})
    assert network["module"] == "keras.src.models.sequential"


def test_names_that_keras_3_refuses_are_replaced_everywhere() -> None:
    convolution = {
        "class_name": "Conv2D",
        "config": {"name": "block 1/conv"},
        "name": "block 1/conv",
        "inbound_nodes": [[["input", 0, 0, {}]]],
    }
    first = layer("InputLayer", batch_shape=SHAPE) | {"name": "input", "inbound_nodes": []}
    config = {"layers": [first, convolution], "input_layers": [["input", 0, 0]], "output_layers": [["block 1/conv", 0, 0]]}
    converted = to_inference({"class_name": "Functional", "config": config})["config"]
    assert converted["layers"][1]["name"] == converted["layers"][1]["config"]["name"] == "layer_block_1_conv"
    assert converted["output_layers"] == ["layer_block_1_conv", 0, 0]


def reference(name: str, call: int) -> dict[str, Any]:
    history = [name, call, 0]
    return {"class_name": "__keras_tensor__", "config": {"shape": [None], "dtype": "float32", "keras_history": history}}


def test_references_of_keras_2_get_the_form_of_keras_3() -> None:
    nested = sequential(layer("ReLU")) | {"name": "body", "inbound_nodes": [[["input", 0, 0, {}]]]}
    add = layer("Add") | {"name": "add", "inbound_nodes": [[["input", 0, 0, {}], ["body", 1, 0, {}]]]}
    attend = layer("MultiHeadAttention") | {
        "name": "attend",
        "inbound_nodes": [[["add", 0, 0, {"value": ["body", 1, 0], "training": False}]]],
    }
    first = layer("InputLayer", batch_shape=SHAPE) | {"name": "input", "inbound_nodes": []}
    config = {
        "layers": [first, nested, add, attend],
        "input_layers": {"image": ["input", 0, 0]},
        "output_layers": [["body", 1, 0], ["attend", 0, 0]],
    }
    converted = to_inference({"class_name": "Functional", "config": config})["config"]
    assert converted["layers"][2]["inbound_nodes"] == [{"args": [[reference("input", 0), reference("body", 0)]], "kwargs": {}}]
    assert converted["layers"][3]["inbound_nodes"] == [
        {"args": [reference("add", 0)], "kwargs": {"value": reference("body", 0), "training": False}}
    ]
    assert (converted["input_layers"], converted["output_layers"]) == (["input", 0, 0], [["body", 0, 0], ["attend", 0, 0]])
