"""Rules over local patterns: what they find, and what they leave alone."""

from __future__ import annotations

import pytest

from archspec.compiler import check_spec
from archspec.source.diagnostic import Diagnostic
from archspec.source.remedy import AppendToBranch, Remedy, RemoveItem, SetAttribute
from tests.specs import spec

FEATURES = "{x: [N, 8]}"


def findings(rule: str, rows: str, inputs: str = "{x: [N, 4, 8, 8]}") -> list[Diagnostic]:
    found = list(check_spec(spec(rows, inputs)))
    assert not any(one.severity == "error" for one in found), "\n".join(one.message for one in found)
    return [one for one in found if one.name == rule]


def places(rule: str, rows: str, inputs: str = "{x: [N, 4, 8, 8]}") -> list[str]:
    return [one.origin.path if one.origin else "" for one in findings(rule, rows, inputs)]


CONV = "conv: {kernel: 1, channels: 4"


@pytest.mark.parametrize(
    ("between", "is_found"),
    [
        ("", True),
        ("batch_norm, ", True),
        ("batch_norm, {dropout: 0.5}, ", True),
        ("relu, ", False),
        ("max_pool: 2}, {", False),
        ("{layer_norm: {axes: [1, 2, 3]}}, ", False),
        ("{multiply: {from: [0, 0]}}, ", False),
    ],
)
def test_an_activation_is_missing_where_nothing_bends(between: str, is_found: bool) -> None:
    between = f"{{{between[:-1]}" if between.startswith("max") else between
    rows = f"layers: [{{{CONV}}}}}, {between}{{conv: {{kernel: 3, channels: 8}}}}]"
    assert places("activation-missing", rows) == ["0"] * is_found


@pytest.mark.parametrize(
    "rows",
    [
        "[{conv: {kernel: 3, channels: 4, groups: 4}}, {conv: {kernel: 1, channels: 8}}]",
        "[{conv: {kernel: 1, channels: 8}}, {conv: {kernel: 3, channels: 8, groups: 8}}]",
        "[{conv: {kernel: 1, channels: 2}}, {conv: {kernel: 1, channels: 16}}]",
        "[{conv: {kernel: 2, stride: 2, channels: 16}}, {conv: {kernel: 1, channels: 16}}]",
        "[{add: {branches: {a: [], b: {conv: {kernel: 1, channels: 4}}}}}, {conv: {kernel: 1, channels: 8}}]",
        "[{conv: {id: tap, kernel: 1, channels: 4}}, {conv: {id: o, kernel: 1, channels: 8}}]\n"
        "outputs: {tap: tap, o: o}",
    ],
    ids=["depthwise first", "depthwise second", "linear bottleneck", "patches", "residual", "an output between"],
)
def test_no_activation_is_missed_where_networks_mean_it_so(rows: str) -> None:
    assert places("activation-missing", f"layers: {rows}") == []


def test_an_embedding_is_no_layer() -> None:
    rows = "layers: [{embedding: {tokens: 9, features: 8}}, {linear: 16}]"
    assert places("activation-missing", rows, "{x: {shape: [N, T], dtype: int64, below: 9}}") == []


BLOCK = """
    blocks: {b: {params: {bend: false}, layers: [{linear: {id: fc, features: 8}}, {relu: {if: $bend}}]}}
    layers: [%s]
"""


@pytest.mark.parametrize(
    ("rows", "place", "notes"),
    [
        ("b, b, {linear: 8}", "linear", ("and 1 other use of it",)),
        ("b, b, b, relu, {b: {bend: true}}", "b", ("the same goes for `1.fc`",)),
        ("b, {b: {bend: true}}, {linear: 8}", "b", ()),
    ],
    ids=["all uses", "many uses", "one use"],
)
def test_what_a_block_lacks_in_many_uses_is_one_finding(rows: str, place: str, notes: tuple[str, ...]) -> None:
    (found,) = findings("activation-missing", BLOCK % rows, FEATURES)
    assert found.span
    assert (found.span.text, set(notes) <= set(found.notes)) == (place, True)


