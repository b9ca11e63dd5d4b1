"""Programs as text."""

from catgrad.hypergraph import Labels, OpenHypergraph

A = Labels.of("a")


def test_repr_shows_type_and_size(xp):
    f = OpenHypergraph.singleton("f", A, A + A).to(xp)
    assert repr(f) == "OpenHypergraph([a] -> [a, a], 1 operation, 3 wires)"


def test_summary_is_a_list_of_assignments(xp):
    f = OpenHypergraph.singleton("f", A, A + Labels.of("b"))
    stop = OpenHypergraph.singleton("stop", Labels.of("b"), Labels.of(""))
    program = (f >> (OpenHypergraph.identity(A) @ stop)).to(xp)
    assert program.summary() == (
        "[a] -> [a], 2 operations, 3 wires\n"
        "inputs w0: a\n"
        "w1: a, w2: b = f(w0)\n"
        "nothing = stop(w2)\n"
        "outputs w1"
    )


def test_long_summaries_end_early(xp):
    f = OpenHypergraph.tensor_list([OpenHypergraph.singleton("f", A, A)] * 20).to(xp)
    lines = f.summary(limit=2).split("\n")
    assert lines[2:5] == ["w1: a = f(w0)", "w3: a = f(w2)", "... 18 more"]
    assert lines[5].endswith("w29, ... 4 more ..., w39")
