"""The `catgrad` command: what it writes, and what it says of mistakes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from catgrad import Dtype, NdArrayType, op
from catgrad.cli import main
from catgrad.cli.draw import EPILOG
from catgrad.cli.levels import LEVELS, nest_caption
from catgrad.core.operation import Constant
from catgrad.kernel import to_kernels
from tests.draw.reading import Picture

ROOT = Path(__file__).parents[2]
IRIS = ROOT / "examples" / "iris.py"

HEADER = """\
from catgrad import Dtype, NdArrayType, layers
from catgrad.bidirectional.block import block
from catgrad.hypergraph import OpenHypergraph
from catgrad.learner import learner

def T(n):
    return NdArrayType((n,), Dtype.float32)

"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes a Python file into the directory that the command then runs in; returns its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write(text: str, name: str = "program.py") -> str:
        (tmp_path / name).write_text(HEADER + text)
        return name

    return write


MODEL = "model = block('layer', layers.linear(T(1), T(4), T(3)), ['x'])\n"


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command says of a mistake."""
    assert main(["draw", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.removesuffix("\n")


def test_the_one_of_several_that_was_drawn(capsys, program) -> None:
    path = program(f"{MODEL}other = model\n")
    assert main(["draw", path]) == 0
    assert capsys.readouterr().out == "wrote model.svg, which is model of model, other\n"
    assert main(["draw", f"{path}:model"]) == 0
    assert capsys.readouterr().out == "wrote model.svg\n"


def drawn(path: str | Path) -> list[str]:
    """The texts of the boxes in a picture."""
    return [box.text for box in Picture(Path(path).read_text()).boxes]


def test_a_model_is_drawn(program, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", program(MODEL) + ":model", "-o", "picture.svg"]) == 0
    assert drawn("picture.svg") == ["weights", "layer", "Compose"]
    assert capsys.readouterr().out == "wrote picture.svg\n"


@pytest.mark.parametrize(
    ("level", "boxes"),
    [
        ("model", {"weights", "layer", "Compose"}),
        ("core", {"layer", "Compose"}),
        ("whole", {"SGD\n0.03125", "layer", "MSE", "Compose"}),
        ("step", {"layer", "layer_reverse", "Subtract", "Compose"}),
        ("kernels", {"layer", "Compose\nover 1 × 1 × 3, sum over 4", "Multiply\nover 12"}),
        ("scalars", {"Multiply", "Add", "Subtract"}),
        ("netlist", {"mul\n×12", "sub\n×3", "saturate\n×3"}),
    ],
)
def test_every_level(program, level: str, boxes: set[str]) -> None:
    path = program(MODEL)
    assert main(["draw", path, "--level", level]) == 0
    name = "model.svg" if level == "model" else f"model-{level}.svg"
    assert boxes <= set(drawn(name))


def test_all_levels_are_in_the_help() -> None:
    assert re.findall(r"^  (\w+)  +\w", EPILOG.partition("examples:")[0], re.MULTILINE) == [*LEVELS]


@pytest.mark.parametrize("text", [EPILOG, (ROOT / "docs" / "drawing.md").read_text()])
def test_the_examples_in_the_help_and_the_page_run(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands = re.findall(r"^ *(catgrad .*)$", text, re.MULTILINE)
    assert len(commands) >= 2
    monkeypatch.chdir(ROOT)
    for command in commands:
        _, *arguments, path = shlex.split(command)
        assert main([*arguments, str(tmp_path / Path(path).name)]) == 0
        assert drawn(tmp_path / Path(path).name)


def test_the_page_shows_its_pictures_and_its_program_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "drawing.md").read_text()
    for link in re.findall(r"\]\((.*)\)", page):
        assert Picture((ROOT / "docs" / link).read_text()).boxes
    monkeypatch.chdir(tmp_path)
    [program] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(program, {})
    assert "Compose" in drawn("model.svg")


def test_unfolding_and_folding(program) -> None:
    path = program(MODEL.replace("model", "inner") + "model = block('outer', inner)\n")
    assert main(["draw", path, "-o", "a.svg", "--unfold"]) == 0
    assert len(Picture(Path("a.svg").read_text()).frames) == 2
    assert main(["draw", path, "-o", "b.svg", "--unfold", "--fold", "layer"]) == 0
    assert len(Picture(Path("b.svg").read_text()).frames) == 1


GPT = """
def model(depth: int = 2) -> OpenHypergraph:
    B, N, D, V = T(4), T(16), T(32), T(50)
    tokens = NdArrayType((4, 16), Dtype.int32)
    f = layers.embedding(tokens, 50, D, "tokens") >> layers.positions(B, N, D)
    for _ in range(depth):
        attention = layers.causal_attention(B, N, D, 4)
        mlp = layers.dense(B + N, D, T(128), layers.gelu) >> layers.linear(B + N, T(128), D)
        f = f >> layers.residual(layers.layer_norm(B + N, D) >> attention)
        f = f >> layers.residual(layers.layer_norm(B + N, D) >> mlp)
    return f >> layers.layer_norm(B + N, D) >> layers.linear(B + N, D, V)
