"""Memories that are not read while they are written."""


def read_alone(m, memory, address, write):
    """What a memory holds, read in each cycle in which nothing is written.

    So the two never meet, and synthesis may be told that it need not see to that.
    """
    port = memory.read_port()
    m.d.comb += [port.addr.eq(address), port.en.eq(~write.en)]
    return port.data
