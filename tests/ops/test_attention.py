"""Attention and positions beside what they are by definition, and beside the modules whose weights they have."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, sin, sqrt
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models.swin_transformer import ShiftedWindowAttention

from archspec.backends.flops import flop_counter
from archspec.backends.program import resolve
from archspec.compiler import compile_spec
from archspec.ir.conditions import Conditions, RuleStopped
from archspec.ir.types import TensorType
from archspec.ops import find
from tests.ops.runner import run
from tests.specs import spec

N, T, S, C = 2, 5, 7, 12


def make(name: str, *inputs: torch.Tensor, **attributes: Any) -> nn.Module:
    """The module that an op with weights is."""
    kind = find(name)
    assert kind is not None
    (step,) = kind.model_validate(attributes).lower(*(TensorType(tuple(each.shape)) for each in inputs))
    module: nn.Module = resolve(step.target)(**step.settings)
    return module


def call(name: str, *inputs: torch.Tensor, **attributes: Any) -> torch.Tensor:
    kind = find(name)
    assert kind is not None
    types = [TensorType(tuple(each.shape), str(each.dtype).removeprefix("torch.")) for each in inputs]
    (output,), _ = run(kind.model_validate(attributes), types, inputs, training=False)
    return output


def same_draws(theirs: Callable[[], nn.Module], ours: Callable[[], nn.Module]) -> tuple[nn.Module, nn.Module]:
    """Two modules made from the same state of the generator, which have the same keys and first values."""
    torch.manual_seed(0)
    their_module = theirs()
    torch.manual_seed(0)
    our_module = ours()
    assert list(our_module.state_dict()) == list(their_module.state_dict())
    torch.testing.assert_close(our_module.state_dict(), their_module.state_dict(), rtol=0, atol=0)
    for weight in our_module.parameters():
        nn.init.normal_(weight)
    their_module.load_state_dict(our_module.state_dict())
    return their_module.double(), our_module.double()


def test_attention_is_a_softmax_of_scaled_products_with_what_is_hidden_left_out() -> None:
    q, k, v = torch.rand(N, 4, T, 6), torch.rand(N, 2, S, 6), torch.rand(N, 2, S, 3)
    mask = torch.rand(N, 1, T, S) > 0.3
    mask[..., 0] = True
    whole_k, whole_v = k.repeat_interleave(2, 1), v.repeat_interleave(2, 1)
    scores = (q @ whole_k.mT / sqrt(6)).masked_fill(~mask, -torch.inf)
    torch.testing.assert_close(call("attention", q, k, v, mask, grouped=True), scores.softmax(-1) @ whole_v)
    causal = (0.5 * q @ whole_k.mT).masked_fill(torch.ones(T, S).tril() == 0, -torch.inf)
    found = call("attention", q, k, v, grouped=True, causal=True, scale=0.5)
    torch.testing.assert_close(found, causal.softmax(-1) @ whole_v)


def test_heads_are_split_and_merged_as_each_other_undo() -> None:
    x = torch.rand(N, T, C)
    heads = call("split_heads", x, heads=3)
    assert torch.equal(heads[:, 1], x[..., 4:8])
    assert torch.equal(call("merge_heads", heads), x)


@pytest.mark.parametrize(
    ("features", "attributes"),
    [([], {}), ([], {"bias": False}), ([12], {}), ([12, 12], {}), ([8, 10], {}), ([8, 10], {"bias": False})],
)
def test_multi_head_attention_is_that_of_torch(features: list[int], attributes: dict[str, Any]) -> None:
    inputs = [torch.rand(N, T, C), *(torch.rand(N, S, each) for each in features)]
    query, key, value = inputs[0], inputs[min(1, len(features))], inputs[-1]
    theirs, ours = same_draws(
        lambda: nn.MultiheadAttention(
            C, 3, batch_first=True, kdim=key.shape[-1], vdim=value.shape[-1], bias=attributes.get("bias", True)
        ),
        lambda: make("multi_head_attention", *inputs, heads=3, **attributes),
    )
    theirs_of = theirs(query.double(), key.double(), value.double(), need_weights=False)[0]
    torch.testing.assert_close(ours(*(each.double() for each in inputs)), theirs_of)


def test_multi_head_attention_hides_what_a_mask_or_the_order_hides() -> None:
    x = torch.rand(N, T, C, dtype=torch.float64)
    theirs, ours = same_draws(
        lambda: nn.MultiheadAttention(C, 3, batch_first=True),
        lambda: make("multi_head_attention", x, torch.ones(T, T), heads=3, mask=True),
    )
    seen = torch.ones(T, T).tril() == 1
    expected = theirs(x, x, x, attn_mask=~seen, need_weights=False)[0]
    torch.testing.assert_close(ours(x, None, None, seen), expected)
    causal = make("multi_head_attention", x, heads=3, causal=True).double()
    causal.load_state_dict(ours.state_dict())
    torch.testing.assert_close(causal(x), expected)


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32])
@pytest.mark.parametrize("shape", [(N, 1, 1, T), (T, T), (3, 1, T)])
def test_an_order_beside_a_mask_hides_what_either_hides(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    x, kept = torch.rand(N, T, C), torch.rand(shape) > 0.4
    kept[..., 0] = True
    mask = kept if dtype == torch.bool else torch.rand(shape).masked_fill(~kept, -torch.inf)
    later = ~torch.ones(T, T).tril().bool()
    both = mask & ~later if dtype == torch.bool else mask.masked_fill(later, -torch.inf)
    module = make("multi_head_attention", x, mask, heads=3, mask=True, causal=True)
    plain = make("multi_head_attention", x, mask, heads=3, mask=True)
    plain.load_state_dict(module.state_dict())
    torch.testing.assert_close(module(x, None, None, mask), plain(x, None, None, both))
    q, k, v = torch.rand(3, N, 3, T, 4)
    torch.testing.assert_close(call("attention", q, k, v, mask, causal=True), call("attention", q, k, v, both))


@pytest.mark.parametrize(
    ("attributes", "inputs", "said", "help"),
    [
        ({}, [TensorType((N, T, C)), TensorType((N, T), "bool")], "the last is bool[2, 5]", "write `mask: true`"),
        ({}, [TensorType((N, T, C)), TensorType((T, T))], "the last is [5, 5]", "write `mask: true`"),
        (
            {},
            [TensorType((N, T, C)), TensorType((N, S, C)), TensorType((N, 1, T, S))],
            "the last is [2, 1, 5, 7]",
            "write `mask: true`",
        ),
        ({}, [TensorType((N, T, C)), TensorType((S, C))], "input 2 is [7, 12]", "no help"),
        ({"mask": True}, [TensorType((N, T, C))], "needs a mask behind what attends", "or leave `mask: true` out"),
    ],
)
def test_a_mask_that_is_not_said_to_be_one_or_not_there_is_told_apart_from_keys(
    attributes: dict[str, Any], inputs: list[TensorType], said: str, help: str
) -> None:
    kind, must = find("multi_head_attention"), Conditions()
    assert kind is not None
    with pytest.raises(RuleStopped):
        kind.model_validate({"heads": 3} | attributes).infer(must, *inputs)
    (failure,) = must.failures
    assert said in failure.message
    assert help in (failure.help or "no help")


def test_heads_that_do_not_fall_into_groups_are_shown_with_the_keys_that_say_how_many() -> None:
    kind, must = find("attention"), Conditions()
    assert kind is not None
    q, k = TensorType((N, 8, T, 3)), TensorType((N, 3, T, 3))
    kind.model_validate({"grouped": True}).infer(must, q, k, k)
    assert [failure.ports for failure in must.failures] == [(0, 1)]


def test_grouped_queries_are_heads_whose_keys_and_values_are_the_same() -> None:
    x = torch.rand(N, T, C)
    grouped = make("multi_head_attention", x, heads=4, kv_heads=2, head_size=5)
    whole = make("multi_head_attention", x, heads=4, head_size=5)
    weights = grouped.state_dict()
    for name in ("in_proj_weight", "in_proj_bias"):
        q, k, v = weights[name].split([20, 10, 10])
        repeated = [each.unflatten(0, (2, 5)).repeat_interleave(2, 0).flatten(0, 1) for each in (k, v)]
        weights[name] = torch.cat([q, *repeated])
    whole.load_state_dict(weights)
    torch.testing.assert_close(grouped(x), whole(x))


@pytest.mark.parametrize("shift", [(0, 0), (2, 1), (0, 1)])
@pytest.mark.parametrize("sides", [(8, 9), (7, 5), (4, 3), (3, 7), (1, 1)])
def test_window_attention_is_that_of_torchvision(sides: tuple[int, int], shift: tuple[int, int]) -> None:
    image = torch.rand(N, *sides, C)
    theirs, ours = same_draws(
        lambda: ShiftedWindowAttention(C, [4, 3], list(shift), 3),
        lambda: make("window_attention", image, heads=3, window="4x3", shift=list(shift)),
    )
    torch.testing.assert_close(ours(image.double()), theirs(image.double()))
    torch.testing.assert_close(ours.eval()(image.double()), theirs.eval()(image.double()))


def test_dropout_of_attention_is_in_training_only() -> None:
    heads, image = torch.rand(N, 3, T, 4), torch.rand(N, 6, 6, C)
    dropped = make("attention", heads, heads, heads, dropout=0.5)
    assert not torch.equal(dropped(heads, heads, heads), dropped(heads, heads, heads))
    torch.testing.assert_close(dropped.eval()(heads, heads, heads), call("attention", heads, heads, heads))
    for module, given in (
        (make("multi_head_attention", image[:, 0], heads=3, dropout=0.5), image[:, 0]),
        (make("window_attention", image, heads=3, window=3, dropout=0.5), image),
    ):
        assert not torch.equal(module(given), module(given))
        torch.testing.assert_close(module.eval()(given), module(given))


def test_sinusoidal_positions_are_those_of_the_formula() -> None:
    for interleaved in (True, False):
        table = call("sinusoidal_positions", torch.zeros(1, T, 7), base=100, interleaved=interleaved)[0]
        waves = [(place / 100 ** (2 * (i // 2) / 7), (sin, cos)[i % 2]) for place in range(T) for i in range(7)]
        expected = torch.tensor([wave(angle) for angle, wave in waves]).reshape(T, 7)
        if not interleaved:
            expected = expected[:, [0, 2, 4, 6, 1, 3, 5]]
        torch.testing.assert_close(table, expected)


@pytest.mark.parametrize("attributes", [{}, {"interleaved": False}, {"features": 4, "base": 10}])
def test_rotated_tokens_make_of_each_other_what_depends_on_their_distance_alone(attributes: dict[str, Any]) -> None:
    q, k = (torch.rand(6, dtype=torch.float64) for _ in range(2))
    turned_q, turned_k = (call("rotary", each.expand(1, T, 6), **attributes)[0] for each in (q, k))
    scores = turned_q @ turned_k.T
    for distance in range(1 - T, T):
        diagonal = scores.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal))
    assert len(set(scores[0].tolist())) == T
    torch.testing.assert_close(turned_q[0], q)
    torch.testing.assert_close(turned_q.norm(dim=-1), q.norm().expand(T))


def test_both_layouts_of_rotary_turn_the_same_pairs() -> None:
    x = torch.rand(N, T, 6)
    halves = call("rotary", x[..., [0, 2, 4, 1, 3, 5]], interleaved=False)
    torch.testing.assert_close(call("rotary", x), halves[..., [0, 3, 1, 4, 2, 5]])


def test_what_attends_can_be_exported_for_any_number_of_samples_and_tokens() -> None:
    rows = """
        layers:
          - prepend_tokens: {id: first, from: x}
          - position_embedding: {id: position, tokens: 20}
          - sinusoidal_positions
          - multi_head_attention: {id: attend, heads: 4, kv_heads: 2, causal: true, dropout: 0.1}
          - split_heads: {id: heads, heads: 3}
          - rotary: {id: turned}
          - attention: {from: [turned, turned, heads], dropout: 0.1}
          - merge_heads: {id: tokens}
        heads: {windows: {window_attention: {from: image, heads: 3, window: 3, shift: 1}}}
        outputs: {tokens: tokens, windows: windows}
    """
    module = compile_spec(spec(rows, "{x: [N, T=9, 12], image: [N, 6, 9, 12]}")).eval()
    samples, tokens = torch.export.Dim("samples"), torch.export.Dim("tokens", max=19)
    exported = torch.export.export(
        module,
        (torch.rand(N, 9, C), torch.rand(N, 6, 9, C)),
        dynamic_shapes=({0: samples, 1: tokens}, {0: samples}),
    )
    given = torch.rand(3, 14, C), torch.rand(3, 6, 9, C)
    torch.testing.assert_close(tuple(exported.module()(*given)), tuple(module(*given)))


@pytest.mark.parametrize(
    ("name", "attributes", "shapes"),
    [
        ("attention", {}, [(1, 6, 5, 4), (1, 6, 7, 4), (3, 6, 7, 4)]),
        ("attention", {"grouped": True}, [(1, 6, 5, 4), (1, 2, 7, 4), (3, 2, 7, 3)]),
        ("multi_head_attention", {"heads": 3}, [(1, 5, 12), (1, 7, 12), (3, 7, 12)]),
    ],
)
def test_scores_that_all_values_of_a_batch_go_with_are_computed_once(
    name: str, attributes: dict[str, Any], shapes: list[tuple[int, ...]]
) -> None:
    kind, types = find(name), [TensorType(shape) for shape in shapes]
    assert kind is not None
    op = kind.model_validate(attributes)
    output = op.infer(Conditions(), *types)
    assert isinstance(output, TensorType)
    with flop_counter() as counter:
        run(op, types, [torch.rand(shape) for shape in shapes], training=False)
    assert 2 * op.macs(types, [output]) == counter.get_total_flops()