@pytest.mark.parametrize(
    ("first", "second", "rule", "whole"),
    [
        ("kernel: 1x3", "kernel: 3x1", "linear-between-factors", "one 3x3"),
        ("kernel: 3", "kernel: 3", "linear-between-factors", "one 5x5"),
        ("kernel: 3, dilation: 2", "kernel: 3", "linear-between-factors", "one 7x7"),
        ("kernel: 3, stride: 2", "kernel: 3", "activation-missing", ""),
        ("kernel: 1", "kernel: 3", "activation-missing", ""),
        ("kernel: 3", "kernel: 1", "activation-missing", ""),
    ],
)
def test_convolutions_in_a_row_are_a_matter_of_one_rule(first: str, second: str, rule: str, whole: str) -> None:
    rows = f"layers: [{{conv: {{channels: 4, {first}}}}}, {{conv: {{channels: 4, {second}}}}}]"
    found = [one for one in check_spec(spec(rows)) if one.name in ("activation-missing", "linear-between-factors")]
    assert [one.name for one in found] == [rule]
    assert whole in found[0].message


def test_kernels_over_different_spaces_are_no_factors() -> None:
    rows = "layers: [{conv: {kernel: 3, channels: 4}}, {flatten: {start: 2}}, {conv: {kernel: 3, channels: 4}}]"
    assert places("activation-missing", rows) == ["0"]


def test_factors_of_a_depthwise_convolution_are_left_alone() -> None:
    rows = "layers: [{conv: {kernel: 1x3, channels: 4, groups: 4}}, {conv: {kernel: 3x1, channels: 4, groups: 4}}]"
    assert places("linear-between-factors", rows) == []


@pytest.mark.parametrize(
    ("rows", "is_found"),
    [
        ("relu, relu", True),
        ("relu, {max_pool: 2}, {flatten: {}}, relu", True),
        ("sigmoid, {leaky_relu: 0.2}", True),
        ("{concat: {branches: [relu, [{avg_pool: {kernel: 3, stride: 1, padding: same}}, relu]]}}, relu", True),
        ("{add: {branches: [[relu], []]}}, relu", False),
        ("relu, {batch_norm: {}}, relu", False),
        ("relu, {scale: -1}, relu", False),
        ("tanh, sigmoid", True),
        ("tanh, {softmax: 1}", False),
        ("{multiply: {branches: [[], [softplus, tanh]]}}", False),
    ],
)
def test_an_activation_on_an_activation_is_found(rows: str, is_found: bool) -> None:
    rows = rows.replace("[relu, [", "[[relu], [")
    assert len(findings("double-activation", f"layers: [{rows}]")) == is_found


@pytest.mark.parametrize(("rows", "has_remedy"), [("relu, relu", True), ("tanh, sigmoid", False)])
def test_only_an_activation_that_changes_nothing_is_removed(rows: str, has_remedy: bool) -> None:
    (found,) = findings("double-activation", f"layers: [{rows}]")
    assert (found.remedy.changes if found.remedy else ()) == (RemoveItem("1"),) * has_remedy


@pytest.mark.parametrize(
    ("rows", "inputs", "is_found"),
    [
        ("{conv: {kernel: 1, channels: 4}}, batch_norm", "{x: [N, 4, 8, 8]}", True),
        ("{conv: {kernel: 1, channels: 4, bias: false}}, batch_norm", "{x: [N, 4, 8, 8]}", False),
        ("{conv: {kernel: 1, channels: 4}}, relu, batch_norm", "{x: [N, 4, 8, 8]}", False),
        ("{linear: 4}, batch_norm", FEATURES, True),
        ("{linear: 4}, batch_norm", "{x: [N, 8, 8]}", False),
        ("{conv: {id: c, kernel: 1, channels: 4}}, batch_norm, {add: {from: [c, 1]}}", "{x: [N, 4, 8, 8]}", False),
        ("{conv: {id: c, kernel: 1, channels: 4}}, batch_norm, relu, {conv: {share: c}}", "{x: [N, 4, 8, 8]}", False),
        (
            "{conv: {id: c, kernel: 1, channels: 4}}, batch_norm, relu, {conv: {share: c}}, batch_norm",
            "{x: [N, 4, 8, 8]}",
            True,
        ),
    ],
)
def test_a_bias_is_superfluous_where_every_use_is_normalised(rows: str, inputs: str, is_found: bool) -> None:
    found = findings("bias-before-batch-norm", f"layers: [{rows}]", inputs)
    assert len(found) == is_found
    change = SetAttribute("c" if "id: c" in rows else "0", "bias", "false")
    assert [one.remedy for one in found] == [Remedy("write `bias: false`", (change,))] * is_found


