"""The peers, each a file: the columns of the table."""

from __future__ import annotations

from benchmarks.diagnostics.peer import Peer
from benchmarks.diagnostics.peers.archspec import Archspec
from benchmarks.diagnostics.peers.coremltools import Coremltools
from benchmarks.diagnostics.peers.keras import KerasJson, KerasProgram
from benchmarks.diagnostics.peers.mlnode import Mlnode
from benchmarks.diagnostics.peers.n_orca import NOrca
from benchmarks.diagnostics.peers.nnef import Nnef
from benchmarks.diagnostics.peers.onnx import Onnx

PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (Archspec(), Onnx(), Nnef(), Coremltools(), KerasProgram(), KerasJson(), Mlnode(), NOrca())
}
