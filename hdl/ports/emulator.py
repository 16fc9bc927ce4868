"""The emulated line in gateware: PCM octets to samples of the analogue modem's A/D.

golden/ports/emulator.py says what it does, and makes the response in its table.
"""

from fractions import Fraction
from math import sqrt

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.errors import V90Error
from golden.formats import EMULATED_TAP, LEAK, LEAK_USED, LINEAR, SAMPLE
from golden.pcm.parameters import OCTET_RATE
from golden.ports.emulator import (
    NOISE_SHIFT,
    OCTET_FRACTION,
    REGISTER,
    RESPONSE_PHASE_BITS,
    RESPONSE_PHASES,
    RESPONSE_PLACE_BITS,
)
from golden.receiver.timing import SAMPLE_RATE
from hdl.core.fixed import shape
from hdl.core.mac import FACTOR_SHAPE, Multiplier
from hdl.pcm.g711 import LAW_BITS, linear


def octets_of_sample(ppm):
    """Octets that pass in a sample's time, with OCTET_FRACTION fraction bits, to nearest.

    The client's clock is ``ppm`` fast.
    """
    if not -1000 <= ppm <= 1000:
        raise V90Error(f"a client's clock is within 1000 ppm, {ppm:g} is too far off")
    samples = SAMPLE_RATE * (1 + Fraction(ppm) / 10**6)
    return round((OCTET_RATE << OCTET_FRACTION) / samples)


def noise_factor(response, snr):
    """Factor of a sample's sum of signs, for noise ``snr`` dB below TRN1d; None: no noise.

    A sum of n signs has a root mean square of sqrt(n).
    """
    if snr is None:
        return 0
    noise = response.rms / 10 ** (snr / 20)
    factor = round(noise / sqrt(response.products) * 2.0 ** (EMULATED_TAP.fraction - NOISE_SHIFT))
    if not 0 <= factor < 1 << 15:
        raise V90Error(f"an emulated line has no noise as loud as an SNR of {snr:g} dB")
    return factor


def _table(response, slots):
    """Taps from slot 0 on, and tails in the last slots."""
    table = [0] * (slots * RESPONSE_PHASES)
    table[: len(response.taps)] = response.taps
    for slot, tail in zip(range(slots - len(response.leaks), slots), response.tails, strict=True):
        table[slot * RESPONSE_PHASES : (slot + 1) * RESPONSE_PHASES] = tail
    return table


