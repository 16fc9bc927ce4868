"""Stimuli and expectations that several tests share."""

from hypothesis import strategies as st

from tests.fuzz.edits import EDITS

edits = st.lists(
    st.tuples(
        st.sampled_from(sorted(EDITS)),
        st.integers(0, (1 << 16) - 1),
        st.binary(min_size=1, max_size=16),
    ),
    max_size=4,
)
