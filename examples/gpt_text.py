"""The text that the GPT learns: what `help()` knows about Python, in characters.

Every Python ships `pydoc_data.topics`, the reference manual as `help()` prints it: half a million
characters of English prose, and the reader of this example can judge the imitation. Its words
differ a little from one version of Python to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pydoc_data.topics import topics

import numpy as np
from numpy.typing import NDArray

from catgrad import CatgradError

Tokens = NDArray[np.int32]
Floats = NDArray[np.floating]

TEST_SHARE = 0.1


@dataclass(frozen=True)
class Text:
    """A text to learn from and its end, to test on.

    A token is the place of its character in `characters`, which are in order.
    """

    characters: str
    train: Tokens
    test: Tokens

    def encode(self, text: str) -> Tokens:
        """The tokens of a text; all of its characters are known."""
        unknown = {*text} - {*self.characters}
        if unknown:
            raise CatgradError(
                f"The text that is learned has no character {min(unknown)!r}; "
                f"write {text!r} without it."
            )
        return np.array([self.characters.index(c) for c in text], np.int32)

    def decode(self, tokens: Tokens) -> str:
        """The text of these tokens."""
        return "".join(self.characters[i] for i in tokens)


def load() -> Text:
    """The help topics one after the other; the last tenth of the characters is for the test."""
    whole = "\n\n".join(topics.values())
    characters, tokens = np.unique(list(whole), return_inverse=True)
    train, test = np.split(tokens.astype(np.int32), [round(len(whole) * (1 - TEST_SHARE))])
    return Text("".join(characters), train, test)


def batches(
    tokens: Tokens, batch: int, context: int, random: np.random.Generator
) -> Iterator[tuple[Tokens, Tokens]]:
    """Endlessly: `batch` pieces of `context` tokens, and for each token the one that follows it."""
    if context >= len(tokens):
        raise CatgradError(
            f"A context of {context} does not fit into a text of {len(tokens)} characters; "
            f"choose one below {len(tokens)}."
        )
    while True:
        starts = random.integers(len(tokens) - context, size=(batch, 1))
        pieces = tokens[starts + np.arange(context + 1)]
        yield pieces[:, :-1], pieces[:, 1:]


def generate(
    logits: Callable[[Tokens], Floats],
    prompt: Tokens,
    context: int,
    random: np.random.Generator,
    temperature: float = 0.8,
) -> Iterator[int]:
    """Endlessly the next token, drawn from ``softmax(logits / temperature)``.

    `logits` takes ``[1, context]`` tokens to ``[1, context, vocabulary]``, in which the row of a
    token does not depend on those after it: a short text is filled up at its end.
    """
    tokens = [*prompt[-context:]]
    while True:
        row = np.zeros((1, context), np.int32)
        row[0, : len(tokens)] = tokens
        scores = logits(row)[0, len(tokens) - 1].astype(np.float64) / temperature
        p = np.exp(scores - scores.max())
        token = int(random.choice(len(p), p=p / p.sum()))
        yield token
        tokens = [*tokens, token][-context:]


def cross_entropy(logits: Floats, labels: Tokens) -> float:
    """The mean of ``-log(softmax(logits)[label])``."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    at_label = np.take_along_axis(shifted, labels[..., None], axis=-1)[..., 0]
    return float((np.log(np.exp(shifted).sum(axis=-1)) - at_label).mean())