class LineEmulator(wiring.Component):
    """Gives samples at the client's rate, as fast as they are taken.

    A sample is the mean, weighted by its place, of two sums of products: of the phases of the
    table before and after the sample's instant. Noise is added to it. About every second sample
    needs a new octet, and waits for it.

    A sample is offered ``latency`` cycles after the one before is taken, and ``leaks + 2`` cycles
    later where it needs an octet. With the default response it takes 79 or 83 cycles, of the 750
    that there are at 12 MHz. A reset makes the line silent, which takes ``slots`` cycles. Bit-exact
    with :class:`golden.ports.emulator.LineEmulator`.

    Parameters
    ----------
    response, law, ppm, snr : those of the model

    Members
    -------
    i : In(stream of 8)        PCM octets
    o : Out(stream of SAMPLE)  samples
    """

    def __init__(self, response, law, ppm=0.0, snr=None):
        self.response, self.law = response, LAW_BITS[law]
        self.step, self.scale = octets_of_sample(ppm), noise_factor(response, snr)
        self.slots = response.products + 1
        #: Two passes of ``products``, each with three cycles to drain and one to save; the mean.
        self.latency = 2 * (response.products + 4) + 9
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(shape(SAMPLE)))})

    def elaborate(self, platform):
        m = Module()
        slots, leaks = self.slots, len(self.response.leaks)
        # Values of octets in a ring, then values of the recursions, then both sums and the noise.
        extra, sums = slots, slots + leaks
        contents = _table(self.response, slots)
        m.submodules.table = table = Memory(
            shape=shape(EMULATED_TAP), depth=slots * RESPONSE_PHASES, init=contents
        )
        m.submodules.values = values = Memory(shape=FACTOR_SHAPE, depth=sums + 3, init=[])
        m.submodules.multiplier = multiplier = Multiplier()
        write, read, taps = values.write_port(), values.read_port(), table.read_port()
        # With the first sample comes the first octet, at its own instant.
        fraction = Signal(OCTET_FRACTION, init=(-self.step) & ((1 << OCTET_FRACTION) - 1))
        phase = fraction[OCTET_FRACTION - RESPONSE_PHASE_BITS :]
        place = fraction[
            OCTET_FRACTION - RESPONSE_PHASE_BITS - RESPONSE_PLACE_BITS : OCTET_FRACTION
            - RESPONSE_PHASE_BITS
        ]
        head, slot = Signal(range(slots)), Signal(range(slots))
        # The second pass; the third, which makes the mean.
        second, mean = Signal(), Signal()
        reading, multiplied = Signal(), Signal()
        start = 1 << (EMULATED_TAP.fraction - 1)
        # The mean is within 2**28, and the noise within 2**24.
        width = max(self.response.most + start, 1 << 29).bit_length() + 1
        total = Signal(signed(width))
        weight = Signal(FACTOR_SHAPE)
        noise = self._noise(m, reading & ~second & ~mean)
        is_value = slot < self.response.count
        m.d.comb += taps.addr.eq(Cat(phase, slot) + (second & is_value))
        m.d.sync += multiplied.eq(reading)
        factors = read.data, Mux(mean, weight, taps.data)
        with multiplier.multiply(m, *factors, when=multiplied) as accumulating:
            m.d.sync += total.eq(total + multiplier.product)
        with m.FSM():
            with m.State("CLEAR"):
                m.d.comb += [write.addr.eq(slot), write.en.eq(1)]
                m.d.sync += slot.eq(slot + 1)
                with m.If(slot == slots - 1):
                    m.next = "STEP"
            with m.State("STEP"):
                moved = Signal(OCTET_FRACTION + 1)
                m.d.comb += moved.eq(fraction + self.step)
                m.d.sync += [fraction.eq(moved), slot.eq(0), second.eq(0), mean.eq(0)]
                m.d.sync += total.eq(start)
                m.next = "SUM"
                with m.If(moved[-1]):
                    m.next = "OCTET"
            self._take(m, head, write)
            if leaks:
                self._leak(m, head, write, read, extra)
            with m.State("SUM"):
                recursion = slot + (extra - (slots - leaks))
                m.d.comb += [
                    reading.eq(1),
                    read.addr.eq(Mux(is_value, (head - slot)[: len(head)], recursion)),
                ]
                m.d.sync += slot.eq(slot + 1)
                # The slot after the last tap has that tap's last phase, and no more.
                if leaks:
                    with m.If(slot == self.response.count - 1):
                        m.d.sync += slot.eq(slots - leaks)
                with m.If(slot == (slots - 1 if leaks else slots - 2)):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(~multiplied & ~accumulating):
                    m.next = "OFFER"
                    with m.If(~mean):
                        m.next = "SAVE"
            with m.State("SAVE"):
                m.d.comb += [write.addr.eq(sums + second), write.data.eq(_narrowed(total))]
                m.d.comb += write.en.eq(1)
                m.d.sync += [total.eq(start), slot.eq(0), second.eq(1), mean.eq(second)]
                m.next = "SUM"
                with m.If(second):
                    m.next = "NOISE"
            with m.State("NOISE"):
                m.d.comb += [write.addr.eq(sums + 2), write.data.eq(noise), write.en.eq(1)]
                m.next = "MEAN"
            with m.State("MEAN"):
                m.d.comb += [reading.eq(1), read.addr.eq(sums + slot)]
                weights = Mux(
                    slot == 0, (1 << RESPONSE_PLACE_BITS) - place, Mux(slot == 1, place, self.scale)
                )
                m.d.sync += [slot.eq(slot + 1), weight.eq(weights)]
                with m.If(slot == 2):
                    m.next = "DRAIN"
            with m.State("OFFER"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(_narrowed(total))]
                with m.If(self.o.ready):
                    m.next = "STEP"
        return m

    def _take(self, m, head, write):
        """A state that takes an octet, and puts its linear value into the ring."""
        with m.State("OCTET"):
            octet, value = self.i.payload, Signal(LINEAR.integer)
            mask = 0x55 if self.law else 0x7F
            m.d.comb += [
                self.i.ready.eq(1),
                value.eq(linear((octet[:7] ^ mask)[:7], Const(self.law, 1))),
                write.addr.eq((head + 1)[: len(head)]),
                write.data.eq(Mux(octet[7], value, -value)),
                write.en.eq(self.i.valid),
            ]
            with m.If(self.i.valid):
                m.d.sync += head.eq(head + 1)
                m.next = "LEAVE" if self.response.leaks else "SUM"

    def _leak(self, m, head, write, read, extra):
        """States that go on with the recursions, which go round: each is the first in its turn."""
        leaks = self.response.leaks
        kept = Signal(LEAK.width * len(leaks))
        turn = Signal(range(max(2, len(leaks))))
        own = kept[: LEAK.width].as_signed()
        less = own >> leaks[0]
        for number, bits in enumerate(leaks[1:], 1):
            less = Mux(turn == number, own >> bits, less)
        following = Signal(signed(LEAK.width))
        m.d.comb += following.eq(own - less + (read.data << LEAK.fraction))
        leaving = (head - self.response.count)[: len(head)]
        with m.State("LEAVE"):
            m.d.comb += read.addr.eq(leaving)
            m.next = "LEAK"
        with m.State("LEAK"):
            m.d.comb += [
                read.addr.eq(leaving),
                write.addr.eq(extra + turn),
                write.data.eq(following >> (LEAK.fraction - LEAK_USED.fraction)),
                write.en.eq(1),
            ]
            m.d.sync += [
                kept.eq(Cat(kept[LEAK.width :], following)),
                turn.eq(turn + 1),
            ]
            with m.If(turn == len(leaks) - 1):
                m.d.sync += turn.eq(0)
                m.next = "SUM"

    def _noise(self, m, step):
        """A sample's sum of signs, out of a shift register that moves with ``step``."""
        length = max(REGISTER)
        register = Signal(length, init=(1 << length) - 1)
        bit = register[REGISTER[0] - 1] ^ register[REGISTER[1] - 1]
        products = self.response.products
        ones = Signal(range(products + 1))
        with m.If(step):
            m.d.sync += [register.eq(Cat(bit, register)), ones.eq(ones + bit)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += ones.eq(0)
        return (2 * ones - products) << NOISE_SHIFT


def _narrowed(total):
    """A sum without its fraction, within a sample's range."""
    rest = total[EMULATED_TAP.fraction :]
    upper = rest[SAMPLE.width - 1 :]
    fits = ~upper.any() | upper.all()
    limit = Cat((~total[-1]).replicate(SAMPLE.width - 1), total[-1])
    return Mux(fits, rest[: SAMPLE.width], limit).as_signed()
