"""Compare a component with its expected transfers, on any engine."""

import numpy as np

from sim.engines.pattern import DEFAULT_PATTERNS, OutOfCycles, mismatch

ENGINES = ("cxxrtl", "verilator", "icarus")


def compare(
    component,
    inputs,
    expected,
    *,
    engine="cxxrtl",
    patterns=DEFAULT_PATTERNS,
    reset_at=None,
    cycles=100_000,
    drain=64,
    waves=None,
    probes=(),
):
    """Simulate a component on one engine and compare every transfer with the expected one.

    Parameters are those of :func:`sim.engines.cosim.check`, and ``engine``, one of :data:`ENGINES`.
    Results of two engines are equal, to the cycle. Prints the patterns, seeds included, for pytest
    to show when a test fails.

    Returns
    -------
    list of :class:`sim.engines.pattern.Result`, one a pattern, in order. With a first pattern of
    full speed, ``results[0].given["o"][0] - results[0].taken["i"][0]`` is the latency in cycles.

    Raises
    ------
    As :func:`sim.engines.cosim.check` and :class:`sim.engines.gateware.Gateware`.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {ENGINES}, not {engine!r}")
    patterns = list(patterns)
    print(f"{engine}: {patterns}")
    if engine == "cxxrtl":
        return _compare_cxxrtl(
            component, inputs, expected, patterns, reset_at, cycles, drain, waves, probes
        )
    from sim.engines.cosim import check

    return check(
        component,
        inputs,
        expected,
        simulator=engine,
        patterns=patterns,
        reset_at=reset_at,
        cycles=cycles,
        drain=drain,
        waves=waves,
        probes=probes,
    )


def _compare_cxxrtl(component, inputs, expected, patterns, reset_at, cycles, drain, waves, probes):
    from sim.engines.gateware import Gateware
    from sim.engines.layout import pack, unpack

    gateware = Gateware(component)
    sinks = {name: port for name, port in gateware.streams.items() if port.output}
    for name in expected:
        if name not in sinks:
            raise ValueError(f"there is no output stream {name!r}; there are {list(sinks)}")
    wanted = {
        name: pack(expected[name], port.shape)
        if name in expected
        else np.zeros((0, port.words), "<u4")
        for name, port in sinks.items()
    }
    counts = {name: len(words) for name, words in wanted.items()}

    def verify(result):
        for name, port in sinks.items():
            got, want = pack(result.outputs[name], port.shape), wanted[name]
            common = min(len(got), len(want))
            if np.array_equal(got[:common], want[:common]) and len(got) <= len(want):
                continue
            wrong = np.flatnonzero((got[:common] != want[:common]).any(axis=1))
            index = int(wrong[0]) if len(wrong) else common
            raise mismatch(
                name,
                index,
                unpack(got[index : index + 1], port.shape),
                unpack(want[index : index + 1], port.shape),
                result.pattern,
            )

    def run(pattern, cycles, partial):
        try:
            result = gateware.run(
                inputs,
                counts,
                cycles,
                **pattern._asdict(),
                waves=waves,
                probes=probes,
                partial=partial,
                check_ready=True,
                drain=drain,
            )
        except OutOfCycles as error:
            verify(error.result)  # a wrong transfer says more than a missing one
            raise
        verify(result)
        return result

    results = []
    for pattern in patterns:
        if reset_at is not None:
            run(pattern, reset_at, partial=True)
        results.append(run(pattern, cycles, partial=False))
    return results
