"""The peers, each a file: the columns of the table."""

from __future__ import annotations

from benchmarks.diagnostics.peer import Peer
from benchmarks.diagnostics.peers.archspec import Archspec
from benchmarks.diagnostics.peers.coremltools import Coremltools
from benchmarks.diagnostics.peers.keras import KerasJson, KerasProgram
from benchmarks.diagnostics.peers.mlnode import Mlnode
from benchmarks.diagnostics.peers.n_orca import NOrca
from benchmarks.diagnostics.peers.narchi import Narchi
from benchmarks.diagnostics.peers.netloader import Netloader
from benchmarks.diagnostics.peers.nnef import Nnef
from benchmarks.diagnostics.peers.onnx import Onnx
from benchmarks.diagnostics.peers.structcast_model import StructcastModel
from benchmarks.diagnostics.peers.torcharc import Torcharc
from benchmarks.diagnostics.peers.ultralytics import Ultralytics

FORMATS = (Onnx(), Nnef(), Coremltools(), KerasProgram(), KerasJson())
COMPILERS = (Mlnode(), NOrca(), Narchi(), Netloader(), StructcastModel(), Torcharc(), Ultralytics())
PEERS: dict[str, Peer] = {peer.name: peer for peer in (Archspec(), *FORMATS, *COMPILERS)}