def test_a_bias_of_a_shared_block_is_found_where_the_block_is_written() -> None:
    rows = """
        blocks: {b: {layers: [{conv: {id: c, kernel: 1, channels: 4}}, {batch_norm: {id: bn}}]}}
        layers: [{b: {id: left}}, relu, {b: {id: right, share: left}}]
    """
    (found,) = findings("bias-before-batch-norm", rows)
    assert found.notes == ("and 1 other use of it",)
    assert found.remedy == Remedy("write `bias: false`", (SetAttribute("left.c", "bias", "false"),))


@pytest.mark.parametrize(
    ("rows", "is_found"),
    [
        ("{dropout: 0.5}, batch_norm", True),
        ("{channel_dropout: 0.5}, relu, {conv: {kernel: 1, channels: 4}}, batch_norm", True),
        (
            "{dropout: 0.5}, {conv: {kernel: 1, channels: 4}}, relu, {conv: {kernel: 1, channels: 4}}, batch_norm",
            False,
        ),
        ("batch_norm, {dropout: 0.5}", False),
        ("{dropout: 0.05}, batch_norm", False),
        ("{dropout: 0.5}, {layer_norm: {axes: [1, 2, 3]}}, batch_norm", False),
        ("{dropout: 0.5}, {batch_norm: {track: false}}", False),
    ],
)
def test_dropout_is_found_up_to_one_layer_before_a_batch_norm(rows: str, is_found: bool) -> None:
    assert len(findings("dropout-before-batch-norm", f"layers: [{rows}]")) == is_found


@pytest.mark.parametrize(
    ("attributes", "is_found"),
    [
        ("kernel: 2, padding: 1", True),
        ("kernel: 4x3, padding: [1, 1]", True),
        ("kernel: 3, padding: 1", False),
        ("kernel: 2", False),
        ("kernel: 4, stride: 2, padding: 1", False),
        ("kernel: 3x2, padding: [1, 0]", False),
    ],
)
def test_a_padded_even_kernel_is_off_the_middle(attributes: str, is_found: bool) -> None:
    assert len(findings("even-kernel", f"layers: [{{conv: {{channels: 4, {attributes}}}}}]")) == is_found


@pytest.mark.parametrize(
    "item",
    [
        "max_pool: 1",
        "avg_pool: {kernel: 1, stride: 1}",
        "dropout: 0",
        "scale: 1",
        "affine: {scale: [1, 1, 1, 1], shift: 0}",
        "leaky_relu: 1",
        "pad: {begin: 0}",
        "flatten: {start: 1, end: 1}",
        "unflatten: {axis: 2, sizes: [-1]}",
        "permute: [0, 1, 2, -1]",
        "channel_shuffle: 1",
        "concat: {branches: [[relu]]}",
    ],
)
def test_an_op_that_does_nothing_is_found(item: str) -> None:
    (found,) = findings("identity-op", f"layers: [{{{item}}}]")
    assert found.remedy == Remedy("remove it", (RemoveItem("0"),))


@pytest.mark.parametrize(
    "rows",
    [
        "layers: [{max_pool: {kernel: 1, stride: 2}}]",
        "layers: [identity]",
        "layers: [{flatten: {}}]",
        "params: {p: 0}\nlayers: [{dropout: $p}]",
        "params: {on: false}\nlayers: [{concat: {branches: [[relu], {if: $on, layers: [tanh]}]}}]",
        "layers: [{avg_pool: {stride: 1, each: {kernel: [1, 3]}}}]",
        "defaults: {dropout: {p: $p}}\nparams: {p: 0}\nlayers: [dropout]",
    ],
    ids=["strided", "identity", "flatten", "a parameter", "a branch left out", "a turn", "a default"],
)
def test_what_may_do_something_elsewhere_is_no_identity(rows: str) -> None:
    assert places("identity-op", rows) == []


