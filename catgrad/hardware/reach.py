"""Numbers that are known to go up to a limit: whether their format does."""

from __future__ import annotations

import math

from catgrad.bidirectional.fixed_form import Reach
from catgrad.bidirectional.functor import Dual
from catgrad.core.types import Fixed
from catgrad.errors import CatgradError
from catgrad.fixed.assign import assign
from catgrad.fixed.formats import Formats
from catgrad.fixed.numbers import representable, typed
from catgrad.learner import Learner


def require_reach(learner: Learner, formats: Formats) -> None:
    """CatgradError at such a number of a float learner whose format ends before it does."""
    f = learner.whole
    if not any(isinstance(x, Reach) for x in f.H.x.distinct()[0]):
        return
    types = assign(f, formats, learner.kept, len(learner.R), learner.memories)
    for i, x in enumerate(f.H.x):
        if not isinstance(x, Reach):
            continue
        dual = types[int(f.H.s[i].table[0])].dtype
        assert isinstance(dual, Dual)
        form = dual.forward
        if not representable(0, x.most, form):
            fraction = formats.data.fraction + max(math.ceil(-math.log2(x.rate)), 0)
            whole = math.floor(math.log2(x.most)) + 2
            enough = typed(Fixed(whole + fraction, fraction))
            raise CatgradError(
                f"The {x.what} goes up to {x.most:g}, but {form} holds at most "
                f"{form.max * form.step:g}; give {x.what}={enough}, or a smaller most."
            )
