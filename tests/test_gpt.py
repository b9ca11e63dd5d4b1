"""The GPT of the examples: what it may look at, and that it learns."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import gpt_text
import numpy as np
import pytest
from gpt import LOSS, Gpt, assess, compiled, initial, schedule

from catgrad import compile_model, layers

ROOT = Path(__file__).parents[1]
SMALL = Gpt(vocabulary=5, layers=1, width=8, heads=2, context=6, batch=2)
SMALL_SIZES = ["--layers", "1", "--width", "8", "--heads", "2", "--context", "8", "--batch", "2"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "examples/gpt.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_character_is_predicted_from_those_before_it() -> None:
    program, parameters = compiled(SMALL), initial(SMALL, seed=1)
    random = np.random.default_rng(0)
    parameters = [a + random.normal(scale=0.2, size=a.shape) for a in parameters]
    x = random.integers(5, size=(2, 6), dtype=np.int32)
    [before] = program.predict(*parameters, x)
    for t in range(6):
        changed = x.copy()
        changed[:, t] = (x[:, t] + 1) % 5
        [after] = program.predict(*parameters, changed)
        assert (after[:, :t] == before[:, :t]).all()
        assert (after[:, t:] != before[:, t:]).any(axis=-1).all()


def test_texts_of_a_batch_do_not_see_each_other() -> None:
    parameters = initial(SMALL)
    x = np.random.default_rng(0).integers(5, size=(2, 6), dtype=np.int32)
    [both] = compiled(SMALL).predict(*parameters, x)
    for i in range(2):
        [one] = compiled(replace(SMALL, batch=1)).predict(*parameters, x[i : i + 1])
        np.testing.assert_allclose(one[0], both[i], rtol=1e-5, atol=1e-6)


def test_it_learns_a_text_that_repeats_itself() -> None:
    program, parameters = compiled(SMALL), initial(SMALL)
    tokens = np.tile(np.array([0, 1, 2, 3, 1, 4], np.int32), 20)
    pieces = gpt_text.batches(tokens, SMALL.batch, SMALL.context, np.random.default_rng(0))
    kept, losses = [*parameters, *program.initial_state()], []
    for x, y in islice(pieces, 300):
        *kept, loss = program.step(*kept, x, y, 1e-2)
        losses.append(float(loss))
    assert losses[0] == pytest.approx(np.log(5), rel=0.2)
    # The first character after a 1 is not known: 2 follows as often as 4.
    assert np.mean(losses[-20:]) < np.log(2) / 6 + 0.05


def test_the_loss_that_a_step_reports_is_the_cross_entropy() -> None:
    program, parameters = compiled(SMALL), initial(SMALL)
    x, y = np.random.default_rng(0).integers(5, size=(2, 2, 6), dtype=np.int32)
    *_, loss = program.step(*parameters, *program.initial_state(), x, y, 1e-3)
    [logits] = program.predict(*parameters, x)
    assert float(loss) == pytest.approx(gpt_text.cross_entropy(logits, y), rel=1e-6)


def test_the_test_is_the_same_each_time() -> None:
    text = gpt_text.load()
    gpt = Gpt(len(text.characters), layers=1, width=8, heads=2, context=6, batch=2)
    program, parameters = compiled(gpt), initial(gpt)
    first = assess(gpt, program, parameters, text)
    assert assess(gpt, program, parameters, text) == first
    assert first == pytest.approx(np.log(gpt.vocabulary), rel=0.1)


def test_the_rate_rises_and_falls() -> None:
    rates = [schedule(step, 1000, 1e-3) for step in range(1000)]
    peak = int(np.argmax(rates))
    assert peak == 49
    assert rates[:50] == sorted(rates[:50])
    assert rates[49:] == sorted(rates[49:], reverse=True)
    assert rates[-1] == pytest.approx(1e-4, rel=0.01)


def test_one_function_learns_without_a_rate_that_changes() -> None:
    program, P, _ = compile_model(SMALL.model(), layers.sgd(0.1), LOSS)
    x, y = np.random.default_rng(0).integers(5, size=(2, 2, 6), dtype=np.int32)
    learned = program.step(*initial(SMALL), x, y)
    assert [a.shape for a in learned] == [T.shape for T in P]


def test_the_example_trains_and_writes(tmp_path: Path) -> None:
    curve = tmp_path / "curve.svg"
    done = run(*SMALL_SIZES, "--steps", "3", "--length", "40", "--out", str(curve))
    assert done.returncode == 0, done.stderr
    written = done.stdout.partition("what it writes")[2].partition("\n")[2]
    assert len(written) == 41  # and the end of the line
    assert curve.read_text().startswith("<svg")


def test_heads_that_cannot_share_the_width() -> None:
    done = run("--heads", "5")
    assert done.returncode == 1
    assert done.stderr == (
        "layers.causal_attention needs one axis of positions and one of a width that 5 heads can "
        "share, not float32[64] and float32[64]; choose a multiple of the heads.\n"
    )


def test_a_rate_that_is_too_high() -> None:
    done = run(*SMALL_SIZES, "--rate", "1e30")
    assert done.returncode == 1
    # Which number it is depends on the text, and so on the version of Python.
    sentence = (
        r"step: argument tokens is (nan|-?inf) at index \[\d+, \d+\]; pass finite numbers only "
        r"\(where training has driven it there, lower the learning rate\)\.\n"
    )
    assert re.fullmatch(sentence, done.stderr)


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        (["--steps", "0"], "--steps has to be positive, not 0"),
        (["--rate", "-0.1"], "--rate has to be positive, not -0.1"),
        (["--seed", "-1"], "--seed has to be at least 0, not -1"),
    ],
)
def test_numbers_that_make_no_sense(argument: list[str], sentence: str) -> None:
    done = run(*argument)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"gpt.py: error: {sentence}"


def test_a_context_longer_than_the_text() -> None:
    test = len(gpt_text.load().test)
    done = run("--context", "400000")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"gpt.py: error: --context has to be below {test}, the characters of the text to test on, "
        f"not 400000"
    )


def test_a_place_for_the_curve(tmp_path: Path) -> None:
    done = run("--out", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"gpt.py: error: --out {tmp_path} is a directory; name a file to write"
    )
    curve = tmp_path / "not" / "there" / "curve.svg"
    done = run(*SMALL_SIZES, "--steps", "1", "--length", "1", "--out", str(curve))
    assert done.returncode == 0, done.stderr
    assert curve.is_file()