RESIDUAL = "layers: [relu, {add: {branches: {trunk: [], branch: [%s]}}}, relu]"
WIDE = "{x: [N, 1024, 8, 8]}"
UP = "{conv: {kernel: 1, channels: 1024, bias: false}}"


@pytest.mark.parametrize(
    ("branch", "inputs", "place"),
    [
        (UP, WIDE, ["1"]),
        (f"{UP}, {{scale: 1.5}}", WIDE, ["branch.1"]),
        (f"{UP}, {{scale: 0.2}}", WIDE, []),
        (f"{UP}, batch_norm", WIDE, []),
        (f"batch_norm, {UP}", WIDE, []),
        (f"{UP}, relu", WIDE, []),
        (UP.replace("1024", "1000"), WIDE.replace("1024", "1000"), []),
        ("{linear: 1024}", "{x: [N, 9, 1024]}", []),
    ],
    ids=["unscaled", "enlarged", "scaled", "normalised", "normalised first", "bent", "narrow", "linear"],
)
def test_a_wide_residual_has_to_be_scaled(branch: str, inputs: str, place: list[str]) -> None:
    assert places("unscaled-residual", RESIDUAL % branch, inputs) == place


def test_the_projection_beside_a_branch_that_ends_in_an_activation_is_no_residual() -> None:
    projected = f"layers: [relu, {{add: {{branches: {{main: [{UP}, relu], skip: [{UP}]}}}}}}]"
    assert places("unscaled-residual", projected, WIDE) == []


def test_the_width_from_which_residuals_are_scaled_is_a_setting() -> None:
    rows = RESIDUAL % "{conv: {kernel: 1, channels: 4}}" + "\nchecks: {unscaled-residual: {channels: 3}}"
    (found,) = findings("unscaled-residual", rows)
    assert found.remedy == Remedy("add `scale: 0.2` to the branch", (AppendToBranch("1", 1, "scale: 0.2"),))


@pytest.mark.parametrize(
    ("scale", "checks", "is_found"),
    [
        ("0.05", "", True),
        ("0.1", "", False),
        ("0.3", "", False),
        ("0.5", "", True),
        ("1", "", False),
        ("2", "", False),
        ("0.5", "\nchecks: {residual-scale-range: {most: 0.5}}", False),
        ("0.2", "\nchecks: {residual-scale-range: {least: 0.25}}", True),
    ],
)
def test_a_residual_is_scaled_within_a_range(scale: str, checks: str, is_found: bool) -> None:
    rows = RESIDUAL % f"{{conv: {{kernel: 1, channels: 4}}}}, {{scale: {scale}}}" + checks
    assert len(findings("residual-scale-range", rows)) == is_found


CLASSIFIERS = """
    layers:
      - {conv: {id: low, kernel: 1, channels: 4, bias: false}}
      - {batch_norm: {}}
      - {relu: {id: middle}}
      - {conv: {kernel: 1, channels: 4}}
      - {relu: {}}
      - {conv: {kernel: 1, channels: 4}}
      - {relu: {id: last}}
      - {global_avg_pool: {keep: false}}
      - {linear: {id: logits, features: 3}}
    heads:
      aux: {sequence: {%s}}
    outputs: {aux: aux, logits: logits}
"""
LINEAR = "from: %s, layers: [{global_avg_pool: {keep: false}}, {linear: %s}]"
HIDDEN = "when: training, from: middle, layers: [flatten, {linear: 8}, %srelu, {linear: 3}]"


