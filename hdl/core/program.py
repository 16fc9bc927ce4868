"""Programs: the rows of data that an arithmetic unit is stepped through."""

from types import SimpleNamespace

from amaranth.hdl import Module, Signal
from amaranth.lib import data

from golden.errors import V90Error


class Program:
    """A list of rows, each a value for every field; a row may have a label.

    A unit with one adder or one multiplier does many things one after the other. A row says what it
    does in one step: for instance from which region and place of a memory a word comes, how far the
    sum is shifted, where it goes, and which row is next. The unit's own logic is the same for all
    rows. There are two forms:

    - ``words`` gives the contents of a read-only memory. All values are constants, and a row is
      there a cycle after its number. This form takes one block RAM, however many rows there are.
    - ``select`` gives the row as signals, out of look-up tables. It is there in the same cycle,
      values may be signals too, and a field of 16 rows costs one look-up table a bit in a chip
      with inputs of four.

    Example::

        program = Program({"region": Region, "shift": signed(7), "next": 4})
        program.row("TAP", region=Region.PAST, shift=3, next="SCALE")
        program.row("SCALE", region=Region.DRIFTS, shift=-16, next="TAP")
        row = program.select(m, place)
        m.d.sync += place.eq(row.next)

    Parameters
    ----------
    fields : ``{name: shape}``, as for a StructLayout; a field that has no value in a row is 0

    Raises
    ------
    V90Error
        For a field that the program does not have, a label that it has twice or not at all, and,
        from ``words``, more rows than there is room for.
    """

    def __init__(self, fields):
        self.layout = data.StructLayout(fields)
        self._rows, self._labels = [], {}

    def __len__(self):
        return len(self._rows)

    def label(self, name):
        """Give the next row a label, by which values of any field may name it."""
        if name in self._labels:
            raise V90Error(f"a program has two rows with the label {name!r}, and may have one")
        self._labels[name] = len(self._rows)

    def row(self, label=None, /, **values):
        """Append a row; a text among its values is the number of the row with that label."""
        unknown = values.keys() - self.layout.members.keys()
        if unknown:
            raise V90Error(
                f"a program has no field {min(unknown)!r}, only {', '.join(self.layout.members)}"
            )
        if label is not None:
            self.label(label)
        self._rows.append(values)

    def number(self, label):
        """The number of the row with this label."""
        if label not in self._labels:
            raise V90Error(f"a program has no row with the label {label!r}")
        return self._labels[label]

    def rows(self):
        """All rows as ``{field: value}``, with numbers in place of labels."""
        return [
            {
                name: self.number(value) if isinstance(value, str) else value
                for name, value in row.items()
            }
            for row in self._rows
        ]

    def words(self, depth):
        """Contents of a memory of ``depth`` words for the rows, zeros after them."""
        if len(self) > depth:
            raise V90Error(f"a program of {len(self)} rows does not fit {depth} words of memory")
        words = [self.layout.const(row).as_value().value for row in self.rows()]
        return words + [0] * (depth - len(words))

    def select(self, m: Module, place):
        """The row with the number ``place``, in the same cycle; fields are 0 where there is none.

        Returns an object with a signal for each field.
        """
        chosen = {name: Signal(field.shape, name=name) for name, field in self.layout}
        with m.Switch(place):
            for number, row in enumerate(self.rows()):
                with m.Case(number):
                    m.d.comb += [chosen[name].eq(value) for name, value in row.items()]
        # Separate signals, not one layout: a field may depend on another within a cycle. As bits of
        # one signal they would look like a loop, and a simulator would evaluate it repeatedly.
        return SimpleNamespace(**chosen)
