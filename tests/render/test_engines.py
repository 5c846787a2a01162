from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from archspec.render.engines import (
    Drawing,
    EngineFailedError,
    Form,
    NoEngineError,
    NoFontsError,
    TookTooLongError,
    UnknownEngineError,
    choose,
    draw,
)
from tests.programs import needs

DOT = 'digraph { rankdir=TB; subgraph cluster_a { label="mixed5 × 3"; conv -> pool [label="35x35x288"] } }'
Fake = Callable[..., None]

BEGINNINGS: dict[Form, bytes] = {"svg": b"<?xml", "png": b"\x89PNG\r\n", "pdf": b"%PDF-1", "json": b"{"}
INSTALLED = [pytest.param("pygraphviz"), pytest.param("dot", marks=needs("dot"))]
EACH = pytest.mark.parametrize("engine", INSTALLED)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """`fake(script)`: the program `dot` that is found is a shell script, which knows its version."""

    def write(script: str, version: str = "echo 'dot - graphviz version 9.9 (0)' >&2; exit") -> None:
        program = tmp_path / "dot"
        program.write_text(f"#!/bin/sh\nif [ $1 = -V ]; then {version}; fi\n{script}\n")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return write


@EACH
@pytest.mark.parametrize(("form", "beginning"), BEGINNINGS.items())
def test_each_engine_draws_each_form_with_the_same_bytes_every_time(engine: str, form: Form, beginning: bytes) -> None:
    first = draw(DOT, form, engine)
    assert first.data.startswith(beginning)
    assert first.engine.startswith(f"{engine} ")
    time.sleep(1.1 if form == "pdf" else 0)  # a PDF says when it was made, in seconds
    assert draw(DOT, form, engine) == first


@EACH
def test_text_is_drawn_as_it_is(engine: str) -> None:
    texts = ElementTree.fromstring(draw(DOT, "svg", engine).data).itertext()
    assert {"mixed5 × 3", "35x35x288", "conv", "pool"} <= set(texts)


@EACH
@pytest.mark.parametrize(
    "naming", ['image="{}"', 'shapefile="{}"', 'label=<<table><tr><td><img src="{}"/></td></tr></table>>']
)
def test_pictures_that_dot_names_are_not_opened(engine: str, naming: str, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(draw(DOT, "png", engine).data)
    with suppress(EngineFailedError):  # `dot` refuses some of them
        assert b"picture" not in draw(f"digraph {{ a [{naming.format(picture)}] }}", "svg", engine).data


@EACH
def test_a_layout_that_takes_too_long_is_ended(engine: str) -> None:
    random = Random(0)
    edges = " ".join(f"{random.randrange(400)} -> {random.randrange(400)};" for _ in range(8000))
    started = time.monotonic()
    with pytest.raises(TookTooLongError, match=f"`{engine}` needs more than 1 s to lay the figure out") as caught:
        draw(f"digraph {{ {edges} }}", "svg", engine, seconds=1)
    assert "`--dot`" in caught.value.help
    assert time.monotonic() - started < 10


@EACH
def test_dot_that_cannot_be_read_is_said_in_one_line(engine: str) -> None:
    with pytest.raises(
        EngineFailedError, match=rf"the layout engine `{engine}` failed: Error: .*syntax error"
    ) as caught:
        draw("digraph {", "svg", engine)
    assert "\n" not in str(caught.value)
    assert "ARCHSPEC_ENGINE=" in caught.value.help
    assert f"ARCHSPEC_ENGINE={engine}" not in caught.value.help.split()


@EACH
@pytest.mark.parametrize("form", ["png", "pdf"])
def test_letters_that_no_font_has_are_not_drawn_as_boxes(
    engine: str, form: Form, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fonts.conf").write_text('<?xml version="1.0"?><fontconfig></fontconfig>')
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "fonts.conf"))
    assert draw(DOT, "svg", engine).data
    with pytest.raises(NoFontsError, match=f"`{engine}` finds no font"):
        draw(DOT, form, engine)


