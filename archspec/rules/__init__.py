"""Judgements: one named rule a file, in the order in which they run."""

from __future__ import annotations

from collections.abc import Iterable

from archspec.analysis.facts import Facts
from archspec.ir.graph import Graph
from archspec.rules.activation_missing import ActivationMissing
from archspec.rules.auxiliary_in_inference import AuxiliaryInInference
from archspec.rules.auxiliary_without_batch_norm import AuxiliaryWithoutBatchNorm
from archspec.rules.bias_before_batch_norm import BiasBeforeBatchNorm
from archspec.rules.concat_imbalance import ConcatImbalance
from archspec.rules.dead_node import DeadNode
from archspec.rules.double_activation import DoubleActivation
from archspec.rules.dropout_before_batch_norm import DropoutBeforeBatchNorm
from archspec.rules.even_kernel import EvenKernel
from archspec.rules.expensive_reduction import ExpensiveReduction
from archspec.rules.factorise_asymmetric import FactoriseAsymmetric
from archspec.rules.identity_op import IdentityOp
from archspec.rules.large_kernel import LargeKernel
from archspec.rules.linear_between_factors import LinearBetweenFactors
from archspec.rules.linear_over_space import LinearOverSpace
from archspec.rules.missing_reduction import MissingReduction
from archspec.rules.pooling_only_reduction import PoolingOnlyReduction
from archspec.rules.representational_bottleneck import RepresentationalBottleneck
from archspec.rules.residual_scale_range import ResidualScaleRange
from archspec.rules.rule import Case, Finding, Rule
from archspec.rules.runs_at_no_size import RunsAtNoSize
from archspec.rules.softmax_before_cross_entropy import SoftmaxBeforeCrossEntropy
from archspec.rules.stage_imbalance import StageImbalance
from archspec.rules.together import said_once
from archspec.rules.unmet_contract import UnmetContract
from archspec.rules.unproductive_layer import UnproductiveLayer
from archspec.rules.unscaled_residual import UnscaledResidual
from archspec.rules.unused_allowance import UnusedAllowance
from archspec.rules.unused_block import UnusedBlock
from archspec.rules.unused_parameter import UnusedParameter
from archspec.rules.width_drops_as_grid_shrinks import WidthDropsAsGridShrinks
from archspec.source.diagnostic import Diagnostics, Severity
from archspec.source.span import Span

RULES: tuple[Rule, ...] = (
    DeadNode(),
    RunsAtNoSize(),
    UnmetContract(),
    LinearOverSpace(),
    RepresentationalBottleneck(),
    ExpensiveReduction(),
    PoolingOnlyReduction(),
    MissingReduction(),
    LargeKernel(),
    FactoriseAsymmetric(),
    ConcatImbalance(),
    WidthDropsAsGridShrinks(),
    StageImbalance(),
    UnproductiveLayer(),
    ActivationMissing(),
    LinearBetweenFactors(),
    DoubleActivation(),
    BiasBeforeBatchNorm(),
    DropoutBeforeBatchNorm(),
    EvenKernel(),
    IdentityOp(),
    UnscaledResidual(),
    ResidualScaleRange(),
    AuxiliaryInInference(),
    AuxiliaryWithoutBatchNorm(),
    SoftmaxBeforeCrossEntropy(),
    UnusedParameter(),
    UnusedBlock(),
    UnusedAllowance(),  # the last one: it looks at what the others were silenced by
)


def judge(
    graph: Graph,
    found: Diagnostics,
    rules: Iterable[Rule] = RULES,
    *,
    errors_only: bool = False,
    apart: bool = False,
) -> None:
    """Hold a graph without errors to every rule that is not off.

    Args:
        graph: an inferred graph.
        found: takes the findings.
        rules: those to ask, in this order.
        errors_only: whether findings are of no use where none of them is an error; the rules that find errors are
            asked first then, and the others only where one is found.
        apart: whether every finding is told by itself, and not with others of its kind.
    """
    if found.failed:
        return
    if errors_only and "error" not in graph.severities.values():
        _ask([rule for rule in rules if Severity.ERROR in (rule.severity, rule.worst)], graph, errors := Diagnostics())
        if not errors.failed:
            return
    _ask(rules, graph, found, apart=apart)


def _ask(rules: Iterable[Rule], graph: Graph, found: Diagnostics, *, apart: bool = False) -> None:
    case = Case(graph, Facts(graph))
    for rule in rules:
        severity = graph.severities.get(rule.name)
        if severity == "off":
            continue
        asked = type(rule)(graph.thresholds[rule.name]) if rule.name in graph.thresholds else rule
        case.judged.add(rule.name)
        findings = [finding for finding in asked.check(case) if not _is_allowed(finding, rule.name, case)]
        for finding in findings if apart else said_once(findings):
            found.add(finding.diagnostic(rule.name, Severity(severity or finding.severity or rule.severity)))


def _is_allowed(finding: Finding, rule: str, case: Case) -> bool:
    allowance = None if isinstance(finding.at, Span) else finding.at.allow.get(rule)
    if allowance is not None:
        case.silencing.append(allowance)
    return allowance is not None


def by_name() -> dict[str, Rule]:
    """All rules by name."""
    return {rule.name: rule for rule in RULES}
