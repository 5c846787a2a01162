"""Rules over measured facts: their borders, and the numbers in what they say."""

from __future__ import annotations

import pytest

from archspec.analysis.facts import Facts
from archspec.compiler import check_spec, load_graph
from archspec.rules.rule import Finding
from archspec.source.diagnostic import Severity
from archspec.source.remedy import SplitItem
from tests.rules.asking import found
from tests.specs import spec

END = "global_avg_pool"


def severities(findings: list[Finding]) -> list[Severity | None]:
    return [finding.severity for finding in findings]


def conv(channels: int, kernel: int = 3, stride: int = 1, more: str = "") -> str:
    return f"{{conv: {{kernel: {kernel}, stride: {stride}, padding: {kernel // 2}, channels: {channels}{more}}}}}, relu"


# A block, by the share of its narrowest cut in the smaller of its ends: 64 channels in, 64 or 32 out.


def block(inner: str, out: int = 64) -> str:
    return f"{conv(64)}, {{sequence: {{id: body, layers: [{inner}, {conv(out, 1)}]}}}}, {END}"


@pytest.mark.parametrize(
    ("channels", "severity"), [(32, None), (31, Severity.WARNING), (16, Severity.WARNING), (15, Severity.ERROR)]
)
def test_a_block_is_as_narrow_as_its_narrowest_cut(channels: int, severity: Severity | None) -> None:
    findings = found("representational-bottleneck", block(conv(channels)))
    assert severities(findings) == ([severity] if severity else [])
    for finding in findings:
        assert finding.message == (
            f"`body` passes everything through {channels * 64 * 64:,} elements (tensor made by `body.0`), "
            f"{channels / 64:.0%} of the smaller of its ends: 262,144 before it, 262,144 after"
        )


def test_the_smaller_end_of_a_block_counts() -> None:
    assert not found("representational-bottleneck", block(conv(16), out=32))


def test_branches_side_by_side_count_together() -> None:
    two = f"{{concat: {{branches: {{a: [{conv(16)}, {conv(32)}], b: [{conv(16)}, {conv(32)}]}}}}}}"
    assert not found("representational-bottleneck", block(two))
    (finding,) = found("representational-bottleneck", block(two.replace("channels: 16", "channels: 15")))
    assert "122,880 elements (2 tensors made by `body.a.1`, `body.b.1`)" in finding.message
    assert len(finding.labels) == 2


def test_what_a_residual_or_a_gate_carries_past_a_narrow_place_is_not_lost() -> None:
    residual = f"{{add: {{branches: [[], [{{sequence: {{id: body, layers: [{conv(4)}, {conv(64)}]}}}}]]}}}}"
    gate = residual.replace("add:", "multiply:").replace("layers: [", f"layers: [{END}, ")
    for layers in (residual, gate):
        assert not found("representational-bottleneck", f"{conv(64)}, {layers}, {END}")


def test_the_innermost_of_the_blocks_around_a_narrow_place_is_told() -> None:
    outer = f"{{sequence: {{id: outer, layers: [{conv(64)}, {{sequence: {{id: body, layers: [{conv(8)}, "
    (finding,) = found("representational-bottleneck", f"{conv(64)}, {outer}{conv(64)}]}}}}, {conv(64)}]}}}}, {END}")
    assert finding.message.startswith("`outer.body` passes everything through 32,768 elements")


# A step to a coarser grid, by the share of elements that it keeps.


@pytest.mark.parametrize(
    ("step", "severity", "numbers"),
    [
        (conv(62, stride=2), None, ""),
        (conv(61, stride=2), Severity.WARNING, "62,464 of 262,144, 24% of the elements"),
        (conv(26, stride=2), Severity.WARNING, "26,624 of 262,144, 10% of the elements"),
        (conv(25, stride=2), Severity.ERROR, "25,600 of 262,144, 10% of the elements"),
        ("{max_pool: 2}", None, ""),
        ("{max_pool: 3}", Severity.WARNING, "28,224 of 262,144, 11% of the elements"),
        ("{max_pool: 4}", Severity.ERROR, "16,384 of 262,144, 6% of the elements"),
    ],
)
def test_a_step_to_a_coarser_grid_keeps_a_share(step: str, severity: Severity | None, numbers: str) -> None:
    findings = found("representational-bottleneck", f"{conv(64)}, {step}, {conv(64)}, {END}")
    assert severities(findings) == ([severity] if severity else [])
    assert all(numbers in finding.message for finding in findings)


