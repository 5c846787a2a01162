"""`training:` read, held to the network, carried through `extends` and the canonical form."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from archspec.compiler import check_spec, load_graph
from archspec.frontend.canonical import print_canonical
from archspec.recipe.averaging import ExponentialMovingAverage, Polyak
from archspec.recipe.group import Group
from archspec.recipe.loss import CrossEntropy, MeanSquaredError
from archspec.recipe.optimizer import SGD, RMSprop
from archspec.recipe.part import Duration
from archspec.recipe.schedule import Constant, Exponential, Step, Warmup
from archspec.recipe.training import Training
from tests.specs import errors, load, spec

NETWORK = """
params: {normalize: true, rate: 0.1, times: [30 epochs, 60 epochs], kind: cross_entropy}
layers:
  - conv: {id: stem, kernel: 3, channels: 8}
  - batch_norm: {id: bn, if: $normalize}
  - global_avg_pool
  - flatten
  - linear: {id: logits, features: 10}
heads:
  aux: [{global_avg_pool: {from: stem, when: training}}, {flatten: {when: training}}]
outputs: {logits: logits, aux: aux}
training:
"""


def with_recipe(text: str) -> str:
    return NETWORK + indent(dedent(text), "  ")


def recipe(text: str, **params: Any) -> Training:
    training = load(with_recipe(text), **params).training
    assert isinstance(training, Training)
    return training


def test_a_spec_without_a_recipe_has_none_and_loads_no_models_of_recipes() -> None:
    assert load("layers: [relu]").training is None
    program = (
        "import sys\nfrom archspec.compiler import check_spec\nfrom archspec.source.span import Source\n"
        f"assert not check_spec(Source('spec', {spec('layers: [relu]').text!r})).failed\n"
        "print(*(name for name in sys.modules if name in "
        "('archspec.recipe.training', 'archspec.frontend.training', 'archspec.recipe.loss', 'torch')))"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)
    assert run.stdout.split() == []


def test_every_part_is_read() -> None:
    assert recipe(
        """
        loss: {logits: {cross_entropy: {label_smoothing: 0.1}, weight: 2}, aux: none}
        optimizer: {rmsprop: {lr: 0.045, eps_inside_root: true, groups: [{of: norms, weight_decay: 0}]}}
        schedule: {exponential: {gamma: 0.94, every: 2 epochs}, warmup: {over: 5 epochs, start: 0.1}}
        clip_grad_norm: 2.0
        averaging: {ema: {decay: 0.99}}
        epochs: 100
        batch_size: 1600
        """
    ) == Training(
        loss={"logits": CrossEntropy(label_smoothing=0.1, weight=2), "aux": None},
        optimizer=RMSprop(lr=0.045, eps_inside_root=True, groups=(Group(of=("norms",), weight_decay=0),)),
        schedule=Exponential(
            gamma=0.94, every=Duration(2, "epochs"), warmup=Warmup(over=Duration(5, "epochs"), start=0.1)
        ),
        clip_grad_norm=2.0,
        averaging=ExponentialMovingAverage(decay=0.99),
        epochs=100,
        batch_size=1600,
    )


def test_a_part_may_be_a_name_and_a_warm_up_its_length() -> None:
    training = recipe("averaging: polyak\nschedule: {constant: {}, warmup: 500 steps}\nclip_grad_value: 1")
    assert training.averaging == Polyak()
    assert training.schedule == Constant(warmup=Warmup(over=Duration(500, "steps")))
    assert recipe("schedule: constant").schedule == Constant()


def test_parts_may_be_left_out() -> None:
    assert recipe("{}") == Training()


def test_parameters_of_the_spec_stand_in_values_at_any_depth() -> None:
    text = """
    loss: {logits: {$kind: {label_smoothing: 0.1}, weight: $(rate * 3)}, aux: none}
    """
    assert errors(with_recipe(text)) == [("unknown-loss", "$kind")]  # a key is no value
    training = recipe(
        """
        loss: {logits: $kind, aux: {mse: {}, weight: $(rate * 3)}}
        optimizer: {sgd: {lr: $rate, groups: [{under: stem, lr_factor: $(rate / 2)}]}}
        schedule: {step: {at: $times}}
        """,
        rate=0.2,
    )
    assert training.loss == {"logits": CrossEntropy(), "aux": MeanSquaredError(weight=0.2 * 3)}
    assert training.optimizer == SGD(lr=0.2, groups=(Group(under=("stem",), lr_factor=0.1),))
    assert training.schedule == Step(at=(Duration(30, "epochs"), Duration(60, "epochs")))


def test_a_parameter_without_a_value_is_said_once() -> None:
    text = "params: {rate: float}\nlayers: [relu]\ntraining: {optimizer: {sgd: {lr: $rate}}}"
    assert errors(text) == [("missing-parameter", "rate")]


def test_mistakes_in_all_parts_are_said_at_once() -> None:
    text = """
    loss: {logits: $unknown, aux: {mse: {}, weight: -1}}
    optimizer: {sgd: {lr: 0, momentum: $rat, groups: [{of: norms, lr: 1}]}}
    schedule: {exponential: {gamma: 0.9, evry: 1 epoch}}
    """
    assert errors(with_recipe(text)) == [
        ("unknown-parameter", "unknown"),
        ("wrong-value", "-1"),
        ("wrong-value", "0"),
        ("unknown-parameter", "rat"),
        ("unknown-attribute", "lr"),
        ("unknown-attribute", "evry"),
    ]


@pytest.mark.parametrize(
    "part", ["loss: 3", "optimizer: [sgd]", "schedule: null", "averaging: {}", "loss: {logits: 1}"]
)
def test_what_has_no_form_of_a_part_is_a_wrong_value(part: str) -> None:
    names = {name for name, _ in errors(with_recipe(part))}
    assert "wrong-value" in names
    assert names <= {"wrong-value", "missing-loss"}


def test_what_vanishes_by_a_condition_needs_nothing_and_is_in_no_canonical_form() -> None:
    text = """
    params: {aux: true}
    layers:
      - conv: {id: stem, kernel: 3, channels: 8}
    heads:
      aux: {if: $aux, from: stem, layers: [{conv: {id: conv, kernel: 1, channels: 8}}]}
    outputs: {stem: stem, aux: aux}
    training:
      loss: {stem: mse, aux: mse}
      optimizer: {sgd: {lr: 0.1, groups: [{under: aux, lr_factor: 2}, {under: [stem, aux.conv], lr_factor: 3}]}}
    """
    there, gone = load(text).training, load(text, aux=False).training
    assert (list(there.loss), list(gone.loss)) == (["stem", "aux"], ["stem"])
    assert gone.optimizer.groups == (Group(under=("stem",), lr_factor=3),)


def test_mistakes_in_the_network_are_not_said_again() -> None:
    text = NETWORK.replace("kernel: 3,", "kernel: 33,") + "  loss: {logits: mse, aux: mse}\n"
    text += "  optimizer: {sgd: {lr: 0.1, groups: [{under: stem}, {of: norms}]}}\n"
    assert [name for name, _ in errors(text)] == ["side-not-positive"]


def test_a_recipe_is_merged_by_its_keys_when_a_spec_is_extended(tmp_path: Path) -> None:
    base = with_recipe(
        """
        loss: {logits: cross_entropy, aux: mse}
        optimizer: {sgd: {lr: 0.1, momentum: 0.9}}
        schedule: {step: {at: 30 epochs}}
        averaging: ema
        """
    )
    (tmp_path / "base.yaml").write_text(spec(base).text, encoding="utf-8")
    (tmp_path / "child.yaml").write_text(
        "archspec: 1\nname: child\nextends: base.yaml\n"
        "training: {optimizer: {rmsprop: {lr: 0.2}}, averaging: null, epochs: 3}\n",
        encoding="utf-8",
    )
    assert not len(check_spec(tmp_path / "child.yaml"))
    assert load_graph(tmp_path / "child.yaml").training == Training(
        loss={"logits": CrossEntropy(), "aux": MeanSquaredError()},
        optimizer=RMSprop(lr=0.2),
        schedule=Step(at=(Duration(30, "epochs"),)),
        epochs=3,
    )


def test_the_canonical_form_leaves_nothing_implicit() -> None:
    text = """
    loss: {logits: cross_entropy, aux: none}
    optimizer: {sgd: {lr: $rate, groups: [{of: norms, weight_decay: 0}]}}
    schedule: {exponential: {gamma: 0.94, every: 2 epochs}, warmup: 100 steps}
    """
    _, printed = print_canonical(load(with_recipe(text))).split("training:\n")
    assert printed == (
        "  loss:\n"
        "    logits: {cross_entropy: {label_smoothing: 0.0}, weight: 1.0}\n"
        "    aux: none\n"
        "  optimizer: {sgd: {lr: 0.1, weight_decay: 0.0, groups: [{of: [norms], lr_factor: 1.0, weight_decay: 0.0}], "
        "momentum: 0.0, nesterov: false}}\n"
        '  schedule: {exponential: {gamma: 0.94, every: "2 epochs", staircase: true}, '
        'warmup: {over: "100 steps", start: 0.0}}\n'
    )
