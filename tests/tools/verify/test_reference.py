from __future__ import annotations

import sys
from pathlib import Path

import pytest
from torch import nn

from archspec.tools.verify import BadReferenceError, MissingLibraryError, load_reference

MODULE = """
from torch import nn

class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.fc = nn.Linear(width, 2)

class networks:
    Inner = Net

def no_module():
    return 3

def failing(width):
    raise RuntimeError("no such\\nwidth")
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("mine", "broken", "leaving"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "mine.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "broken.py").write_text("import no_such_package\n", encoding="utf-8")
    (tmp_path / "leaving.py").write_text("raise SystemExit('not like this')\n", encoding="utf-8")
    return tmp_path


def test_a_callable_in_the_working_directory_is_called_with_its_arguments(here: Path) -> None:
    before = list(sys.path)
    made = load_reference("mine:Net", {"width": 6})
    assert isinstance(made.fc, nn.Linear)
    assert made.fc.in_features == 6
    assert isinstance(load_reference("mine:networks.Inner"), nn.Module)
    assert sys.path == before


def test_networks_of_torchvision_and_timm_go_by_their_names() -> None:
    made = load_reference("torchvision:googlenet", {"aux_logits": False})
    assert type(made).__module__ == "torchvision.models.googlenet"
    assert load_reference("timm:resnet18", {"num_classes": 7}).fc.out_features == 7  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("reference", "arguments", "message"),
    [
        (
            "mine",
            {},
            "`mine` names no reference; `torchvision:NAME`, `timm:NAME` or `package.module:callable` was expected",
        ),
        (
            "mine:",
            {},
            "`mine:` names no reference; `torchvision:NAME`, `timm:NAME` or `package.module:callable` was expected",
        ),
        ("nowhere:Net", {}, "`nowhere` cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
        ("broken:Net", {}, "`broken` cannot be imported: ModuleNotFoundError: No module named 'no_such_package'"),
        ("leaving:Net", {}, "`leaving` cannot be imported: SystemExit: not like this"),
        ("mine:Not", {}, "there is no `Not` in `mine`, of which `mine:Not` is to be made"),
        ("mine:no_module", {}, "`mine:no_module` gave an `int`, where a `torch.nn.Module` was expected"),
        (
            "mine:failing",
            {"width": 3},
            "`mine:failing` cannot be built with (width=3): RuntimeError: no such width",
        ),
        ("torchvision:googlenett", {}, "there is no network `googlenett` in torchvision, did you mean `googlenet`?"),
        ("timm:inceptionv4", {}, "there is no network `inceptionv4` in timm, did you mean `inception_v4`?"),
    ],
)
def test_what_is_no_reference_is_told_in_one_line(
    here: Path, reference: str, arguments: dict[str, int], message: str
) -> None:
    with pytest.raises(BadReferenceError) as raised:
        load_reference(reference, arguments)
    assert str(raised.value) == message


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingLibraryError) as raised:
        load_reference("timm:inception_v4")
    assert raised.value.name == "timm"
