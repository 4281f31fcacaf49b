"""In which order rows get other primary keys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contentgit.db.applier.moving import waves

keys = st.integers(min_value=1, max_value=12)


@given(
    st.dictionaries(keys, keys, max_size=12).filter(
        lambda pairs: len({*pairs.values()}) == len(pairs)
    ),
    st.sets(keys),
)
def test_no_row_is_moved_upon_another(pairs: dict[int, int], others: set[int]) -> None:
    """Chains and circles too; and rows that stay are not touched."""
    staying = others - {*pairs, *pairs.values()}
    rows = {key: key for key in {*pairs, *staying}}
    for wave in waves(pairs, max(rows, default=0)):
        assert not {*wave.values()} & rows.keys(), "a key is in use"
        assert not {*wave.values()} & wave.keys()
        rows = {wave.get(key, key): row for key, row in rows.items()}
    assert rows == {pairs.get(row, row): row for row in rows.values()}


def test_rows_that_change_places() -> None:
    assert waves({1: 2, 2: 1}, 7) == [{1: 8}, {2: 1}, {8: 2}]
