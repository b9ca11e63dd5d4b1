"""`catgrad watch`: a run seen from elsewhere, on a terminal and as a page in Chromium."""

from __future__ import annotations

import itertools
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from boards.checkpoint import Checkpoint
from boards.watching import Follower, Journal, Server, Watcher, beside, state_of
from boards.watching.journal import Block, End, Entry, Heading, Weights, entry, line
from catgrad.cli import live, main
from catgrad.errors import CatgradError
from tests.cli.browser import Browser
from tests.cli.runs import COMMAND, said

LESSON, TEST, CLASSES = 30, 10, 4
WEIGHTS = (Weights("weights", (16, 3), 2**-5, (4, 4)), Weights("bias", (3,), 2**-5))
HEADING = Heading("run", "0123456789abcdef", "/dev/tty", 3, LESSON, TEST, "loss", CLASSES, WEIGHTS)


def sample(number: int) -> Block:
    """What a sample came to."""
    train = number % (LESSON + TEST) < LESSON
    answer = number if number % 5 else number + 1
    loss, seconds = 1 / (1 + number), number / 10
    wanted, answered = (number % CLASSES,), (answer % CLASSES,)
    return Block(number, number + 1, train, loss, wanted, answered, seconds, 9, 5, 1, 0, 0, number)


def joined(blocks: Sequence[Block]) -> Block:
    """Neighbouring samples as one block."""
    first, last = blocks[0], blocks[-1]
    wanted = sum((b.wanted for b in blocks), ())
    answered = sum((b.said for b in blocks), ())
    loss = sum(b.loss for b in blocks)
    rest = (last.seconds, 9, 5, 1, 0, 0, last.compared)
    return Block(first.first, last.position, first.train, loss, wanted, answered, *rest)


def cut(count: int, cuts: Sequence[int]) -> list[Block]:
    """So many samples in blocks, which end at the cuts, and between lessons and tests."""
    edges = [n for n in range(1, count) if n % (LESSON + TEST) in (0, LESSON)]
    places = sorted({0, count, *edges, *(c for c in cuts if 0 < c < count)})
    pairs = itertools.pairwise(places)
    return [joined([sample(n) for n in range(a, b)]) for a, b in pairs]


blocks = st.tuples(st.integers(1, 120), st.lists(st.integers(0, 120)))


@given(blocks)
def test_how_samples_are_gathered_makes_no_difference(parts: tuple[int, list[int]]) -> None:
    count, cuts = parts
    one, other = (state_of([HEADING, *cut(count, c)]) for c in (cuts, range(count)))
    for name in ("position", "learned", "epoch", "confusion", "confusion_of"):
        assert getattr(one, name) == getattr(other, name)
    assert one.test.learned == other.test.learned
    assert one.test.accuracy == other.test.accuracy
    np.testing.assert_allclose(one.test.loss, other.test.loss)
    epochs = count // (LESSON + TEST)
    assert one.test.learned == [LESSON * (i + 1) for i in range(epochs)]


@given(st.lists(blocks, min_size=1), st.integers(0, 30))
def test_a_run_that_goes_back_leaves_one_line_of_samples(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, list[int]]], torn: int
) -> None:
    """As a reader has it who looks now and then, and one who looks at the end."""
    path = tmp_path_factory.mktemp("journal") / "run.jsonl"
    journal, often = Journal.begin(path, HEADING), Follower(path)
    for count, cuts in parts:
        for block in cut(count, cuts):
            journal.write(block)
        often.update()
    journal.close()
    with path.open("ab") as file:
        file.write(line(sample(0)).encode()[:torn])
    found = Follower(path).update()
    assert often.update() == found
    assert found == [HEADING, *cut(*parts[-1])]


@pytest.mark.parametrize("content", ["", "{", "no journal\n"])
def test_what_is_no_journal(tmp_path: Path, content: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(content)
    with pytest.raises(CatgradError) as error:
        Follower(path).update()
    assert str(error.value) == (
        f"{path} is not the journal of a run; name the .npz of its checkpoints."
    )


def test_threads_read_a_journal_as_one(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    journal = Journal.begin(path, HEADING)
    for block in cut(100, range(0, 100, 5)):
        journal.write(block)
    journal.close()
    follower = Follower(path)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: follower.update(), range(64)))
    assert found == [[HEADING, *cut(100, range(0, 100, 5))]] * 64


