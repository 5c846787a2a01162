"""Write the reference files and figures that come from the code: `python docs/generate.py [--check]`.

`--check` writes nothing, names the files that are not what they should be, and exits with 1 when there are any.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import click
from library import library_page, table
from pictures import figures
from pydantic import BaseModel

from archspec.commands.main import COMMANDS, cli
from archspec.frontend.json_schema import build_schema
from archspec.ir.conditions import Conditions
from archspec.ir.describe import Attribute, OpPage, attributes_of, describe
from archspec.ir.op import Example, Op, Weight
from archspec.ir.types import TensorType
from archspec.ops import TABLE, find, names
from archspec.ops._generate import collect, table_text
from archspec.passes import PASSES
from archspec.passes.pass_type import Pass
from archspec.recipe.averaging import AVERAGES
from archspec.recipe.group import Group
from archspec.recipe.loss import LOSSES
from archspec.recipe.optimizer import OPTIMIZERS
from archspec.recipe.part import Part
from archspec.recipe.schedule import SCHEDULES, Warmup
from archspec.recipe.training import Training
from archspec.rules import RULES
from archspec.rules.rule import Rule
from archspec.source.catalog import PAGES

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 100
"""Of the help of commands."""


def ops_page() -> str:
    """`docs/ops.md`: every op with its attributes, its weights and an example."""
    ops = [op for name in names() if (op := find(name)) is not None]
    categories: dict[str, list[type[Op]]] = {}
    for op in sorted(ops, key=lambda op: (op.category, op.name)):
        categories.setdefault(op.category, []).append(op)
    parts = [
        "# Ops",
        _generated("the classes in `archspec/ops/`"),
        "Every op that a spec can name, by category. `archspec ops NAME` prints the same on a terminal. The keys that "
        "every item may have beside these attributes (`id`, `from`, `repeat`, ...) are in [language.md](language.md).",
        "\n".join(f"- {category}: {', '.join(map(_link, found))}" for category, found in categories.items()),
    ]
    for category, found in categories.items():
        parts.append(f"## {category.capitalize()}")
        parts.extend(_op_section(op) for op in found)
    return _joined(parts)


RECIPES: list[tuple[str, str, dict[str, Any], type[BaseModel] | None]] = [
    ("Losses", "`loss` has one of these for every output, or `none`.", LOSSES, None),
    ("Optimisers", "`optimizer` is one of these; its `groups` are a list of groups.", OPTIMIZERS, Group),
    ("Schedules", "`schedule` is one of these, a warm-up beside it where one is wanted.", SCHEDULES, Warmup),
    ("Averages", "`averaging` is one of these.", AVERAGES, None),
]
"""The sections of the page of recipes: what is chosen from, and the model of what is part of each."""


def recipes_page() -> str:
    """`docs/recipes.md`: everything that `training:` may say."""
    parts = [
        "# Recipes",
        _generated("the models in `archspec/recipe/`"),
        "Everything that `training:` may say. [training.md](training.md) tells how it is used.",
        _attribute_table(attributes_of(Training)),
    ]
    for title, text, kinds, member in RECIPES:
        parts += [f"## {title}", text]
        beside = next(iter(kinds.values())).beside
        if beside:
            described = [a for a in attributes_of(next(iter(kinds.values()))) if a.name in beside]
            parts += ["Beside the name of any of them:", _attribute_table(described)]
        if member is not None:
            parts += [f"*{member.__name__}*: {inspect.getdoc(member)}", _attribute_table(attributes_of(member))]
        parts.extend(_kind_section(kind) for kind in kinds.values())
    return _joined(parts)


def _kind_section(kind: type[Part]) -> str:
    settings = [attribute for attribute in attributes_of(kind) if attribute.name not in kind.beside]
    return "\n\n".join(
        [f"### {kind.name}", inspect.getdoc(kind) or "", *([_attribute_table(settings)] if settings else [])]
    )


def diagnostics_page() -> str:
    """`docs/diagnostics.md`: every rule and every other diagnostic, by name."""
    parts = [
        "# Diagnostics",
        _generated("`archspec/source/catalog.md` and the rules in `archspec/rules/`"),
        "Everything that `archspec check` can say, by the name in the brackets of `error[shape-mismatch]`. "
        "`archspec explain NAME` prints the same on a terminal.",
        "## Rules",
        "A rule judges a network that could be built. `checks:` sets the severity of one for a spec, `allow:` silences "
        "one on an item, with the reason.",
    ]
    for rule in sorted(RULES, key=lambda rule: rule.name):
        text = re.sub(r"^## ", "#### ", inspect.getdoc(rule) or "", flags=re.MULTILINE)
        parts.append(f"### {rule.name}\n\n{text}\n\n{_of_rule(rule)}")
    parts += ["## Errors in a spec", "What keeps a spec from being built."]
    for name, page in sorted(PAGES.items()):
        parts.append(f"### {name}\n\n{page.summary}\n\n{page.text}".rstrip())
    return _joined(parts)


def _of_rule(rule: Rule) -> str:
    """The severity of a rule, and its thresholds."""
    severity = f"Severity: {rule.severity}, unless `checks:` says otherwise."
    if not rule.settings:
        return severity
    rows = [[f"`{name}`", f"{setting.default:g}", setting.doc] for name, setting in rule.settings.items()]
    return f"{severity}\n\n{table(['setting', 'default', ''], rows)}"


def passes_page() -> str:
    """`docs/passes.md`: every pass, what it does and when that is legal."""
    parts = [
        "# Passes",
        _generated("`PASSES` in `archspec/passes/`"),
        "What `archspec.optimize` rewrites in a network for inference, in this order. Each pass leaves every output of "
        "eval mode what it was but for rounding, at all sizes; the module and its weights stay as they are. Where it "
        "depends on the machine whether a pass helps, it is only kept where it was seen to.",
        table(["pass", "does", "kept"], [_pass_row(each) for each in PASSES]),
    ]
    return _joined([*parts, *(f"## {each.name}\n\n{_doc_of(each)}" for each in PASSES)])


def _pass_row(each: Pass) -> list[str]:
    return [f"[{each.name}](#{each.name})", each.does, "where it helps" if each.is_measured else "always"]


def _doc_of(each: Pass) -> str:
    doc = inspect.getdoc(inspect.getmodule(each.rewrite))
    assert doc is not None, f"the module of {each.name} says what it does and when that is legal"
    return doc


def cli_page() -> str:
    """`docs/cli.md`: the help of every command."""
    parts = ["# Commands", _generated("the commands themselves"), _help(cli, "archspec")]
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None, "the table of commands has it"
        parts += [f"## archspec {name}", _help(command, f"archspec {name}")]
    return _joined(parts)


def schema_file() -> str:
    """`docs/spec.schema.json`: what editors complete and check specs with."""
    return json.dumps(build_schema(RULES), indent=2) + "\n"


FILES: dict[str, Callable[[], str]] = {
    "specs/README.md": library_page,
    "docs/ops.md": ops_page,
    "docs/recipes.md": recipes_page,
    "docs/diagnostics.md": diagnostics_page,
    "docs/passes.md": passes_page,
    "docs/cli.md": cli_page,
    "docs/spec.schema.json": schema_file,
    "archspec/ops/_table.py": table_text,
}


def stale(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """The files below `root` that are not what the code says, each with what it should hold."""
    TABLE.clear()  # an op that was just added is in no table yet, and should be in all files after one run
    TABLE.update(collect())
    find.cache_clear()
    yield from differing(((name, make()) for name, make in FILES.items()), root)


def differing(contents: Iterable[tuple[str, str]], root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """The files below `root` that do not hold what they should, each with that."""
    for name, text in contents:
        path = root / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield path, text


_DRAWN_BY: Final = re.compile(r"<!-- drawn by (.*) -->")


def main(arguments: list[str]) -> int:
    """Write the stale files, or with `--check` only name them; returns the exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: python docs/generate.py [--check]", file=sys.stderr)
        return 2
    found = [*stale(), *differing(figures().items())]
    for path, text in found:
        if arguments:
            print(complaint(path, text), file=sys.stderr)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if arguments and found else 0