def test_the_first_engine_that_is_there_draws(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake("exit 1")
    assert choose().name == "pygraphviz"
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    assert choose().version == "dot 9.9"


def test_without_an_engine_it_is_said_what_to_install(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake("exit 0", version="exit 127")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(NoEngineError, match="no layout engine is installed") as caught:
        draw(DOT, "svg")
    assert caught.value.help.startswith("python -m pip install pygraphviz, or install Graphviz")


def test_an_engine_is_asked_for(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake("echo '{}'")
    monkeypatch.setenv("ARCHSPEC_ENGINE", "dot")
    assert draw(DOT, "json") == Drawing(b"{}\n", "dot 9.9")
    assert draw(DOT, "json", "pygraphviz").engine.startswith("pygraphviz ")
    monkeypatch.setenv("ARCHSPEC_ENGINE", "graphviz-pure")
    with pytest.raises(NoEngineError, match="the layout engine `graphviz-pure` is not installed") as missing:
        draw(DOT, "json")
    assert missing.value.help == "python -m pip install graphviz-pure"


@pytest.mark.parametrize(("name", "said"), [("dto", "`dto`, did you mean `dot`?"), ("\x1b", r"`\x1b`")])
def test_an_engine_that_nobody_knows_is_said_to_be_unknown(name: str, said: str) -> None:
    with pytest.raises(UnknownEngineError) as caught:
        draw(DOT, "json", name)
    assert str(caught.value) == f"there is no layout engine {said}"
    assert caught.value.help == "the layout engines are `pygraphviz`, `dot`, `graphviz-pure`"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 3", "failed: exit code 3"),
        ("kill -SEGV $$", "failed: segmentation fault"),
        ("exit 0", "drew no SVG"),
        ("echo garbage", "drew no SVG"),
        ("printf 'Error: \\033[31mbad\\n\\nWarning: x\\n' >&2; exit 1", r"failed: Error: \x1b[31mbad"),
        ("yes abcdefgh | tr -d '\\n' | head -c 9999 >&2; exit 1", f"failed: {'abcdefgh' * 24}abcde..."),
    ],
)
def test_why_an_engine_failed_is_said_in_one_short_line(fake: Fake, script: str, reason: str) -> None:
    fake(script)
    with pytest.raises(EngineFailedError) as caught:
        draw(DOT, "svg", "dot")
    assert str(caught.value) == f"the layout engine `dot` {reason}"


def test_warnings_of_an_engine_that_draws_are_dropped(fake: Fake, capfd: pytest.CaptureFixture[str]) -> None:
    fake("echo 'Warning: what now' >&2; echo '<?xml?>'")
    assert draw(DOT, "svg", "dot").data == b"<?xml?>\n"
    assert capfd.readouterr() == ("", "")


def test_what_an_engine_started_ends_with_it(fake: Fake, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    fake(f"exec 9>{pipe}; echo started >&9; sleep 60 & wait")
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(TookTooLongError):
        draw(DOT, "svg", "dot", seconds=0.5)
    os.set_blocking(reading, True)
    started = time.monotonic()
    with open(reading, encoding="ascii") as file:
        assert file.read() == "started\n"  # to its end, which comes when nobody writes to it any more
    assert time.monotonic() - started < 10


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux alone")
def test_an_engine_has_no_secrets_and_no_more_memory_than_it_may_take(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "letmein")
    fake("read line; echo '{'; env; ulimit -v")
    said = draw(DOT, "json", "dot").data.decode().splitlines()
    assert int(said[-1]) == 4 * 2**20
    assert not any("letmein" in line for line in said)


def test_drawing_imports_no_torch() -> None:
    program = "import sys; from archspec.render.engines import draw; draw('digraph { a }', 'svg'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "archspec.render.engines" in done.stdout.split()
    assert not {"torch", "pygraphviz", "networkx", "pydantic"} & set(done.stdout.split())
