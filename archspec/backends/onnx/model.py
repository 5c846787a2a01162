"""Model: an ONNX model whose tensors stay where they are until it is written, and its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from archspec.backends.dtypes import dtype_name
from archspec.backends.onnx.types import ONNX_DTYPES

if TYPE_CHECKING:
    import onnx

_LENGTH_DELIMITED = 2
"""The wire type of a field whose length is told before its bytes (Protocol Buffers, Encoding)."""


@dataclass(frozen=True)
class OnnxModel:
    """What a file of ONNX says. Protobuf's own way would copy each tensor three times before it is on disk."""

    head: onnx.ModelProto
    """All but the graph."""
    graph: onnx.GraphProto
    """All but its tensors."""
    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    """By name."""

    def parts(self) -> Iterator[bytes | memoryview]:
        """The bytes of the file, in order; those of tensors are their own memory."""
        records = [self._record(name, tensor) for name, tensor in self.tensors.items()]
        graph = self.graph.SerializeToString()
        length = len(graph) + sum(len(before) + len(data) for before, data in records)
        yield self.head.SerializeToString() + _begin(self.head, "graph", length) + graph
        for record in records:
            yield from record

    def _record(self, name: str, tensor: torch.Tensor) -> tuple[bytes, memoryview]:
        """A tensor as a field of the graph: what stands before its numbers, and these."""
        import onnx

        proto = onnx.TensorProto(name=name, dims=list(tensor.shape), data_type=ONNX_DTYPES[dtype_name(tensor.dtype)])
        plain = tensor.detach().cpu().contiguous()
        flat = plain.as_strided((plain.numel(),), (1,))  # a tensor of one number is contiguous with any stride
        array = flat.view(torch.uint8).numpy()
        data = memoryview(array)  # type: ignore[arg-type]
        inner = proto.SerializeToString() + _begin(proto, "raw_data", len(data))
        return _begin(self.graph, "initializer", len(inner) + len(data)) + inner, data


def _begin(message: onnx.ModelProto | onnx.GraphProto | onnx.TensorProto, name: str, length: int) -> bytes:
    """What stands before the bytes of a field: its number, its wire type, and how many bytes there are."""
    number = message.DESCRIPTOR.fields_by_name[name].number
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(length)


def _varint(number: int) -> bytes:
    """A number, seven bits to a byte, the lowest first; the eighth bit of a byte says that more follow."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
