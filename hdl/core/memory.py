"""Memories that never read and write in the same cycle."""


def read_alone(m, memory, address, write):
    """Read ``memory`` at ``address`` in each cycle in which its port ``write`` does not write.

    Returns the word, a cycle later. Reading and writing never meet, so synthesis needs no logic for
    that case, and the memory can have a single port.
    """
    port = memory.read_port()
    m.d.comb += [port.addr.eq(address), port.en.eq(~write.en)]
    return port.data
