from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from realtime.classifier.architecture_file import from_keras2

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