def test_what_a_pool_loses_at_the_border_does_not_count() -> None:
    assert not found(
        "representational-bottleneck", f"{conv(8)}, {{max_pool: 2}}, {conv(8)}, {END}", "{x: [N, 3, 7, 7]}"
    )


def test_a_pool_of_a_volume_keeps_as_much_as_one_of_an_image() -> None:
    layers = f"{conv(32)}, {{max_pool: %s}}, {conv(32)}, {END}"
    volume = "{x: [N, 3, 16, 16, 16]}"
    assert not found("representational-bottleneck", layers % "{kernel: 2, stride: 2}", volume)
    (finding,) = found("representational-bottleneck", layers % "{kernel: 4, stride: 4}", volume)
    assert finding.severity is Severity.ERROR


def test_a_pool_behind_which_a_linear_layer_lacks_its_flatten_is_told_as_that_alone() -> None:
    layers = f"{conv(16)}, global_avg_pool, {{linear: 10}}"
    assert not found("representational-bottleneck", layers)
    assert found("linear-over-space", layers)


def test_an_image_may_be_normalised_before_it_is_made_smaller() -> None:
    layers = f"{{affine: {{scale: 2}}}}, {{conv: {{kernel: 16, stride: 16, channels: 24}}}}, relu, {conv(64)}, {END}"
    assert not found("representational-bottleneck", layers, "{x: [N, 3, 64, 64]}")


def test_an_image_may_be_made_smaller_before_anything_is_known_of_it() -> None:
    assert not found("representational-bottleneck", f"{{avg_pool: 8}}, {conv(8)}, {END}")


@pytest.mark.parametrize(
    ("wider", "severity"), [(47, None), (48, Severity.WARNING)], ids=["below 1.5 times", "1.5 times"]
)
def test_a_pool_alone_before_a_widening_is_told(wider: int, severity: Severity | None) -> None:
    late = f"{conv(32)}, {{max_pool: {{id: pool, kernel: 2}}}}, {conv(wider)}, {conv(256)}, {conv(256)}, {END}"
    findings = found("representational-bottleneck", late)
    assert severities(findings) == ([severity] if severity else [])
    for finding in findings:
        assert finding.message.startswith("`pool` makes 32,768 of 131,072, 25% of the elements, right before `")
        assert "makes 48 channels of 32" in finding.message


def test_a_pool_of_few_channels_or_before_a_classifier_is_not_worth_a_word() -> None:
    few, more = (f"{conv(width)}, {{max_pool: 2}}, {conv(64)}, {END}" for width in (15, 16))
    assert not found("representational-bottleneck", few)
    layer = "{conv: {kernel: 32, channels: 64}}, relu, flatten, {linear: 4}"
    assert not found("representational-bottleneck", f"{conv(16)}, {{max_pool: 2}}, {layer}")
    assert found("representational-bottleneck", more)


def test_a_pool_before_a_widening_is_a_note_once_a_quarter_of_the_macs_is_spent() -> None:
    layers = f"{conv(32)}, {conv(32)}, {conv(32)}, {{max_pool: 2}}, {conv(64)}, {END}"
    (finding,) = found("representational-bottleneck", layers)
    assert finding.severity == Severity.NOTE
    assert finding.message.endswith("when 81% of the MACs are spent")


def test_several_of_a_kind_are_said_once_and_the_worst_is_first() -> None:
    layers = (
        f"{conv(64)}, {conv(60, stride=2)}, {conv(64)}, {conv(8, stride=2)}, {conv(64)}, {conv(60, stride=2)}, {END}"
    )
    (finding,) = found("representational-bottleneck", layers)
    assert finding.severity == Severity.ERROR
    assert finding.notes == ("the same goes for `2` and `10`",)


def test_an_allowed_one_does_not_hide_the_others() -> None:
    allowed = ", allow: {representational-bottleneck: meant}"
    layers = f"{conv(64)}, {conv(8, stride=2, more=allowed)}, {conv(64)}, {conv(8, stride=2)}, {END}"
    diagnostics = check_spec(spec(f"layers: [{layers}]", "{x: [N, 3, 64, 64]}"))
    (finding,) = (one for one in diagnostics if one.name == "representational-bottleneck")
    assert finding.origin is not None
    assert (finding.origin.path, finding.notes) == ("6", ())