"""


@pytest.mark.parametrize("options", [[], ["--unfold"], ["--level", "core"]])
def test_nothing_covers_anything_in_the_picture_of_a_gpt(program, options: list[str]) -> None:
    assert main(["draw", program(GPT), *options, "-o", "gpt.svg"]) == 0
    picture = Picture(Path("gpt.svg").read_text())
    picture.assert_clear()
    assert len(picture.boxes) > 40
    assert bool(picture.frames) == ("--unfold" in options)


def test_a_step_of_a_gpt_is_drawn(program) -> None:
    rule = ["--rule", "adam(0.001)", "--loss", "cross_entropy_labels"]
    assert main(["draw", program(GPT), "--level", "step", *rule, "-o", "gpt.svg"]) == 0
    assert "causal_attention_reverse" in " ".join(drawn("gpt.svg"))


def test_standard_output(program, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", program(MODEL), "-o", "-"]) == 0
    assert Picture(capsys.readouterr().out).boxes


def test_rules_and_losses_of_the_file_and_of_the_layers(program) -> None:
    path = program(MODEL + "mine = layers.chain(layers.sgd(1), layers.weight_decay(0.5))\n")
    assert main(["draw", path, "--level", "whole", "--rule", "mine", "-o", "a.svg"]) == 0
    assert {"SGD\n1", "Decay\n0.5"} <= set(drawn("a.svg"))
    rule = ["--rule", "momentum(0.5, 0.25)", "--loss", "l1"]
    assert main(["draw", path, "--level", "step", *rule, "-o", "b.svg"]) == 0
    names = [text.text for text in Picture(Path("b.svg").read_text()).texts if text.style == "name"]
    assert {"weights_velocity", "new weights_velocity"} <= set(names)


def test_learners_and_functions(program) -> None:
    text = MODEL + (
        "taught = learner(model, layers.sgd(0.5), layers.mse)\ndef build(batch: int = 2) -> "
        "OpenHypergraph:\n    return layers.linear(T(batch), T(4), T(3))\n"
    )
    path = program(text)
    assert main(["draw", f"{path}:taught", "--level", "whole"]) == 0
    assert "SGD\n0.5" in drawn("taught-whole.svg")
    assert main(["draw", f"{path}:build"]) == 0
    assert drawn("build.svg") == ["weights", "Compose"]


def test_expressions(program, capsys: pytest.CaptureFixture[str]) -> None:
    path = program("def linear(n):\n    return layers.linear(T(1), T(n), T(3))\n")
    assert main(["draw", f"{path}:linear(4)"]) == 0
    assert drawn("program.svg") == ["weights", "Compose"]
    capsys.readouterr()
    assert said(capsys, f"{path}:linear(") == (
        f"{path}:linear( cannot be evaluated, SyntaxError ('(' was never closed (<string>, line "
        "1)); name a program in the file, or write an expression that gives one."
    )
    assert said(capsys, f"{path}:linear(four)") == (
        f"{path}:linear(four) cannot be evaluated, NameError (name 'four' is not defined); name a "
        "program in the file, or write an expression that gives one."
    )


def test_files_beside_the_program_can_be_imported(program) -> None:
    program("WIDTH = 4\n", "beside_the_program.py")
    path = program(
        "from beside_the_program import WIDTH\nmodel = layers.linear(T(1), T(WIDTH), T(3))\n"
    )
    assert main(["draw", path]) == 0


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("nowhere.py", "nowhere.py is not there; name a Python file that builds a program."),
        (".", ". is a directory; name a Python file that builds a program."),
        ("notes.txt", "notes.txt is not a Python file; name one that ends in .py."),
    ],
)
def test_what_is_not_a_python_file(program, capsys, target: str, sentence: str) -> None:
    program("", "notes.txt")
    assert said(capsys, target) == sentence


LINE = HEADER.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "name", "sentence"),
    [
        (
            "",
            "",
            (
                "program.py holds no program; assign one to a name, or write a function that "
                "returns an OpenHypergraph."
            ),
        ),
        (
            "a = b = layers.linear(T(1), T(4), T(3))",
            "",
            "program.py holds several programs (a, b); name one of them, as in program.py:a.",
        ),
        (MODEL, ":modell", "There is no modell in program.py; it has model."),
        (
            "def make():\n    return layers.relu(obj(T(1)))\n",
            ":nope",
            "There is no nope in program.py; it has make.",
        ),
        (
            "def make():\n    return layers.relu(obj(T(1)))\n",
            "",
            (
                "program.py holds no program; assign one to a name, or write a function that "
                "returns an OpenHypergraph, or name a function, as in program.py:make."
            ),
        ),
        ("", ":model", "There is no model in program.py; it holds no program."),
        (
            "model = 3",
            ":model",
            (
                "program.py:model is of type int, not a program; name an OpenHypergraph, a "
                "Learner, a Hardware, a Filter, or a function that returns one."
            ),
        ),
        (
            "def model(hidden, batch=1): ...",
            ":model",
            (
                "program.py:model cannot be called without hidden; give all arguments a default, "
                "or assign the program to a name."
            ),
        ),
        (
            "model = = 3",
            ":model",
            f"program.py:{LINE}: this is not Python (invalid syntax); correct the file.",
        ),
        (
            "model = 1 / 0",
            ":model",
            (
                f"program.py:{LINE}: running this raises ZeroDivisionError (division by zero); "
                "run the file with Python to see all of it."
            ),
        ),
        (
            "def model():\n    return [][0]",
            ":model",
            (
                f"program.py:{LINE + 1}: running this raises IndexError (list index out of "
                "range); run the file with Python to see all of it."
            ),
        ),
        (
            "raise SystemExit",
            ":model",
            (
                f"program.py:{LINE}: running this raises SystemExit; run the file with Python to "
                "see all of it."
            ),
        ),
        (
            "model = layers.linear(T(1), T(2), T(3)) >> layers.linear(T(1), T(4), T(3))",
            ":model",
            (
                f"program.py:{LINE}: Cannot compose: output 0 of the first program, from Compose, "
                "is float32[1, 3] but input 0 of the second, into Compose, is float32[1, 4]; "
                "make them equal."
            ),
        ),
    ],
)
def test_mistakes_in_a_file(program, capsys, text: str, name: str, sentence: str) -> None:
    assert said(capsys, program(text) + name) == sentence


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["-o", "a.png"], "a.png is not the name of an SVG file; end it in .svg."),
        (["-o", "there.svg"], "there.svg is a directory; name a file to write."),
        (
            ["-o", "no/a.svg"],
            "There is no directory no to write a.svg into; make it first.",
        ),
        (
            ["--fold", "dense"],
            "The program has no definition named dense to fold or unfold; it has layer.",
        ),
        (
            ["--rule", "sgd(a)"],
            (
                "--rule sgd(a) cannot be made (could not convert string to float: 'a'); give its "
                "numbers, as in sgd(0.1)."
            ),
        ),
        (
            ["--rule", "0.1 * sgd"],
            "--rule 0.1 * sgd is not a name with numbers; write it like sgd(0.1) or mse.",
        ),
        (["--rule", "rate"], "--rule rate is of type Rate; name a rule such as sgd(0.1)."),
        (
            ["--rule", "chain"],
            "--rule chain is no learning rule; name a rule such as sgd(0.1).",
        ),
        (
            ["--rule", "chain(1)"],
            (
                "--rule chain(1): The rule in a chain has to be a family of programs, one for each "
                "object, not 1.0; give one such as layers.sgd(0.1)."
            ),
        ),
        (
            ["--rule", "linear(1,2,3)"],
            "--rule linear(1,2,3) is no learning rule; name a rule such as sgd(0.1).",
        ),
        (["--loss", "linear"], "--loss linear is no loss; name a loss such as mse."),
        (["--loss", "mse()"], "--loss mse(): mse takes no numbers; write --loss mse."),
        (["--rule", "mse"], "--rule mse is no learning rule; name a rule such as sgd(0.1)."),
        (["--loss", "averaged"], "--loss averaged is no loss; name a loss such as mse."),
        (["--loss", "softmax"], "--loss softmax is no loss; name a loss such as mse."),
        (
            ["--loss", "mean"],
            (
                "--loss mean: there is no mean in the file or in catgrad.layers; name a rule "
                "such as sgd(0.1), or a loss such as mse."
            ),
        ),
        (
            ["--level", "netlist", "--width", "0"],
            (
                "A fixed-point format needs at least 1 bit, not 0; give Fixed(width, fraction) a "
                "positive width."
            ),
        ),
    ],
)
def test_mistakes_on_the_command_line(program, capsys, options: list[str], sentence: str) -> None:
    Path("there.svg").mkdir(exist_ok=True)
    assert said(capsys, program(MODEL), *options) == sentence


def test_too_much_to_unroll(program, capsys: pytest.CaptureFixture[str]) -> None:
    path = program("model = layers.linear(T(10), T(1000), T(1000))")
    assert said(capsys, path, "--level", "scalars") == (
        "The program has 23,020,000 points to unroll, more than the 500,000 that are drawn; draw "
        "it with --level kernels, or draw a smaller model."
    )


CORE = "from catgrad import op\nfrom catgrad.core.operation import Exp\nmodel = op(Exp(T(3)))"


@pytest.mark.parametrize("level", ["step", "kernels", "scalars", "netlist"])
def test_a_model_that_cannot_learn(program, capsys, level: str) -> None:
    assert main(["draw", program(CORE), "--level", "core"]) == 0
    capsys.readouterr()
    assert said(capsys, program(CORE), "--level", level) == (
        "The model holds Exp, which has no reverse map to learn with; use one of "
        "catgrad.bidirectional.operation, or draw it with --level model or core."
    )


def test_the_netlist_of_a_learner(program, capsys: pytest.CaptureFixture[str]) -> None:
    path = program(MODEL + "taught = learner(model, layers.sgd(0.5), layers.mse)\n")
    assert said(capsys, f"{path}:taught", "--level", "netlist") == (
        "The netlist of a Learner needs its model and formats; name the model, or what "
        "compile_hardware returns."
    )


def test_a_place_that_cannot_be_written(program, capsys, monkeypatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "model.svg")

    monkeypatch.setattr("catgrad.cli.draw.publish", refused)
    assert said(capsys, program(MODEL)) == ("model.svg: Permission denied; choose another place.")


def test_a_place_that_cannot_be_written_is_called_as_it_was_given(program, capsys) -> None:
    Path("shut").mkdir(mode=0o500)
    if not os.access("shut", os.W_OK):  # the administrator may write everywhere
        assert said(capsys, program(MODEL), "-o", "shut/a.svg") == (
            "shut/a.svg: Permission denied; choose another place."
        )
    assert said(capsys, program(MODEL), "-o", f"{'a' * 300}.svg").startswith(f"{'a' * 300}.svg: ")


def test_an_expression_that_leaves(program, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, f"{program(MODEL)}:exit(3)") == (
        "program.py:exit(3) cannot be evaluated, SystemExit (3); name a program in the file, or "
        "write an expression that gives one."
    )


def test_what_the_readme_says_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = re.findall(r"^catgrad (draw [^#\n]*)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert lines
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for line in lines:
        assert main(shlex.split(line)) == 0
        assert "causal attention" in " ".join(drawn(shlex.split(line)[-1])).replace("_", " ")


def test_kernels_draw_by_their_file() -> None:
    from catgrad.cli.loading import find, load

    path = ROOT / "examples" / "kernels.py"
    assert find(load(path), path, None)[1] == "model"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "catgrad: the following arguments are required: COMMAND; see catgrad --help.\n"),
        (
            ["draw", "a.py", "--level", "deep"],
            (
                "catgrad draw: argument --level: invalid choice: 'deep' (choose from 'model', "
                "'core', 'whole', 'step', 'kernels', 'scalars', 'netlist'); see catgrad draw "
                "--help.\n"
            ),
        ),
    ],
)
def test_a_wrong_command_line(capsys, arguments: list[str], sentence: str) -> None:
    with pytest.raises(SystemExit) as status:
        main(arguments)
    assert status.value.code == 2
    # Later releases of Python write the choices without quotes.
    assert capsys.readouterr().err.replace("'", "") == sentence.replace("'", "")


def test_an_interrupt_says_nothing(program, monkeypatch, capsys) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("catgrad.cli.draw.load", interrupted)
    assert main(["draw", program(MODEL)]) == 130
    assert capsys.readouterr() == ("", "")


def test_the_command_is_installed() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts["catgrad"] == "catgrad.cli:main"


def test_the_process_exits_with_the_status() -> None:
    code = "import sys; from catgrad.cli import main; sys.exit(main(['draw', 'nowhere.py']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_notebooks_show_programs(tmp_path: Path) -> None:
    from catgrad import Dtype, NdArrayType, layers

    T = NdArrayType((4,), Dtype.float32)
    model = layers.linear(NdArrayType((1,), Dtype.float32), T, T)
    assert model._repr_svg_() == model.draw()._repr_svg_() == model.draw().svg
    assert drawn(model.draw(inputs=["x"]).save(tmp_path / "model.svg")) == ["weights", "Compose"]
    assert model.draw(unfold=True, fold=()).svg.startswith("<svg")


def test_a_kernel_that_is_a_constant_says_its_number() -> None:
    T = NdArrayType((3,), Dtype.float32)
    [kernel] = to_kernels(op(Constant(T, 0.125))).H.x
    assert nest_caption(kernel) == "Constant\n0.125"
