"""LinkedReceiver on its pins is in hdl/test_top, with the receiver behind it: one is compiled."""

import pytest

from golden.errors import V90Error
from hdl.linked import LinkedReceiver
from tests.hdl.support import check_refused


@pytest.mark.parametrize("baud", [3e6, 1.3e6])
def test_a_baud_that_the_clock_does_not_make(baud):
    check_refused(V90Error, "makes no UART", LinkedReceiver, 12e6, baud)
