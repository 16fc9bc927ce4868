"""Run a call: a file through two modems, a network and a line."""

import time

from sim.calls import given, start_up
from sim.calls.engines import GOLDEN


def run(call, data, engines=GOLDEN):
    """Send a file through a call.

    Parameters
    ----------
    call : :class:`~sim.calls.description.Call`
    data : bytes
        The file.
    engines : :class:`~sim.calls.engines.Engines`
        Golden, gateware or both.

    Returns
    -------
    :class:`~sim.calls.outcome.Outcome`

    Raises
    ------
    golden.errors.V90Error
        There can be no such call.
    golden.errors.CallFailed
        The call does not come to data, or golden and gateware differ.
    """
    began = time.perf_counter()
    way = given if call.given else start_up
    outcome = way.carry(call, data, engines)
    outcome.seconds = time.perf_counter() - began
    return outcome
