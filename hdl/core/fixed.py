"""The one operation that narrows a number; same name and meaning as ``golden.fixed.requant``."""

from amaranth.hdl import Cat, Const, Mux, Shape

from golden.fixed import Overflow, Rounding

__all__ = ["Overflow", "Rounding", "requant", "shape"]


def shape(form):
    """Amaranth shape of a :class:`golden.formats.Q`."""
    return Shape(form.width, signed=bool(form.signed))


def requant(x, src, dst, rounding, overflow):
    """Convert ``x`` from format ``src`` to format ``dst``, combinationally.

    Bit-exact with :func:`golden.fixed.requant` for every ``x`` inside ``src``. FORBID builds no
    guard: the format's headroom argument must hold. Returns a value of ``dst``'s shape.
    """
    x = _signed(x, src)
    drop = src.fraction - dst.fraction
    if drop < 0:
        x = Cat(Const(0, -drop), x).as_signed()
    elif drop > 0:
        x = _widened(x, drop + 1)
        if rounding is Rounding.HALF_UP:
            x = x + (1 << (drop - 1))
        elif rounding is Rounding.HALF_EVEN:
            x = x + ((1 << (drop - 1)) - 1) + x[drop]
        x = x.as_signed()[drop:].as_signed()
    if overflow is Overflow.SAT:
        x = _widened(x, dst.integer + dst.fraction + 1)
        # One sign bit more than dst needs shows both overflows.
        rest = x[dst.integer + dst.fraction :]
        negative = x[-1]
        low, high = Const(dst.min, shape(dst)), Const(dst.max, shape(dst))
        fits = ~rest.any() | (rest.all() if dst.signed else 0)
        x = Mux(fits, _cut(x, dst), Mux(negative, low, high))
    return _cut(x, dst)


def _signed(x, form):
    """``x`` with a sign bit, so that one kind of arithmetic serves all formats."""
    x = x[: form.width]
    return x.as_signed() if form.signed else Cat(x, Const(0, 1)).as_signed()


def _widened(x, width):
    """``x``, which has a sign bit, in at least ``width`` bits."""
    return Cat(x, x[-1].replicate(max(0, width - len(x)))).as_signed()


def _cut(x, form):
    """The low bits of ``x`` as a value of the format's shape."""
    x = _widened(x, form.width)[: form.width]
    return x.as_signed() if form.signed else x