@given(blocks, st.integers(0, 120))
def test_a_run_that_is_resumed_forgets_what_came_after(
    tmp_path_factory: pytest.TempPathFactory, parts: tuple[int, list[int]], position: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "run.jsonl"
    journal = Journal.begin(path, HEADING)
    for block in cut(*parts):
        journal.write(block)
    journal.write(End("interrupted"))
    journal.close()
    follower = Follower(path)
    follower.update()
    Journal.resume(path, HEADING, position).close()
    kept = [block for block in cut(*parts) if block.position <= position]
    assert follower.update() == [HEADING, *kept]


@pytest.mark.parametrize("told", [HEADING, sample(3), End("failed", "because")])
def test_a_line_tells_what_was_written(told: Entry) -> None:
    assert entry(line(told)) == told


def written(count: int) -> Path:
    """A run of so many samples, in the working directory, and its checkpoint."""
    journal = Journal.begin(Path("run.jsonl"), HEADING)
    for block in cut(count, range(0, count, 5)):
        journal.write(block)
    journal.close()
    kept(count)
    return Path("run.npz")


def kept(position: int) -> None:
    """A checkpoint of the run."""
    parameters = np.arange(16 * 3 + 3) - 25
    Checkpoint(HEADING.design, "data", position, parameters, (position, 2, 1)).save("run.npz")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_page_follows_a_run(folder: Path) -> None:
    server = Server(Watcher(written(35)), 0)
    with Browser(folder / "profile") as browser:
        browser.size(1200, 900)
        browser.go(server.url)
        browser.wait("document.querySelectorAll('canvas').length == 2")
        assert browser.text("h1") == "run"
        assert browser.text("#where") == "/dev/tty · design 0123456789abcdef"
        assert browser.text("#done") == "35 of 120 samples, epoch 1 of 3"
        assert "test accuracy" not in browser.text("#figures")
        assert browser.text("#status") == "running"
        assert browser.text("#weights").startswith("weights, 16 × 3\n\N{MINUS SIGN}0.78")
        labels = "[...document.querySelectorAll('canvas')].map(c => c.getAttribute('aria-label'))"
        assert browser.evaluate(labels) == ["weights, 16 × 3: 3 of 4 × 4", "bias, 3: 1 of 1 × 3"]
        painted = "document.querySelector('canvas').getContext('2d').getImageData(1, 1, 1, 1).data"
        assert browser.evaluate(f"[...{painted}]") == [27, 108, 168, 255]

        with Path("run.jsonl").open("a") as file:
            file.writelines(line(block) for block in cut(80, range(0, 80, 5)) if block.first >= 35)
            file.write(line(End("finished")))
        kept(80)
        browser.wait("document.querySelector('#status').innerText == 'finished'")
        assert browser.text("#done") == "80 of 120 samples, epoch 3 of 3"
        assert browser.text("#figures").startswith("80.0 %\ntest accuracy")
        right = "confusion matrix: 8 of 10 answers are right"
        assert browser.evaluate("document.querySelector('#confusion').ariaLabel") == right
        assert browser.text("#confusion-of") == "10 test samples after epoch 2"
        assert browser.evaluate("document.querySelectorAll('#confusion .cell').length") == 16
        assert browser.evaluate("document.querySelectorAll('#accuracy circle.test').length") == 2
        axes = "[...document.querySelectorAll('svg .label')].map(text => text.textContent)"
        of = "samples learned from"
        assert browser.evaluate(axes) == ["right answers, %", of, "loss, per sample", of]
        facts = browser.text("#facts").splitlines()
        assert "samples on the board\t80" in facts
        assert "numbers that saturated, predicting\t2" in facts
        assert "requests sent again\t1" in facts

        for width, dark in ((360, False), (1600, True)):
            browser.size(width, 800, dark)
            browser.wait(f"document.documentElement.clientWidth <= {width}")
            page = "document.documentElement"
            assert browser.evaluate(f"{page}.scrollWidth <= {page}.clientWidth")
        browser.wait(f"[...{painted}].join() == '98,176,234,255'")
        assert browser.complaints == []
    server.close()


def answer(url: str, **headers: str) -> tuple[int, str]:
    """The status and the text that a server answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as got:
            return got.status, got.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.usefixtures("folder")
def test_only_this_computer_sees_the_page() -> None:
    server = Server(Watcher(written(35)), 0)
    assert server.url.startswith("http://127.0.0.1:")
    assert answer(server.url)[0] == 200
    assert answer(f"{server.url}state", Host="board.example") == (
        403,
        "This page is for this computer only.\n",
    )
    assert answer(f"{server.url}../journal.py") == (404, "There is no such page; see /.\n")
    for status, url, headers in (
        (400, server.url, {"Host": "[127.0.0.1"}),
        (200, f"{server.url}state?weights=%C2%B2", {}),
        (200, f"{server.url}state?weights={'9' * 5000}", {}),
    ):
        assert answer(url, **headers)[0] == status
    assert "http" not in answer(server.url)[1]
    state = json.loads(answer(f"{server.url}state?weights=35")[1])
    assert (state["position"], state["weights"]) == (35, None)
    Path("run.jsonl").unlink()
    assert json.loads(answer(f"{server.url}state")[1]) == {
        "error": "There is no journal run.jsonl of a run; start one with `catgrad train`, or name "
        "the .npz of its checkpoints."
    }
    server.close()


@pytest.mark.usefixtures("program")
def test_a_run_that_serves_its_page(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main([*COMMAND, "--serve", str(port)]) == 1
        [sentence] = said(capsys.readouterr().err)
        assert sentence.startswith(f"The page cannot be served at port {port} (")
        assert sentence.endswith("); name another, or 0 for one that is free.")
    seen = []
    address = f"http://127.0.0.1:{port}/state"
    monkeypatch.setattr(live.View, "show", lambda *_: seen.append(answer(address)[1]))
    assert main([*COMMAND, "--serve", str(port)]) == 0
    assert capsys.readouterr().out.startswith(f"The page is at http://127.0.0.1:{port}/.\n")
    states = list(map(json.loads, seen))
    assert states[-1]["end"] == {"how": "finished", "message": ""}
    assert [s["position"] for s in states] == sorted(s["position"] for s in states)


def test_a_run_on_the_terminal(folder: Path, capsys) -> None:
    (folder / "build").mkdir()
    written(80)
    with Path("run.jsonl").open("a") as file:
        file.write(line(End("failed", "The line is gone.")))
    for name in ("run.npz", "run.jsonl"):
        Path(name).rename(folder / "build" / name)
    assert main(["watch"]) == 0
    captured = capsys.readouterr()
    [told] = captured.err.splitlines()
    assert told.startswith("sample 80 of 120, epoch 3, loss 0.0")
    assert told.endswith(", test accuracy 80.0%, 10 samples/s, 79 integers equal")
    heading, _, *rows, end = captured.out.splitlines()
    assert heading == "answers (columns) to targets (rows): 10 test samples after epoch 2"
    assert next(row.split() for row in rows) == ["0", "2", "·", "·", "·"]
    assert end == "The run is failed. The line is gone."
    assert main(["watch", "build/run.npz", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["position"] == 80


def test_no_run(folder: Path, capsys) -> None:
    assert main(["watch"]) == 1
    assert capsys.readouterr().err == (
        "There is no run in build; start one with `catgrad train`, or name the .npz of its "
        "checkpoints.\n"
    )
    (folder / "run.jsonl").write_text("nonsense\n")
    assert main(["watch", "run.npz"]) == 1
    assert capsys.readouterr().err == (
        "run.jsonl is not the journal of a run; name the .npz of its checkpoints.\n"
    )
    assert not beside("other.npz").exists()


def test_a_view_that_stays_in_its_place() -> None:
    console = Console(width=100, record=True, file=StringIO())
    console.print(live.picture(state_of([HEADING, *cut(80, range(80))])))
    text = console.export_text().splitlines()
    assert text[0].rstrip() == "run, epoch 3 of 3"
    assert text[1].rstrip().endswith("80 of 120 samples, 10 a second, 4 s left")
    assert [row.split()[0] for row in text[2:-1]] == ["loss", "accuracy", "test"]
    assert text[-1].rstrip() == (
        "/dev/tty: 1 requests sent again, 0 returns to a checkpoint; 79 integers compared, all "
        "equal"
    )