@pytest.mark.parametrize(
    ("head", "more", "is_found"),
    [
        (LINEAR % ("middle", 3), "", True),
        (LINEAR % ("last", 3), "", False),
        (LINEAR % ("middle", 5), "", False),
        ("when: training, " + LINEAR % ("middle", 3), "", False),
        ("from: middle, layers: [{conv: {kernel: 1, channels: 3}}, {global_avg_pool: {keep: false}}]", "", True),
        (LINEAR % ("middle", 3), "training: {loss: {logits: cross_entropy, aux: mse}}", False),
        (LINEAR % ("middle", 3), "training: {loss: {logits: cross_entropy, aux: cross_entropy}}", True),
        (LINEAR % ("middle", 3), "checks: {auxiliary-in-inference: {deeper: 3}}", False),
    ],
    ids=["early", "late", "other classes", "training", "one layer", "other loss", "same loss", "deeper"],
)
def test_a_classifier_of_the_middle_is_for_training_alone(head: str, more: str, is_found: bool) -> None:
    assert places("auxiliary-in-inference", CLASSIFIERS % head + f"    {more}\n") == ["aux"] * is_found


@pytest.mark.parametrize(
    ("head", "is_found"),
    [
        (HIDDEN % "", True),
        (HIDDEN % "batch_norm, ", False),
        ("when: training, " + LINEAR % ("middle", 3), False),
        (HIDDEN.removeprefix("when: training, ") % "", False),
    ],
    ids=["hidden", "normalised", "no hidden layer", "in eval too"],
)
def test_an_auxiliary_classifier_is_normalised_as_its_network_is(head: str, is_found: bool) -> None:
    assert places("auxiliary-without-batch-norm", CLASSIFIERS % head) == ["aux"] * is_found


def test_a_network_without_batch_norm_may_have_an_auxiliary_classifier_without() -> None:
    rows = (CLASSIFIERS % HIDDEN % "").replace("      - {batch_norm: {}}\n", "")
    assert places("auxiliary-without-batch-norm", rows) == []


@pytest.mark.parametrize(
    ("last", "loss", "is_found"),
    [
        ("{softmax: {id: o}}", "cross_entropy", True),
        ("{softmax: {}}, {identity: {id: o}}", "cross_entropy", True),
        ("{softmax: {}}, {slice: {end: 2, id: o}}", "cross_entropy", True),
        ("{softmax: {}}, {scale: {factor: 9, id: o}}", "cross_entropy", False),
        ("{log_softmax: {id: o}}", "cross_entropy", True),
        ("{log_softmax: {id: o}}", "nll", False),
        ("{sigmoid: {id: o}}", "binary_cross_entropy", True),
        ("{sigmoid: {id: o}}", "mse", False),
        ("{identity: {id: o}}", "cross_entropy", False),
        ("{softmax: {id: o}}", "none", False),
    ],
)
def test_a_loss_of_logits_takes_no_probabilities(last: str, loss: str, is_found: bool) -> None:
    rows = f"layers: [{{linear: 4}}, {last}]\noutputs: {{o: o}}\ntraining: {{loss: {{o: {loss}}}}}"
    assert len(findings("softmax-before-cross-entropy", rows, FEATURES)) == is_found


@pytest.mark.parametrize(
    ("between", "is_found"),
    [
        ("global_avg_pool", True),
        ("relu, {dropout: 0.5}", True),
        ("{interpolate: {scale: 2}}, {multiply: {branches: {a: [], b: [sigmoid]}}}", True),
        ("global_avg_pool, flatten", False),
        ("{permute: [0, 2, 3, 1]}", False),
        ("{permute: [0, 1, 3, 2]}", False),
        ("{flatten: {start: 2}}", False),
        ("{mean: {axes: [2], keep: false}}", False),
    ],
)
def test_a_linear_layer_is_over_space_where_nothing_moves_the_channels_of_a_convolution(
    between: str, is_found: bool
) -> None:
    rows = f"layers: [{{{CONV}}}}}, {between}, {{linear: {{id: fc, features: 16}}}}]"
    assert places("linear-over-space", rows) == ["fc"] * is_found


@pytest.mark.parametrize("rows", ["{linear: 16}", "{linear: 16}, relu, {linear: 8}"])
@pytest.mark.parametrize("inputs", ["{x: [N, T=5, 8]}", "{x: [N, 4, 6, 8]}"])
def test_a_linear_layer_is_over_features_where_no_layer_says_otherwise(rows: str, inputs: str) -> None:
    assert places("linear-over-space", f"layers: [{rows}]", inputs) == []