# Reductions.


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (f"{conv(16)}, {conv(31)}, {{max_pool: 2}}, {END}", None),
        (f"{conv(15)}, {conv(32)}, {{max_pool: 2}}, {END}", None),
        (f"{conv(16)}, {conv(32, stride=2)}, {{max_pool: 2}}, {END}", None),
        (
            f"{conv(16)}, {conv(32)}, {{max_pool: {{id: pool, kernel: 2}}}}, {END}",
            "18,874,368 MACs (91% of the network's) make 32 channels of 16 right before `pool` drops most of the "
            "places; a strided convolution to 16 channels beside the pool takes 2,359,296 (-88%)",
        ),
    ],
    ids=["below twice", "of few channels", "strided", "twice"],
)
def test_a_convolution_that_widens_before_a_pool_is_expensive(layers: str, message: str | None) -> None:
    assert [finding.message for finding in found("expensive-reduction", layers)] == ([message] if message else [])


def test_a_cheap_convolution_before_a_pool_is_not_worth_a_word() -> None:
    layers = f"{conv(16)}, {conv(32)}, {{max_pool: 2}}, {conv(256)}, {conv(256)}, {END}"
    assert not found("expensive-reduction", layers)
    assert found("expensive-reduction", layers, share=0.001)


SIDE_BY_SIDE = f"{{concat: {{branches: {{a: [{conv(16)}], b: [{conv(16)}]}}}}}}"


@pytest.mark.parametrize(
    ("layers", "times"),
    [
        (f"{conv(8)}, {{max_pool: 2}}, {SIDE_BY_SIDE}, {END}", 0),
        (f"{SIDE_BY_SIDE}, {{max_pool: {{id: pool, kernel: 2}}}}, {END}", 1),
        (f"{SIDE_BY_SIDE}, {{max_pool: {{id: pool, kernel: 2}}}}, {conv(48)}, {END}", 0),
        (f"{SIDE_BY_SIDE}, {{max_pool: {{id: pool, kernel: 3, stride: 1, padding: same}}}}, {END}", 0),
    ],
    ids=["in a stem", "between modules", "before a widening, which is told as a bottleneck", "without a stride"],
)
def test_a_pool_alone_between_modules_is_told(layers: str, times: int) -> None:
    findings = found("pooling-only-reduction", layers)
    assert len(findings) == times
    for finding in findings:
        assert finding.message.endswith("keeps 25% of the elements: 131,072 before it, 32,768 after")


def module(first: str = "", *, stride: int = 1, pooled: bool = True) -> str:
    dear = f"{{conv: {{id: dear, kernel: 3, stride: {stride}, padding: 1, channels: 128}}}}"
    third = f"{{max_pool: {{kernel: 3, stride: {stride}, padding: 1}}}}" if pooled else ""
    small = f"{{conv: {{id: small, kernel: 1, stride: {stride}, channels: 64}}}}"
    return f"{{concat: {{branches: [[{small}], [{first}{dear}], [{third}]]}}}}"


@pytest.mark.parametrize(
    ("layers", "channels", "times"),
    [
        (module(), 128, 1),
        (module(), 127, 0),
        (module("{batch_norm: {id: norm}}, relu, "), 128, 1),
        (module("{conv: {id: reduce, kernel: 1, channels: 32}}, relu, "), 128, 0),
        (module(stride=2), 128, 0),
        (module(pooled=False), 128, 0),
        (conv(128), 128, 0),
    ],
    ids=["wide", "narrow", "behind a norm", "reduced", "strided", "with one neighbour", "in a row"],
)
def test_a_dear_convolution_of_all_channels_of_a_module_misses_a_reduction(
    layers: str, channels: int, times: int
) -> None:
    findings = found("missing-reduction", layers, f"{{x: [N, {channels}, 28, 28]}}")
    assert len(findings) == times
    for finding in findings:
        assert finding.message == (
            "the 3x3 of `dear` reads all 128 channels of its module, for 115,605,504 MACs; behind a 1x1 to 32 channels "
            "both take 32,112,640 (-72%), and any 1x1 to fewer than 115 saves"
        )


# Factorised convolutions.


