"""Ids that cannot be used: a submodule of that name would hide something that torch itself needs."""

from __future__ import annotations

import keyword
from functools import lru_cache
from typing import Final

TAKEN_BY_TORCH: Final = frozenset(
    """
    T_destination _apply _backward_hooks _backward_pre_hooks _boxed_call _buffers _call_impl _code
    _compiled_call_impl _create_node_hooks _deepcopy_hooks _deepcopy_init _erase_node_hooks _forward_hooks
    _forward_hooks_always_called _forward_hooks_with_kwargs _forward_pre_hooks
    _forward_pre_hooks_with_kwargs _get_backward_hooks _get_backward_pre_hooks _get_name _graph
    _is_full_backward_hook _lineno_map _load_from_state_dict _load_state_dict_post_hooks
    _load_state_dict_pre_hooks _maybe_warn_non_full_backward_hook _modules _named_members
    _non_persistent_buffers_set _parameters _prologue_start _recompile_submodules _register_create_node_hook
    _register_deepcopy_hook _register_erase_node_hook _register_load_state_dict_pre_hook
    _register_replace_node_hook _register_state_dict_hook _replace_hooks _replicate_for_data_parallel
    _save_to_state_dict _set_replace_hook _slow_forward _state_dict_hooks _state_dict_pre_hooks _tracer_cls
    _tracer_extras _unregister_create_node_hook _unregister_deepcopy_hook _unregister_erase_node_hook
    _unregister_replace_node_hook _version _wrapped_call _wrapped_call_impl add_module add_submodule apply
    bfloat16 buffers call_super_init children code compile cpu cuda delete_all_unused_submodules
    delete_submodule double dump_patches eval extra_repr float forward get_buffer get_extra_state
    get_parameter get_submodule graph half ipu load_state_dict meta modules mtia named_buffers
    named_children named_modules named_parameters parameters print_readable recompile register_backward_hook
    register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook
    register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook
    requires_grad_ set_extra_state set_submodule shape_env share_memory state_dict to to_empty to_folder
    train training type xpu zero_grad
    """.split()  # noqa: SIM905 - a hundred names read better as words
)
"""The attributes of `torch.nn.Module` and `torch.fx.GraphModule`; a test holds the list to torch."""

REFUSED_BY_NAMED_TUPLES: Final = frozenset({"count", "index"})


@lru_cache(maxsize=4096)  # the items of a block are asked about at every use of it
def refusal(name: str) -> str | None:
    """Why an id cannot be used, or None when it can."""
    for part in name.split("."):
        if part in TAKEN_BY_TORCH:
            return f"the id `{part}` is the name of something in every torch module"
        if part == "in":
            return "`in` is a block's own input and cannot be an id"
        if keyword.iskeyword(part):
            return f"the id `{part}` is a keyword of Python, where modules are reached by name"
        if part.startswith("__"):
            return f"the id `{part}` begins with two underscores, as Python's own names do"
    return None


def output_refusal(name: str) -> str | None:
    """Why an output cannot have a name, or None when it can: outputs are the fields of a named tuple."""
    if name.startswith("_"):
        return f"the output `{name}` begins with an underscore, which the fields of a named tuple cannot"
    if keyword.iskeyword(name) or name in REFUSED_BY_NAMED_TUPLES:
        return f"the output `{name}` has a name that the fields of a named tuple cannot have"
    return None


def input_refusal(name: str) -> str | None:
    """Why an input cannot have a name, or None when it can: inputs are the arguments of `forward`."""
    if keyword.iskeyword(name) or name == "self":
        return f"the input `{name}` has a name that an argument of `forward` cannot have"
    return None
