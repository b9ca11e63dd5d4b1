"""The text that the GPT of the examples learns, and how it is taken apart and made up."""

from __future__ import annotations

from itertools import islice

import gpt_text
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad import CatgradError

TEXT = gpt_text.load()


@given(st.text(alphabet=TEXT.characters))
def test_what_is_encoded_can_be_decoded(text: str) -> None:
    tokens = TEXT.encode(text)
    assert tokens.dtype == np.int32
    assert TEXT.decode(tokens) == text


def test_the_end_of_the_text_is_for_the_test() -> None:
    whole = TEXT.decode([*TEXT.train, *TEXT.test])
    assert 'The "assert" statement' in whole
    assert len(TEXT.test) == pytest.approx(0.1 * len(whole), abs=1)
    assert [*TEXT.characters] == sorted({*whole})


@given(st.integers(1, 5), st.integers(1, 9), st.integers(0, 99))
def test_labels_are_the_tokens_that_follow(batch: int, context: int, seed: int) -> None:
    tokens = np.arange(10, dtype=np.int32)
    pieces = gpt_text.batches(tokens, batch, context, np.random.default_rng(seed))
    for x, y in islice(pieces, 3):
        assert x.shape == y.shape == (batch, context)
        assert (y == x + 1).all()
        assert (x[:, 1:] == y[:, :-1]).all()


def test_a_context_that_the_text_is_too_short_for() -> None:
    tokens = np.zeros(10, np.int32)
    with pytest.raises(CatgradError) as raised:
        next(gpt_text.batches(tokens, 1, 10, np.random.default_rng(0)))
    assert str(raised.value) == (
        "A context of 10 does not fit into a text of 10 characters; choose one below 10."
    )


def test_a_character_that_is_not_in_the_text() -> None:
    with pytest.raises(CatgradError) as raised:
        TEXT.encode("a ☃ b")
    assert str(raised.value) == (
        "The text that is learned has no character '☃'; write 'a ☃ b' without it."
    )


@pytest.mark.parametrize("prompt", [[3], [0, 1, 2], [0, 1, 2, 3, 0, 1]])
def test_text_is_generated_from_what_came_last(prompt: list[int]) -> None:
    # Certain that the next number is one more, and careless about what follows the text.
    def logits(row: gpt_text.Tokens) -> gpt_text.Floats:
        assert row.shape == (1, 4)
        return np.where(np.arange(7) == (row[..., None] + 1) % 7, 1e4, 0)

    generated = gpt_text.generate(
        logits, np.array(prompt, np.int32), context=4, random=np.random.default_rng(0)
    )
    assert [*islice(generated, 5)] == [(prompt[-1] + k) % 7 for k in range(1, 6)]


def test_colder_text_is_more_certain() -> None:
    def share(temperature: float) -> float:
        def logits(row: gpt_text.Tokens) -> gpt_text.Floats:
            return np.broadcast_to(np.array([0.0, 1.0]), (*row.shape, 2))

        random, start = np.random.default_rng(0), np.zeros(1, np.int32)
        generated = gpt_text.generate(logits, start, 1, random, temperature)
        return float(np.mean([*islice(generated, 2000)]))

    # 1 / (1 + exp(-1 / temperature))
    assert share(1) == pytest.approx(0.731, abs=0.03)
    assert share(0.25) == pytest.approx(0.982, abs=0.01)