@pytest.mark.parametrize(
    ("layer", "side", "threes", "asymmetric"),
    [
        (conv(64, 5), 28, "-28%", None),
        (conv(64, 7), 28, "-45%", None),
        (conv(64, 5), 21, "-28%", None),
        (conv(64, 5), 20, None, "-60%"),
        (conv(64, 7), 17, None, "-71%"),
        (conv(64, 5), 12, None, "-60%"),
        (conv(64, 5), 11, "-28%", None),
        (conv(64, 3), 17, None, None),
        (conv(64, 7), 7, None, None),
        (conv(64, 5, more=", groups: 64"), 28, None, None),
        (conv(64, 5, more=", dilation: 2"), 28, None, None),
    ],
    ids=["5x5", "7x7", "21", "20", "17", "12", "11", "3x3", "of all of its input", "depthwise", "dilated"],
)
def test_a_large_square_convolution_is_told_as_what_saves(
    layer: str, side: int, threes: str | None, asymmetric: str | None
) -> None:
    inputs = f"{{x: [N, 64, {side}, {side}]}}"
    for rule, saving in (("large-kernel", threes), ("factorise-asymmetric", asymmetric)):
        findings = found(rule, layer, inputs)
        assert len(findings) == (saving is not None)
        assert all(str(saving) in finding.message for finding in findings)


def test_a_saving_is_that_of_the_real_widths() -> None:
    assert not found(
        "large-kernel", "{conv: {kernel: 7, stride: 2, padding: 3, channels: 64}}", "{x: [N, 3, 224, 224]}"
    )
    (grown,) = found("large-kernel", conv(32, 5), "{x: [N, 16, 28, 28]}")
    assert grown.message.startswith(
        "two 3x3 with 23 channels between see as much as the 5x5 of `0`, and take 7,789,824"
    )
    assert grown.remedy is None


SAME, VALID = {"padding": "same"}, {"padding": "valid"}


@pytest.mark.parametrize(
    ("rule", "written", "parts"),
    [
        ("large-kernel", {"kernel": "5", **SAME}, ({"kernel": "3"}, {"kernel": "3"})),
        ("large-kernel", {"kernel": "5", **VALID}, ({"kernel": "3"}, {"kernel": "3"})),
        ("large-kernel", {"kernel": "7", "padding": "3"}, ({"kernel": "3", "padding": "1"},) * 3),
        ("factorise-asymmetric", {"kernel": "7", **SAME}, ({"kernel": "1x7"}, {"kernel": "7x1"})),
        (
            "factorise-asymmetric",
            {"kernel": "7", "padding": "3", "stride": "2"},
            ({"kernel": "1x7", "padding": "[0, 3]", "stride": "1"}, {"kernel": "7x1", "padding": "[3, 0]"}),
        ),
    ],
)
def test_a_large_convolution_is_split_so_that_its_output_stays_what_it_is(
    rule: str, written: dict[str, str], parts: tuple[dict[str, str], ...]
) -> None:
    side = 28 if rule == "large-kernel" else 16
    (finding,) = found(rule, row_of(written), f"{{x: [N, 64, {side}, {side}]}}")
    assert finding.remedy is not None
    (change,) = finding.remedy.changes
    assert isinstance(change, SplitItem)
    assert (change.path, change.attribute, change.parts) == ("large", "kernel", parts)
    rows = row_of(written), ", ".join(row_of(written | part | {"id": f"part{n}"}) for n, part in enumerate(parts))
    whole, split = (load_graph(spec(f"layers: [{row}]", f"{{x: [N, 64, {side}, {side}]}}")) for row in rows)
    assert str(list(whole)[-1].types) == str(list(split)[-1].types)
    macs = [f"{Facts(graph).cost.total.macs:,} MACs" for graph in (split, whole)]
    assert f"take {macs[0]} for its {macs[1].removesuffix(' MACs')} (" in finding.message


def row_of(attributes: dict[str, str]) -> str:
    every = {"id": "large", "channels": "64"} | attributes
    return f"{{conv: {{{', '.join(f'{name}: {value}' for name, value in every.items())}}}}}, relu"


@pytest.mark.parametrize(("channels", "times"), [(15, 0), (16, 1)])
def test_a_large_convolution_over_an_image_itself_is_left_alone(channels: int, times: int) -> None:
    assert len(found("large-kernel", conv(16, 5), f"{{x: [N, {channels}, 28, 28]}}")) == times


def test_strided_factors_pay_for_the_places_they_work_on() -> None:
    assert not found("large-kernel", conv(64, 5, stride=2), "{x: [N, 64, 28, 28]}")


def test_a_padding_that_factors_cannot_share_is_left_to_the_reader() -> None:
    row = "{conv: {kernel: 5, padding: 1, channels: 64}}"
    (finding,) = found("large-kernel", row, "{x: [N, 64, 28, 28]}")
    assert finding.remedy is None


