"""Keras on torch: the functional API, where the check is part of the program, and models in JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from benchmarks.diagnostics.attempt import CODE
from benchmarks.diagnostics.peer import LINE_OF_A_PROGRAM, PROGRAM_FILE, Edit, Peer, Planting, planted

PROGRAM = """\
x = keras.Input((192, 35, 35), name="x")
b1 = layers.Conv2D(64, 1, name="b1")(x)
b2a = layers.Conv2D(48, 1, name="b2a")(x)
b2b = layers.Conv2D(64, kernel_size=5, padding="same", name="b2b")(b2a)
cat = layers.Concatenate(axis=1, name="cat")([b1, b2b])
model = keras.Model(x, cat, name="block")
"""
LAST = 'model = keras.Model(x, cat, name="block")'
ANY_SIZE = (("(192, 35, 35)", "(192, None, None)"),)
FLAT = f'flat = layers.Flatten(name="flat")(cat)\nfc = layers.Dense(10, name="fc")(flat)\n{LAST.replace("cat", "fc")}'
LINEAR_OF_MEANS = (*ANY_SIZE, (LAST, FLAT.replace("Flatten", "GlobalAveragePooling2D")))

INFERRED = "what a layer reads is inferred"
HAS_MEANING = "`same` has a meaning at any stride"
NO_ROUNDING = "pools cannot round up"
NO_PADDING = "pools take no number as their padding"
SHARED = {
    "wrong-channels": INFERRED,
    "rounded-up": NO_ROUNDING,
    "pool-padding": NO_PADDING,
    "same-stride": HAS_MEANING,
    "linear-features": INFERRED,
    "training-head": "what is there does not depend on the phase",
}


class _Keras(Peer):
    packages: ClassVar[tuple[str, ...]] = ("keras",)
    roots: ClassVar[tuple[str, ...]] = ("keras",)

    def check(self, text: str) -> Sequence[str]:
        """Nothing: there is no check but that of making the model."""
        return ()

    def run(self, model: Any, side: int) -> tuple[int, ...]:
        import torch

        with torch.no_grad():
            return tuple(model(torch.zeros(2, 192, side, side)).shape)


class KerasProgram(_Keras):
    """Programs against the functional API, which is told shapes while it is called."""

    name: ClassVar[str] = "keras"
    block: ClassVar[str] = PROGRAM
    lines: ClassVar[str] = LINE_OF_A_PROGRAM
    defines: ClassVar[str] = 'name="{}"'
    mistakes: ClassVar[Mapping[str, Planting]] = {
        **SHARED,
        "unknown-layer": planted(("layers.Conv2D(64, kernel_size", "layers.Cnov2D(64, kernel_size")),
        "parameter-typo": planted(("padding", "paddign")),
        "missing-parameter": planted(("kernel_size=5, ", "")),
        "wrong-type": planted(("Conv2D(64, 1", 'Conv2D("64", 1')),
        "unknown-key": planted(('name="block")', 'name="block", titel="A block")')),
        "unknown-input": planted(("[b1, b2b]", "[b1, b2c]")),
        "cycle": "a program can only name what is there already",
        "duplicate-name": planted((LAST, f'cat = layers.ReLU(name="b2a")(cat)\n{LAST}')),
        "dead-branch": planted(("[b1, b2b]", "[b1, b1]")),
        "concat-mismatch": planted((', padding="same"', "")),
        "large-kernel": planted(("Conv2D(48, 1", "Conv2D(48, 99")),
        "symbolic": planted((', padding="same"', ""), base=ANY_SIZE),
        "groups": planted(("groups=4", "groups=5"), base=(("kernel_size=5", "kernel_size=5, groups=4"),)),
        "zero-stride": planted(("kernel_size=5", "kernel_size=5, strides=0")),
        "linear-any-size": planted(("GlobalAveragePooling2D", "Flatten"), base=LINEAR_OF_MEANS),
        "code": "a spec is a program",
        "two-mistakes": planted(("Conv2D(48, 1", "Conv2D(48, 1, paddign=0"), ("[b1, b2b]", "[b1, b2c]")),
        "oblong-kernel": planted(("kernel_size=5", "kernel_size=(1, 7)")),
    }

    def build(self, text: str) -> Any:
        keras = _keras()
        names = {"keras": keras, "layers": keras.layers}
        exec(compile(text, PROGRAM_FILE, "exec"), names)
        return names["model"]


def _layer(kind: str, name: str, config: Mapping[str, Any], *inputs: str) -> str:
    """A layer in the short form that Keras reads too: what it writes itself stores the shapes, and believes them."""
    nodes = [[[one, 0, 0, {}] for one in inputs]] if inputs else []
    return json.dumps({"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes})


B2B = _layer("Conv2D", "b2b", {"filters": 64, "kernel_size": 5, "padding": "same"}, "b2a")
CAT = _layer("Concatenate", "cat", {"axis": 1}, "b1", "b2b")
MODEL = (
    '{"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional",\n'
    ' "config": {"name": "block", "trainable": true, "layers": [\n'
    + ",\n".join(
        (
            _layer("InputLayer", "x", {"batch_shape": [None, 192, 35, 35]}),
            _layer("Conv2D", "b1", {"filters": 64, "kernel_size": 1}, "x"),
            _layer("Conv2D", "b2a", {"filters": 48, "kernel_size": 1}, "x"),
            B2B,
            CAT,
        )
    )
    + '],\n "input_layers": [["x", 0, 0]],\n "output_layers": [["cat", 0, 0]]}}\n'
)
JSON_ANY_SIZE = (("[null, 192, 35, 35]", "[null, 192, null, null]"),)


def _more(*layers: str) -> tuple[Edit, ...]:
    """What puts layers behind the block; the last of them gives the output."""
    name = json.loads(layers[-1])["name"]
    return (CAT, ",\n".join((CAT, *layers))), ('"output_layers": [["cat"', f'"output_layers": [["{name}"')


JSON_LINEAR_OF_MEANS = (
    *JSON_ANY_SIZE,
    *_more(_layer("GlobalAveragePooling2D", "flat", {}, "cat"), _layer("Dense", "fc", {"units": 10}, "flat")),
)
ACTIVATED = _more(_layer("Activation", "act", {"activation": "relu"}, "cat"))


class KerasJson(_Keras):
    """Models in JSON, as `to_json` writes them and `model_from_json` reads them."""

    name: ClassVar[str] = "keras-json"
    block: ClassVar[str] = MODEL
    mistakes: ClassVar[Mapping[str, Planting]] = {
        **SHARED,
        "unknown-layer": planted((B2B, B2B.replace("Conv2D", "Cnov2D"))),
        "parameter-typo": planted(('"padding"', '"paddign"')),
        "missing-parameter": planted(('"kernel_size": 5, ', "")),
        "wrong-type": planted(('"b1", "filters": 64', '"b1", "filters": "64"')),
        "unknown-key": planted(('"trainable": true', '"trainable": true, "titel": "A block"')),
        "unknown-input": planted((CAT, CAT.replace("b2b", "b2c"))),
        "cycle": planted(
            (
                '"filters": 48, "kernel_size": 1}, "inbound_nodes": [[["x"',
                '"filters": 48, "kernel_size": 1}, "inbound_nodes": [[["b2b"',
            )
        ),
        "duplicate-name": planted(
            ('"name": "act", "config": {"name": "act"', '"name": "b2a", "config": {"name": "b2a"'),
            ('"output_layers": [["act"', '"output_layers": [["b2a"'),
            base=ACTIVATED,
        ),
        "dead-branch": planted((CAT, CAT.replace("b2b", "b1"))),
        "concat-mismatch": planted((', "padding": "same"', "")),
        "large-kernel": planted(('"filters": 48, "kernel_size": 1', '"filters": 48, "kernel_size": 99')),
        "symbolic": planted((', "padding": "same"', ""), base=JSON_ANY_SIZE),
        "groups": planted(
            ('"groups": 4', '"groups": 5'), base=(('"kernel_size": 5', '"kernel_size": 5, "groups": 4'),)
        ),
        "zero-stride": planted(('"kernel_size": 5', '"kernel_size": 5, "strides": 0')),
        "linear-any-size": planted(("GlobalAveragePooling2D", "Flatten"), base=JSON_LINEAR_OF_MEANS),
        "code": planted(('"activation": "relu"', f'"activation": "{CODE}"'), base=ACTIVATED),
        "two-mistakes": planted(
            ('"filters": 48, "kernel_size": 1', '"filters": 48, "kernel_size": 1, "paddign": 0'),
            (CAT, CAT.replace("b2b", "b2c")),
        ),
        "oblong-kernel": planted(('"kernel_size": 5', '"kernel_size": [1, 7]')),
    }

    def build(self, text: str) -> Any:
        return _keras().models.model_from_json(text)


def _keras() -> Any:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    keras.config.set_image_data_format("channels_first")
    keras.backend.clear_session()
    return keras
