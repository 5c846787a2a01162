"""What is measured on, and with what."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "onnx",
    "onnxscript",
    "onnxruntime",
    "openvino",
    "pydantic",
    "networkx",
    "pyyaml",
    "click",
    "archspec-nn",
)


def machine() -> str:
    """Cores, processor, the widest vectors that torch uses, and system."""
    vectors = torch.backends.cpu.get_cpu_capability()
    return f"machine: {os.cpu_count()} cores, {_processor()}, {vectors}, {platform.platform()}"


def load() -> float:
    """How many processes ran or waited in the last minute; not a number where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def versions() -> str:
    """What is measured, and what it is measured with."""
    found = [f"python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            from archspec import __version__

            found.append(f"{package} {__version__} (not installed)" if package == "archspec-nn" else f"no {package}")
    return "versions: " + ", ".join(found)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
