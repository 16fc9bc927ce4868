"""Members sections of docstrings, in the forms that they have."""

from hdl.core.stream import BitQueues
from sim.export.members import meaning, meanings, members_of

TEXT = """A block.

    Members
    -------
    i : In(stream of signed(16))     A/D samples, 16 kHz; always ready
    o : Out(stream of DECISION)      one decided symbol;
        six a data frame

    found, lost : Out(1)  Sd; high until `restart`
    rx : In(1), asynchronous; tx : Out(1), idle high
    kept : as that of a bank

    What is not a port : is not taken.
    """


def test_entries_are_read():
    assert list(members_of(TEXT)) == [
        (["i"], "In(stream of signed(16))     A/D samples, 16 kHz; always ready"),
        (["o"], "Out(stream of DECISION)      one decided symbol; six a data frame"),
        (["found", "lost"], "Out(1)  Sd; high until `restart`"),
        (["rx"], "In(1), asynchronous"),
        (["tx"], "Out(1), idle high"),
        (["kept"], "as that of a bank"),
    ]
    assert list(members_of("No section.")) == list(members_of(None)) == []


def test_shapes_are_taken_off():
    assert meaning("In(stream of signed(16))     A/D samples") == "A/D samples"
    assert meaning("Out(1), idle high") == "idle high"
    assert meaning("as that of a bank") == "as that of a bank"


def test_a_class_has_its_bases_members():
    class Base:
        """B.

        Members
        -------
        i : In(1)  of the base
        o : Out(1)  of the base
        """

    class Derived(Base):
        """D.

        Members
        -------
        o : Out(2)  its own
        """

    class Silent(Derived):
        pass

    assert meanings(Silent) == {"i": "of the base", "o": "its own"}


def test_a_meaning_of_another_component_is_followed():
    class Outer:
        """O.

        Members
        -------
        room : Out(6)  as of :class:`hdl.core.stream.BitQueues`
        other : Out(6)  as of :class:`hdl.core.stream.BitQueues`
        word : Out(6)  as of a host
        """

    found = meanings(Outer)
    assert found["room"] == meanings(BitQueues)["room"] != ""
    assert found["other"] == "as of :class:`hdl.core.stream.BitQueues`"
    assert found["word"] == "as of a host"
