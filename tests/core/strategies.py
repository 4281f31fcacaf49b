"""Content, keys and records as hypothesis strategies."""

from __future__ import annotations

from hypothesis import strategies as st

from contentgit.content.layout import key_text
from contentgit.content.records import JSON_NULL, Record, RecordKey

# Pieces in which the cutting of text is likely to go wrong, and any characters besides.
PIECES = [
    "word", "Dr.", "z.B.", "e.g.", "3.14", "1.", "Fig.", "Smørrebrød", "今日は", "。", "！？", "」",
    ".", "!", "?", "…", "...", '"', "'", ")", "”", " ", "  ", "\t", "\u00a0", "\u3000",
    "\n", "\r", "\r\n", "\n\n", "<p>", "</p>", "</P>", "<b>", "</b>", "</em>", "<li>", "</li>",
    "<br>", "<br />", '<br class="a. b">', "<hr/>", "<br ", "</", "<", ">", "</div></div>", "</h2>",
    "A", "b", "7", "\0", "\x7f", "\u200b", "\u202e", "\ud83d", "\ude00", "😀", "👩\u200d🍳", "\u2028",
]  # fmt: skip
texts = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5))).map("".join),
    st.text(st.characters(codec=None, categories=None), max_size=150),
)

# What no JSON string can hold: a pair of surrogates that is not one character.
names = st.one_of(
    st.sampled_from(["a", "b", "$text", "$", "$$", "$key", "ä", "", " ", "\u200b", "A" * 120]),
    st.text(max_size=8),
)
integers = st.one_of(
    st.integers(),
    st.integers(min_value=-(2**70), max_value=2**70),
    st.sampled_from([2**63, 2**64, 2**64 - 1, -(2**63), -(2**63) - 1, 10**40]),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    integers,
    st.floats(),
    st.sampled_from([0.0, -0.0, 1e16, 1e-7, 1e22, 5e-324, 1.7976931348623157e308]),
    texts,
    st.just(JSON_NULL),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=8,
)

key_parts = st.one_of(
    st.integers(min_value=-(2**63), max_value=2**64 - 1),
    texts,
    st.sampled_from(
        ["", ".", "..", ".git", "con", "con.x", "CON", "a,b", "42", "007", "-0", "a/b"]
    ),
)
key_values = st.one_of(key_parts, st.lists(key_parts, min_size=1, max_size=3))
models = st.sampled_from(["pages.page", "dataset.json", "con.aux", "a.b", "shop_x.item2"])
keys = st.builds(lambda model, value: RecordKey(model, key_text(value)), models, key_values)

field_names = st.one_of(
    st.sampled_from(["title", "body", "tags", "author", "Zeit", "größe", "_x"]),
    st.text(
        st.characters(min_codepoint=0x25, categories=("L", "N", "P", "S")), min_size=1, max_size=6
    ),
)
fields = st.dictionaries(field_names, values, max_size=5)
_record_key = st.builds(
    RecordKey,
    models,
    st.one_of(
        st.integers(min_value=-(2**63), max_value=2**64 - 1).map(str),
        st.text(max_size=12).map(key_text),
        st.lists(st.one_of(st.integers(0, 99), st.text(max_size=5)), min_size=2, max_size=3).map(
            key_text
        ),
    ),
)
records = st.builds(Record, _record_key, fields)