def complaint(path: Path, text: str) -> str:
    """What to say of a file that does not hold a text; of a figure, whether another version of the engine drew it."""
    said = f"{path.relative_to(ROOT)} is not current: python docs/generate.py writes it"
    before = _DRAWN_BY.search(path.read_text(encoding="utf-8")) if path.exists() else None
    now = _DRAWN_BY.search(text)
    if before is None or now is None or before[1] == now[1]:
        return said
    return f"{said}; {before[1]} drew it, and here draws {now[1]}: constraints.txt says which version is to"


def _generated(source: str) -> str:
    return f"<!-- Generated by docs/generate.py from {source}: change those, then run `make docs`. -->"


def _joined(parts: list[str]) -> str:
    return "\n\n".join(parts) + "\n"


def _help(command: click.Command, name: str) -> str:
    help_names = cli.context_settings["help_option_names"]
    context = click.Context(
        command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH, help_option_names=help_names
    )
    return f"```text\n{command.get_help(context).rstrip()}\n```"


def _link(op: type[Op]) -> str:
    return f"[{op.name}](#{op.name})"


def _op_section(op: type[Op]) -> str:
    page = describe(op)
    parts = [f"### {op.name}", page.summary]
    if page.text:
        parts.append(page.text)
    parts.append(_interface(page))
    if page.attributes:
        parts.append(_attribute_table(page.attributes))
    parts.append(_example_text(op, op.examples[0]))
    return "\n\n".join(parts)


