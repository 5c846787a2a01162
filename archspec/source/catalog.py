"""The pages of diagnostics by name, as `archspec explain NAME` prints them; rules are explained by their docstrings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Page(NamedTuple):
    """The page of a diagnostic."""

    name: str
    summary: str
    """What is wrong, in a line."""
    text: str
    """Why it is an error, and what to do."""


def _pages(*pages: Page) -> Mapping[str, Page]:
    return {page.name: page for page in pages}


PAGES: Final = _pages(
    # Files
    Page(
        "file-not-found",
        "A file that was named is not there.",
        "Paths on the command line are relative to where you are; those in `include` and `extends` are\n"
        "relative to the file that they are written in.",
    ),
    Page(
        "file-unreadable",
        "A file cannot be read, or is no regular file.",
        "A spec is a regular file: no folder, device or pipe. Check its permissions.",
    ),
    Page(
        "file-too-large",
        "A file is larger than any spec needs to be.",
        "What repeats is written once: `blocks` for groups of layers, `repeat` and `each` for rows, `include`\n"
        "for files.",
    ),
    Page(
        "file-outside",
        "An `include` or `extends` leads out of the project.",
        "A spec reads files below its own project only: the nearest folder above it that has a\n"
        "`pyproject.toml` or `.git`, or else the folder that it is in. So a spec from a stranger cannot look\n"
        "around. Symbolic links count as what they lead to; absolute paths and addresses are not read at all.\n"
        "Copy the file into the project.",
    ),
    Page(
        "include-cycle",
        "A file includes or extends itself, directly or through others.",
        "Blocks of one file may use each other in any order, so files that need each other can be one file;\n"
        "or move what both need to a third.",
    ),
    Page(
        "too-many-files",
        "More files are included, or deeper in each other, than any network needs.",
        "Put blocks that are used together into one file.",
    ),
    Page(
        "not-text",
        "A file is no UTF-8 text.",
        "It is binary, or saved in another encoding, such as UTF-16 or Latin-1. Save it as UTF-8.",
    ),
    Page(
        "empty-file",
        "A file has nothing in it.",
        "`archspec new` writes a spec to start from.",
    ),
    Page(
        "not-a-spec",
        "A file is no spec, or describes no network of its own.",
        "A spec is a mapping with `archspec: 1` at its top. A file with `blocks` alone has no network to\n"
        "check; name the spec that includes it.",
    ),
    # YAML
    Page(
        "yaml-syntax",
        "The file cannot be read as YAML.",
        "The place is where reading broke off; the cause is there, or a line or a bracket before. Nothing\n"
        "else is said of the file until this is right. Keys of one mapping start in the same column, and so\n"
        "do items of one list.",
    ),
    Page(
        "yaml-document",
        "A file has more than one YAML document.",
        "A file describes one network, so there is no `---` in the middle of it.",
    ),
    Page(
        "yaml-key",
        "A key of a mapping is no text.",
        "Keys are names. Often a `:` is too many, or a text in braces should be in quotes.",
    ),
    Page(
        "yaml-merge-key",
        "A mapping is merged by `<<`.",
        "Merge keys are no part of YAML 1.2, and hide where a value comes from. `defaults` sets attributes\n"
        "for a file, `blocks` names a group of layers, `extends` changes another spec.",
    ),
    Page(
        "yaml-tag",
        "A value has a YAML tag, such as `!!python/tuple`.",
        "Tags ask a reader to make objects of other kinds, which is how YAML files run code elsewhere. Here a\n"
        "value is a text, a number, true or false, a list or a mapping. Remove the tag, or quote a text that\n"
        "starts with `!`.",
    ),
    Page(
        "undefined-alias",
        "An alias `*name` repeats an anchor that is not there.",
        "An anchor `&name` stands before the value that it names, above the alias. Quote a text that starts\nwith `*`.",
    ),
    Page(
        "alias-cycle",
        "An alias stands inside of its own anchor.",
        "Such a value has no end. Write it out.",
    ),
    Page(
        "too-many-aliases",
        "Aliases repeat more values than any spec needs.",
        "Aliases of aliases grow without bound. `blocks` and `repeat` say the same in the language itself.",
    ),
    Page(
        "too-many-values",
        "A file has more YAML values than any spec needs.",
        "Write what repeats once: `blocks`, `repeat`, `each`.",
    ),
    Page(
        "too-many-errors",
        "Reading stopped after a hundred errors.",
        "The file is hardly meant as a spec; else correct the first ones, which often cause the others.",
    ),
    Page(
        "nested-too-deep",
        "Lists and mappings, or blocks and sequences, are nested deeper than any network needs.",
        "Most often a block is generated and uses the next one without end. Lists of layers need no nesting:\n"
        "each item reads the one before it.",
    ),
    Page(
        "duplicate-key",
        "A mapping has the same key twice.",
        "Many readers keep the last one silently. Remove one of them.",
    ),
    Page(
        "control-character",
        "A file has a character that YAML forbids.",
        "It is not visible, and may hide what the file says. Remove it, or the escape that stands for it.",
    ),
    Page(
        "ambiguous-scalar",
        "A number is written in a way that two versions of YAML read differently.",
        "`010` is 8 to YAML 1.1 and 10 to YAML 1.2; `1_000` is a number to one and text to the other. Write\n"
        "the number plainly, or quote the text.",
    ),
    Page(
        "number-not-finite",
        "A number is infinite, or none.",
        "No attribute takes `.inf` or `.nan`; a number like `1e999` is infinite too.",
    ),
    Page(
        "number-too-long",
        "A number has more digits than any value needs.",
        "Quote it if it is meant as text.",
    ),
    Page(
        "missing-space",
        "A colon has no space after it: `{kernel:3}`.",
        "YAML reads `kernel:3` as one text. Write `kernel: 3`.",
    ),
    Page(
        "unbalanced-expression",
        "An expression `$(...)` is not closed, or is cut off by YAML.",
        "Inside of `{}` and `[]` a comma ends a value, and ` #` begins a comment. Put quotes around an\n"
        'expression that has one: `{channels: "$(max(width, 8))"}`.',
    ),
    # Structure
    Page(
        "missing-key",
        "A spec, a block or a parameter lacks a key that it needs.",
        "A spec needs `archspec: 1`, `name`, `inputs` and `layers`; a block needs `layers`.",
    ),
    Page(
        "unknown-key",
        "A key is not one of those that can stand there.",
        "The keys of specs, blocks, inputs, branches and `expect` are closed sets, so that a typing mistake\n"
        "cannot pass.",
    ),
    Page(
        "misplaced-key",
        "`branches` or `layers` stands where nothing can hold them.",
        "`branches` stand in ops that join several values, such as `concat` and `add`; `layers` in a\n"
        "`sequence`. A block has its layers where it is defined.",
    ),
    Page(
        "item-form",
        "An item of a list is not one op or block with its attributes.",
        "An item has one key: `- conv: {kernel: 3, channels: 64}`, or is a bare name: `- relu`. Attributes on\n"
        "lines of their own are indented further than the name. Some ops take a single value: `- dropout:\n"
        "0.2`.",
    ),
    Page(
        "wrong-name",
        "A block, parameter, input or branch has a name of other characters than names have.",
        "Letters, digits and `_`, not beginning with a digit: names appear in expressions, paths and Python.",
    ),
    Page(
        "reserved-name",
        "A name is taken by the language, by an op, by Python or by torch.",
        "Ids are the names of submodules, so they cannot hide what every module has (`forward`, `type`,\n"
        "`half`); inputs are arguments of `forward`, outputs fields of a named tuple; a parameter cannot be\n"
        "called like a key of items; a block cannot be called like an op.",
    ),
    Page(
        "name-conflict",
        "One name is given to two things that can be meant in the same place.",
        "Two included files, or a file and one that it includes, define a block of one name; or a parameter\n"
        "of a block is called like one of its dims. Rename one of them: nothing is overridden silently.",
    ),
    Page(
        "duplicate-id",
        "Two items have one path.",
        "The path is what `from` refers to, and the key in the `state_dict`. An item without an `id` is\n"
        "called by its position. Unnamed branches add no level, so ids in them have to differ; named branches\n"
        "add one.",
    ),
    Page(
        "not-supported",
        "Something is asked for that this version does not do.",
        "The key is reserved for it. Remove it, so that nothing seems to be in force that is not.",
    ),
    # Ops, blocks and their attributes
    Page(
        "unknown-op",
        "A name is no op, no block that the file can see, and no structure.",
        "`archspec ops` lists the ops. A file sees its own `blocks` and those of the files that it includes,\n"
        "not those that these include in turn.",
    ),
    Page(
        "unusable-op",
        "An op of another package cannot be loaded.",
        "An installed package registers the op, but it cannot be imported or does not follow the contract of\n"
        "ops. Repair, update or remove that package.",
    ),
    Page(
        "unknown-attribute",
        "An op, block or initialiser has no attribute of that name.",
        "`archspec explain conv` lists the attributes of `conv`; those of a block are its `params`. What\n"
        "follows from the inputs, such as the number of input channels, is never written.",
    ),
    Page(
        "missing-attribute",
        "An attribute without a default is not given.",
        "Give it at the item, by `each`, or for a whole file under `defaults`.",
    ),
    Page(
        "wrong-value",
        "A value is of a kind, or in a range, that its key does not take.",
        'Nothing is converted silently: `"64"` is text, `64.0` is no whole number, `no` is text and not\n'
        "`false`. The message says what is expected; for a value from an expression, a label says what it\n"
        "came to.",
    ),
    Page(
        "unknown-parameter",
        "A name in an expression, or in `--set`, is no parameter or dim that is known there.",
        "`$name` stands for one of the `params` of the block or file that it is written in, for a dim that\n"
        "its `in` or `inputs` name, or for an attribute that an `each` around it gives. Blocks do not see the\n"
        "parameters of what uses them: pass them on.",
    ),
    Page(
        "missing-parameter",
        "A parameter of the spec has no value.",
        "A parameter that is declared by a type alone, such as `classes: int`, is required. Give it by `--set\n"
        "classes=10`, by `params={...}` in Python, or give it a default.",
    ),
    Page(
        "wrong-setting",
        "A `--set` option does not read `name=value`.",
        "The value is read as YAML: `--set width=64`, `--set kernel=1x7`, `--set widths=[32,64]`.",
    ),
    Page(
        "wrong-expression",
        "An expression cannot be read or computed.",
        "Expressions have numbers, texts, true and false, the names of parameters and dims, `+ - * // / %`,\n"
        "comparisons, `and`, `or`, `not`, and the functions `min`, `max`, `round`, `ceil`, `floor` and\n"
        "`make_divisible`; at most 400 characters. Nothing else of Python is there. Dims divide by `//`\n"
        "alone.",
    ),
    Page(
        "shape-dependent",
        "`if` or `repeat` depends on dims.",
        "What a network consists of is decided before shapes are known, so that it is the same at every input\n"
        "size. Make it depend on a parameter; attributes may use dims.",
    ),
    Page(
        "turns-differ",
        "`repeat`, `each` and the names in `id` do not come to one number of turns.",
        "`each` gives every attribute a list with one value for each turn; `repeat` beside it is not needed.\n"
        "`id: layer1..6` names six turns.",
    ),
    Page(
        "recursive-block",
        "A block contains itself, directly or through others.",
        "Such a network has no end. Use `repeat`, or a parameter for the part that differs.",
    ),
    Page(
        "too-many-nodes",
        "Blocks and repeats come to more nodes than any network has.",
        "They are counted before they are made. Look for a `repeat` with too many zeros, or blocks that use\n"
        "each other many times at many levels.",
    ),
    # Wiring
    Page(
        "unknown-node",
        "A path names nothing that can be seen from there.",
        "A name is looked up in its own list, then further out up to the border of the block. Of a block,\n"
        "only its `outputs` are seen from outside, except from the lists of the spec itself. `mixed6` is the\n"
        "last turn of a repeat, `mixed6.3` the turn of index 3. An item whose `if` is false is not there.",
    ),
    Page(
        "forward-reference",
        "An item reads one that comes later.",
        "Items are read from top to bottom, and so is the network. Move one of the two.",
    ),
    Page(
        "cycle",
        "An item would depend on itself.",
        "The message shows the way round. A network without state has no cycles: every value is computed\nonce.",
    ),
    Page(
        "nothing-to-read",
        "An item stands where there is nothing before it.",
        "The first item of a list reads the input. Where there are several inputs it has to say which, by\n"
        "`from`; a branch that is empty needs something that comes in.",
    ),
    Page(
        "nothing-to-return",
        "In one of the two phases no output is left.",
        "Outputs that run in training only are gone in eval mode, so a network needs one that runs in both:\n"
        "the main path has no `when`.",
    ),
    Page(
        "several-outputs",
        "An item reads something that has several outputs without saying which.",
        "Name one of them: `from: halves.0`, `from: ways.left`.",
    ),
    Page(
        "wrong-input-count",
        "An op or block is given more or fewer inputs than it takes.",
        "Most ops take one; those that join take any number, from a list in `from` or by their `branches`.",
    ),
    Page(
        "unnamed-weights",
        "An item with weights has no name that a `state_dict` could rely on.",
        "An unnamed branch adds no level to paths, and so an item in it needs an `id` when it has weights; or\n"
        "give the branch a name: `branches: {left: [...], right: [...]}`.",
    ),
    # Shapes
    Page(
        "shape-mismatch",
        "Tensors that have to agree in shape do not.",
        "Ops that join need equal sizes on all axes but, for `concat`, the one along which they are put\n"
        "together. The frame shows both shapes and where each comes from; with symbols it fails because they\n"
        "differ at every size. Strides, paddings and kernels decide height and width; the last `conv` of a\n"
        "branch decides the channels.",
    ),
    Page(
        "shape-assertion",
        "A row says another shape than what was inferred.",
        "`input:` and `output:` on a row are asserted, as the columns of a paper's table. One of the two is\n"
        "wrong: the row, or the layers before it. What follows is checked as if the row were right, so that\n"
        "one mistake is one message.",
    ),
    Page(
        "side-not-positive",
        "A window does not fit into its input: an output side would be less than 1.",
        "A side of x becomes `floor((x + 2 padding - dilation (kernel - 1) - 1) / stride) + 1`. Take a\n"
        "smaller kernel, more padding, a larger input, or fewer strides before. With `ceil_mode` a pool may\n"
        "hang over the edge, as in torch.",
    ),
    Page(
        "same-padding",
        "`padding: same` cannot keep the size.",
        "`same` pads as much on both sides, so that sizes stay and are those of torch. That needs an odd\n"
        "kernel and a stride of 1. With a stride, write the padding as a number.",
    ),
    Page(
        "not-divisible",
        "A size does not fall into equal parts.",
        "Groups need a divisor of the channels; `split` and `unflatten` a divisor of their axis.",
    ),
    Page(
        "wrong-rank",
        "An input has another number of axes than the op works on.",
        "Convolutions and pools need [N, C] and one to three spatial axes; `linear` works on the last axis.\n"
        "`flatten` takes away the spatial axes, so what needs them comes before it.",
    ),
    Page(
        "wrong-axis",
        "An axis is named that the input does not have.",
        "Axes count from 0, which is the batch, or from -1 backwards.",
    ),
    Page(
        "wrong-dtype",
        "An input is of another dtype than the op works on.",
        "Weights are float32; `embedding` takes whole numbers. Nothing is converted silently. The dtype of an\n"
        "input is declared as `{shape: [N, T], dtype: int64}`.",
    ),
    Page(
        "unknown-size",
        "A weight would be sized by a symbol.",
        "Weights are made once, so channels and features are numbers; batch, height, width and length may be\nsymbols.",
    ),
    Page(
        "dim-limit",
        "A side is larger than a tensor may have, or too complicated to reason about.",
        "Sides are less than 2**31. Symbols with nominal sizes, such as `H=224`, keep dims simple.",
    ),
    Page(
        "too-many-parameters",
        "The network has more parameters than any machine could hold.",
        "Most often a `linear` stands after a `flatten` of large maps, or a number has zeros too many.",
    ),
    Page(
        "unmet-constraint",
        "The declared sizes contradict a constraint of their own input.",
        "`where: T <= 1024` limits what may be fed in; the nominal sizes have to keep to it.",
    ),
    # Phases, weights and rules
    Page(
        "phase-leak",
        "Something that runs always, or in eval mode, reads what runs in training only, or the other way round.",
        "What is marked `when: training` is not there in eval mode. Mark its readers too, or let them read\n"
        "something else.",
    ),
    Page(
        "never-runs",
        "An item for one phase stands inside of something for the other.",
        "It would run in neither. Remove one `when`.",
    ),
    Page(
        "wrong-share",
        "An item shares weights with something that it cannot stand for.",
        "`share` uses the module of another node or block again: the same op, no attributes of its own, and\n"
        "inputs that need weights of the same shape.",
    ),
    Page(
        "wrong-tie",
        "Two weights that are to be one have different shapes.",
        "`tie: {weight: wte.weight}` makes them one parameter under two keys, as torch does it.",
    ),
    Page(
        "unknown-weight",
        "`init` or `tie` names a weight that is not there.",
        "A `conv` or `linear` has `weight`, and `bias` unless that is switched off; ops like `relu` have\nnone.",
    ),
    Page(
        "unknown-initializer",
        "`init` names no initialiser.",
        "They are `zeros`, `ones`, `constant`, `normal`, `uniform`, `truncated_normal`, `he_normal`,\n"
        "`he_uniform`, `xavier_normal`, `xavier_uniform`, `variance_scaling` and `orthogonal`; a number by\n"
        "itself is a constant.",
    ),
    Page(
        "unknown-rule",
        "`checks` or `allow` names no rule.",
        '`checks: {dead-node: warning}` sets the severity of a rule for a file, `allow: {dead-node: "why"}`\n'
        "silences it on an item. Only rules can be changed this way; what would not run in torch stays an\n"
        "error.",
    ),
)
"""All pages: one for every diagnostic that is no rule."""
