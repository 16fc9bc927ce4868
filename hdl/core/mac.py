"""The shared multiplier: 16x16 signed, one of each family's DSP cells."""

from contextlib import contextmanager

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

#: Shapes of a factor and of a product.
FACTOR_SHAPE, PRODUCT_SHAPE = signed(16), signed(32)


@contextmanager
def _multiply(port, m, a, b, when):
    """See :meth:`MultiplierPort.multiply`."""
    due = Signal()
    m.d.comb += [port.a.eq(a), port.b.eq(b)]
    m.d.sync += due.eq(when)
    with m.If(due):
        yield due


class MultiplierPort(wiring.PureInterface):
    """A multiplier as a user of it sees it: ``a`` and ``b`` out, ``product`` in."""

    def multiply(self, m, a, b, when):
        """Multiply ``a`` by ``b`` where ``when`` is 1; the body is for the cycle after that.

        ``with port.multiply(m, a, b, when=asked) as due: m.d.sync += total.eq(total +
        port.product)`` adds a product for each cycle of ``asked``. ``due`` is 1 in the body's
        cycles. The statement stands outside of ``m.If`` and ``m.FSM``, once for a port: where
        factors differ, ``a`` and ``b`` are a Mux.
        """
        return _multiply(self, m, a, b, when)


class _MultiplierSignature(wiring.Signature):
    """From a user to a multiplier: the members of a :class:`MultiplierPort`.

    Members
    -------
    a : Out(FACTOR_SHAPE)         factor
    b : Out(FACTOR_SHAPE)         factor
    product : In(PRODUCT_SHAPE)   a times b of the cycle before
    """

    def __init__(self):
        super().__init__(
            {"a": Out(FACTOR_SHAPE), "b": Out(FACTOR_SHAPE), "product": In(PRODUCT_SHAPE)}
        )

    def create(self, *, path=None, src_loc_at=0):
        return MultiplierPort(self, path=path, src_loc_at=1 + src_loc_at)


#: A port to a multiplier, which may be shared: a user has ``"multiplier": Out(MULTIPLIER)``.
MULTIPLIER = _MultiplierSignature()


class Multiplier(wiring.Component):
    """Product of two 16-bit signed numbers, registered.

    It belongs to one component, which says ``with multiplier.multiply(m, a, b, when)``, or to
    several that have a port each and take turns: ``multiplier.serve(m, first)`` and
    ``multiplier.serve(m, second, when=turn_of_second)``.

    One product per cycle, latency 1 cycle. Maps onto one SB_MAC16, MULT18X18D or Gowin MULT18X18.

    Members
    -------
    a : In(signed(16))         factor
    b : In(signed(16))         factor
    product : Out(signed(32))  a times b of the cycle before
    """

    latency = 1

    def __init__(self):
        self._served = False
        super().__init__(
            {"a": In(FACTOR_SHAPE), "b": In(FACTOR_SHAPE), "product": Out(PRODUCT_SHAPE)}
        )

    def multiply(self, m, a, b, when):
        """As :meth:`MultiplierPort.multiply`, for a component that has the multiplier alone."""
        return _multiply(self, m, a, b, when)

    def serve(self, m, user, when=None):
        """Connect ``user.multiplier``; its factors are taken in cycles in which ``when`` is 1.

        The first user needs no ``when``: it has all cycles in which no later user asks.

        Raises ``ValueError`` for a later user without it.
        """
        factors = [self.a.eq(user.multiplier.a), self.b.eq(user.multiplier.b)]
        m.d.comb += user.multiplier.product.eq(self.product)
        if when is not None:
            with m.If(when):
                m.d.comb += factors
        elif self._served:
            raise ValueError("a multiplier's second user must say when it takes its turn")
        else:
            m.d.comb += factors
        self._served = True

    def elaborate(self, platform):
        m = Module()
        # Without reset, so that it becomes the DSP cell's own output register.
        product = Signal(PRODUCT_SHAPE, reset_less=True)
        m.d.sync += product.eq(self.a * self.b)
        m.d.comb += self.product.eq(product)
        return m