def _interface(page: OpPage) -> str:
    if page.is_variadic:
        takes = "any number of inputs, at least one; may hold `branches`"
    else:
        takes = ", ".join(f"`{name}`" for name in page.inputs) or "no input: it is a source"
    gives = f" Gives {', '.join(f'`{name}`' for name in page.outputs)}, as its attributes say." if page.outputs else ""
    shorthand = f" `- {page.name}: VALUE` sets `{page.shorthand}`." if page.shorthand else ""
    return f"Takes {takes}.{gives}{shorthand}"


def _attribute_table(attributes: Iterable[Attribute]) -> str:
    rows = map(_attribute_row, attributes)
    return "\n".join(["| attribute | takes | default | |", "| --- | --- | --- | --- |", *rows])


def _attribute_row(attribute: Attribute) -> str:
    if attribute.is_required:
        default = "required"
    else:
        default = "left out" if attribute.default is None else f"`{_flow(attribute.default)}`"
    cells = (f"`{attribute.name}`", attribute.takes, default, attribute.doc)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _example_text(kind: type[Op], example: Example) -> str:
    op = kind.model_validate(dict(example.attributes))
    types = op.infer(Conditions(), *example.inputs)
    given = types if isinstance(types, tuple) else (types,)
    attributes = f": {_flow(dict(example.attributes))}" if example.attributes else ""
    takes = f"{_types(example.inputs)} to " if example.inputs else ""
    lines = f"`- {kind.name}{attributes}`: {takes}{_types(given)}"
    weights = op.weights(*example.inputs)
    if not weights:
        return f"{lines}, without weights."
    listed = ", ".join(f"{_weight_name(name, weight)} {_shape(weight.shape)}" for name, weight in weights.items())
    return f"{lines}, with the weights {listed}."


def _weight_name(name: str, weight: Weight) -> str:
    kind = "" if weight.kind == "parameter" else f"{weight.kind} "
    return f"{kind}`{name}`" if name else f"{kind}at the item's own path"


def _types(types: tuple[TensorType, ...]) -> str:
    return " and ".join(map(str, types))


def _shape(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _flow(value: Any) -> str:
    """A value as a spec writes it."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
