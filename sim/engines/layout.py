"""A component's ports, and payloads between NumPy arrays and bits.

A payload array has one entry a transfer along its first axis. Its dtype follows the shape: plain
shapes are int64 (uint64 where 64 unsigned bits need it); a ``StructLayout`` is a structured dtype
with the layout's field names; an ``ArrayLayout`` adds an axis; layouts nest. A field wider than 64
bits adds an axis of uint64 limbs, least significant first, sign-extended.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Shape
from amaranth.lib import data, stream, wiring


@dataclass(frozen=True)
class ComponentPort:
    """One stream, or one plain port, of a component.

    Fields: ``name``, its path joined by double underscores, as in the generated netlist; ``shape``
    of a payload; ``output``, whether the component drives it; ``valid`` and ``ready``, whether a
    stream has that wire.
    """

    name: str
    shape: object
    output: bool
    valid: bool = False
    ready: bool = False

    @property
    def width(self):
        return Shape.cast(self.shape).width

    @property
    def words(self):
        """How many 32-bit words hold a payload."""
        return (self.width + 31) // 32


def ports(component):
    """The ports of a component: ``(streams, plains)``, dicts of name to :class:`ComponentPort`."""
    streams, plains = {}, {}

    def walk(signature, prefix):
        for name, member in signature.members.items():
            for path in _indices(prefix + name, member.dimensions):
                if member.is_port:
                    plains[path] = ComponentPort(path, member.shape, member.flow == wiring.Out)
                elif isinstance(member.signature, stream.Signature):
                    # The signature of an In member arrives flipped, its payload being In.
                    inner = member.signature
                    payload = inner.members["payload"]
                    streams[path] = ComponentPort(
                        path,
                        payload.shape,
                        payload.flow == wiring.Out,
                        not inner.always_valid,
                        not inner.always_ready,
                    )
                else:
                    walk(member.signature, path + "__")

    walk(component.signature, "")
    return streams, plains


def _indices(name, dimensions):
    names = [name]
    for length in dimensions:
        names = [f"{n}__{i}" for n in names for i in range(length)]
    return names


def _layout(shape):
    """The layout that a shape is, or None for a plain shape."""
    try:
        layout = data.Layout.cast(shape)
    except TypeError:
        return None
    if isinstance(layout, data.UnionLayout):
        raise ValueError("a union cannot be a payload here; use a StructLayout")
    return layout


def payload_dtype(shape):
    """The NumPy dtype of one payload of ``shape``; see the module's first lines."""
    layout = _layout(shape)
    if isinstance(layout, data.ArrayLayout):
        return np.dtype((payload_dtype(layout.elem_shape), (layout.length,)))
    if layout is not None:
        return np.dtype([(name, payload_dtype(f.shape)) for name, f in layout])
    shape = Shape.cast(shape)
    if shape.width > 64:
        return np.dtype((np.uint64, ((shape.width + 63) // 64,)))
    return np.dtype(np.uint64 if shape.width == 64 and not shape.signed else np.int64)


def as_payloads(value, shape):
    """Convert to an array of ``payload_dtype(shape)``, checked.

    ``value`` is an integer array, for a struct a structured array or a dict of arrays with just
    the layout's fields. Raises ``ValueError`` naming the field where fields are missing or
    unknown, lengths differ, values are not integers, or do not fit.
    """
    first = value
    while isinstance(first, Mapping):
        if not first:
            raise ValueError("a payload dict without fields")
        first = next(iter(first.values()))
    out = np.zeros(len(first), payload_dtype(shape))
    _fill(out, value, shape, "payload")
    return out


def at_least_1d(value):
    """A lone value (an integer, or a dict of integers) as payloads of length 1."""
    if isinstance(value, Mapping):
        return {name: at_least_1d(v) for name, v in value.items()}
    return np.atleast_1d(value)


def _fill(out, value, shape, where):
    layout = _layout(shape)
    if isinstance(layout, data.ArrayLayout):
        return _fill(out, value, layout.elem_shape, where + "[]")
    if layout is not None:
        names = tuple(value) if isinstance(value, Mapping) else np.asarray(value).dtype.names
        wanted = [name for name, _ in layout]
        if names is None or set(names) != set(wanted):
            raise ValueError(f"{where} must have the fields {wanted}, not {names}")
        for name, f in layout:
            _fill(out[name], value[name], f.shape, f"{where}.{name}")
        return None
    shape = Shape.cast(shape)
    value = np.asarray(value)
    if shape.width > 64 and value.dtype == object:
        value = _limbs(value, out.shape[-1])
    if value.size and not (value.dtype.kind in "iub" or value.dtype == object):
        raise ValueError(f"{where} must hold integers, not {value.dtype}")
    if value.shape != out.shape:
        raise ValueError(f"{where} must have shape {out.shape}, not {value.shape}")
    if value.size and shape.width <= 64:
        low = -1 << (shape.width - 1) if shape.signed and shape.width else 0
        high = low + (1 << shape.width) - 1
        if int(value.min()) < low or int(value.max()) > high:
            raise ValueError(
                f"{where} must be {low} to {high}, not {int(value.min())} to {int(value.max())}"
            )
    out[...] = value
    return None


def _limbs(value, count):
    shifted = [(value >> (64 * i)) & ((1 << 64) - 1) for i in range(count)]
    return np.stack(shifted, axis=-1).astype(np.uint64)


def _leaves(shape, offset=0, path=()):
    """Each plain field: its path (field names and array indices), first bit, and Shape."""
    layout = _layout(shape)
    if layout is None:
        yield path, offset, Shape.cast(shape)
    else:
        for name, f in layout:
            yield from _leaves(f.shape, offset + f.offset, (*path, name))


def _leaf(array, path):
    for step in path:
        array = array[step] if isinstance(step, str) else array[:, step]
    return array


def pack(array, shape):
    """Payloads as bits: uint32 words ``[transfer, word]``, least significant word first.

    Takes what :func:`as_payloads` takes, and raises as it does.
    """
    array = as_payloads(array, shape)
    width = Shape.cast(shape).width
    lanes = np.zeros((len(array), (width + 63) // 64), np.uint64)
    for path, offset, leaf in _leaves(shape):
        field = _leaf(array, path)
        if leaf.width <= 64:
            _put(lanes, field.astype(np.uint64), offset, leaf.width)
        else:
            for i in range(field.shape[1]):
                _put(lanes, field[:, i], offset + 64 * i, min(64, leaf.width - 64 * i))
    return np.ascontiguousarray(lanes.view("<u4")[:, : (width + 31) // 32])


def unpack(words, shape):
    """The inverse of :func:`pack`: an array of ``payload_dtype(shape)``."""
    width = Shape.cast(shape).width
    padded = np.zeros((len(words), 2 * ((width + 63) // 64)), "<u4")
    padded[:, : words.shape[1]] = words
    lanes = padded.view(np.uint64)
    out = np.zeros(len(words), payload_dtype(shape))
    for path, offset, leaf in _leaves(shape):
        if leaf.width <= 64:
            field = _get(lanes, offset, leaf.width)
            _assign(out, path, _extend(field, leaf.width) if leaf.signed else field)
        else:
            limbs = [
                _get(lanes, offset + i, min(64, leaf.width - i)) for i in range(0, leaf.width, 64)
            ]
            if leaf.signed:
                limbs[-1] = _extend(limbs[-1], (leaf.width - 1) % 64 + 1).view(np.uint64)
            _assign(out, path, np.stack(limbs, axis=1))
    return out


def _assign(out, path, value):
    _leaf(out, path)[...] = value


def _extend(field, width):
    if width == 0:
        return field.view(np.int64)
    shift = np.int64(64 - width)
    return (field.view(np.int64) << shift) >> shift


def _put(lanes, field, offset, width):
    if width == 0:
        return
    lane, shift = divmod(offset, 64)
    field = field & np.uint64((1 << width) - 1)
    lanes[:, lane] |= field << np.uint64(shift)
    if shift + width > 64:
        lanes[:, lane + 1] |= field >> np.uint64(64 - shift)


def _get(lanes, offset, width):
    if width == 0:
        return np.zeros(len(lanes), np.uint64)
    lane, shift = divmod(offset, 64)
    field = lanes[:, lane] >> np.uint64(shift)
    if shift + width > 64:
        field = field | (lanes[:, lane + 1] << np.uint64(64 - shift))
    return field & np.uint64((1 << width) - 1)
