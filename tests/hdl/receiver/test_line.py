"""A line's own parts: TRN1d's known signs, and its ports beside those of a receiver.

Whole calls through a ReceiverLine are in test_receiver.py.
"""

from golden.bits.scrambler import GPC
from golden.pcm.parameters import INTERVALS
from golden.receiver.timetable import FIRST_FRAME
from golden.signals import training
from hdl.receiver.line import ReceiverLine, _scrambler_line, receiver_ports


def test_signs_of_trn1d():
    """The scrambler of ones goes on from the data frame FIRST_FRAME as TRN1d does."""
    count = 198
    line, signs = _scrambler_line(INTERVALS * FIRST_FRAME), []
    for _ in range(count):
        sign = 1 ^ line >> (GPC[0] - 1) & 1 ^ line >> (GPC[1] - 1) & 1
        line = (line << 1 | sign) & ((1 << max(GPC)) - 1)
        signs.append(sign)
    _, expected = training.trn1d(79, INTERVALS * FIRST_FRAME + count)
    assert signs == expected[INTERVALS * FIRST_FRAME :].tolist()


def test_ports_are_a_receiver_s_and_the_solver_s():
    for start_up in (False, True):
        line = ReceiverLine(8, 4, start_up)
        own = set(line.signature.members) - set(receiver_ports(start_up))
        assert own == {"level", "o_equations", "i_taps"}
    # The sample clock's offset is shown as the interpolator keeps it.
    members = line.signature.members
    assert members["step"].shape == line.front.interpolator.signature.members["step"].shape
