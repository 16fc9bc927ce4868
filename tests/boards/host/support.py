"""Stimuli and expectations that several tests share."""

import time


class Port:
    """A serial port with a board's model at the other end, and faults on both ways."""

    name = "a port"

    def __init__(self, model, faults=None):
        self.model, self.faults, self.timeout, self._back = model, faults, 0, b""

    in_waiting = property(lambda self: len(self._back))

    def write(self, octets):
        if self.faults:
            octets = self.faults[0].process(octets)
        octets = self.model.process(octets) if self.model else b""
        self._back += self.faults[1].process(octets) if self.faults else octets

    def read(self, size):
        if not self._back:
            time.sleep(min(self.timeout, 0.001))
        octets, self._back = self._back[:size], self._back[size:]
        return octets