# Balance.


@pytest.mark.parametrize(
    ("narrow", "reduce", "times"),
    [(15, 64, 0), (14, 64, 1), (14, 16, 0)],
    ids=["a tenth of the channels", "fewer", "for little"],
)
def test_a_branch_that_takes_much_and_gives_little_is_told(narrow: int, reduce: int, times: int) -> None:
    branch = f"{{conv: {{id: reduce, kernel: 1, channels: {reduce}}}}}, relu, "
    last = f"{{conv: {{id: narrow, kernel: 3, padding: same, channels: {narrow}}}}}"
    wide = "{conv: {id: wide, kernel: 1, channels: 128}}"
    layers = f"{{concat: {{branches: [[{wide}], [{branch}{last}]]}}}}"
    findings = found("concat-imbalance", layers, "{x: [N, 64, 14, 14]}")
    assert len(findings) == times
    for finding in findings:
        assert finding.message == (
            "the branch that ends in `narrow` takes 60% of the MACs of `0`, and gives 14 channels, 10% of them"
        )


@pytest.mark.parametrize(
    ("layers", "times"),
    [
        (f"{conv(96)}, {conv(32, 1)}, {conv(95, stride=2)}, {END}", 1),
        (f"{conv(96)}, {conv(32, 1)}, {conv(96, stride=2)}, {END}", 0),
        (f"{conv(96)}, {conv(32, 1)}, {conv(64, stride=2)}, {conv(96)}, {END}", 0),
        (f"{conv(96)}, {conv(192, stride=2)}, {conv(64, 1)}, {END}", 0),
        (f"{conv(96)}, {conv(48, stride=2)}, {END}", 0),
        (f"{conv(96)}, {conv(32, 1)}, {{max_pool: 2}}, {END}", 0),
    ],
    ids=["fewer", "as many", "as many later on", "a last 1x1", "told as a bottleneck", "a last pool"],
)
def test_the_widest_tensors_of_grids_do_not_get_narrower(layers: str, times: int) -> None:
    findings = found("width-drops-as-grid-shrinks", layers)
    assert len(findings) == times
    for finding in findings:
        assert finding.message.endswith("makes has 95 channels at its widest, the one before it 96")


def stages(*widths: int) -> str:
    return ", ".join(conv(width, stride=2) for width in widths)


@pytest.mark.parametrize(
    ("layers", "shares"),
    [
        (f"{stages(32, 64)}, {conv(64)}, {stages(192, 64)}", None),
        (
            f"{stages(32, 64)}, {conv(64)}, {stages(128, 64)}",
            "(32x32 4%, 8x8 23%, 4x4 6%)",
        ),
        (f"{stages(32, 64)}, {conv(64)}, {stages(64)}", None),
    ],
    ids=["59%", "68%", "of three grids"],
)
def test_one_of_four_grids_may_take_three_fifths_of_the_macs(layers: str, shares: str | None) -> None:
    messages = [finding.message for finding in found("stage-imbalance", layers)]
    assert messages == ([f"the 16x16 grid takes 68% of the MACs, more than 60% {shares}"] if shares else [])


@pytest.mark.parametrize(("side", "times"), [(14, 1), (15, 0)])
def test_a_layer_is_unproductive_once_its_input_has_seen_more_than_the_image(side: int, times: int) -> None:
    findings = found(
        "unproductive-layer", f"{stages(8, 8, 8)}, {conv(8)}, {conv(8, 1)}", f"{{x: [N, 3, {side}, {side}]}}"
    )
    assert [finding.message for finding in findings] == [
        "what `6` reads has seen 15x15 pixels already, and the image is 14x14"
    ] * times


def test_a_sequence_is_seen_by_places() -> None:
    (finding,) = found("unproductive-layer", f"{stages(8, 8, 8)}, {conv(8)}, {conv(8, 1)}", "{x: [N, 3, 14]}")
    assert finding.message == "what `6` reads has seen 15 places already, and the sequence is 14"
    assert finding.help == "leave it out, stride later, or take a longer sequence"


def test_a_short_way_around_keeps_a_layer_productive() -> None:
    residual = f"{{add: {{branches: [[], [{{sequence: {{id: long, layers: [{conv(8, 9)}, {conv(8, 9)}]}}}}]]}}}}"
    assert not found("unproductive-layer", f"{residual}, {conv(8)}", "{x: [N, 8, 12, 12]}")
