"""References inside of texts and JSON: which characters are named, and that nothing else changes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contentgit.content import embedded
from contentgit.content.layout import decode_part, encode_part
from contentgit.content.records import RecordKey
from contentgit.references import (
    ANY,
    Generic,
    Html,
    Json,
    JsonText,
    Names,
    References,
    Whole,
    parsed,
)
from contentgit.references.listed import rules_of


class Marks:
    """Every text and number is the primary key of a row, but for what has been escaped."""

    def text(self, model: str, pk: str) -> str:
        return pk if "$" in pk else embedded.text_mark(RecordKey(model, encode_part(pk)))

    def number(self, model: str, pk: int) -> int | str:
        return embedded.number_mark(RecordKey(model, encode_part(str(pk))))


class Plain(Marks):
    """Texts that JSON may have to escape are no primary keys."""

    def text(self, model: str, pk: str) -> str:
        return super().text(model, pk) if pk.isascii() and pk.isalnum() else pk


class Same:
    """Nothing is a primary key."""

    def text(self, model: str, pk: str) -> str:
        return pk

    def number(self, model: str, pk: int) -> int | str:
        return pk


class Shouted:
    """A project's own references."""

    def named(self, value: Any, names: Any) -> Any:
        return f"«{names.text('cms.page', value)}»" if isinstance(value, str) else value


MARKS, PLAIN, SAME = Marks(), Plain(), Same()
RULES = {
    "a[linktype=page][id]": "wagtailcore.page",
    'embed[embedtype="image"][id]': "wagtailimages.image",
    "*[data-cms-href]": ANY,
    "cms-plugin[id]": "cms.cmsplugin",
    "p[a=1][b='2 3'][C]": "App.P",
}
HTML = Html(RULES)


def assert_comes_back(references: References, raw: Any) -> None:
    assert references.named(raw, SAME) == raw
    given = embedded.escaped(raw)
    before = exactly(given)
    named = references.named(given, MARKS)
    assert exactly(given) == before
    assert exactly(embedded.filled(named, lambda key: decode_part(key.key))) == exactly(raw)


def exactly(value: Any) -> str:
    """Numbers of other types, and names in another order, are other values."""
    return repr(value)


# HTML

PAGE = "$ref(wagtailcore.page:6)"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        # What editors write.
        (
            '<p>See <a id="6" linktype="page">us</a></p>',
            f'<p>See <a id="{PAGE}" linktype="page">us</a></p>',
        ),
        (
            '<embed embedtype="image" id="1" format="left" alt="x"/>',
            '<embed embedtype="image" id="$ref(wagtailimages.image:1)" format="left" alt="x"/>',
        ),
        (
            '<cms-plugin alt="Link" title="L" id="26"></cms-plugin>',
            '<cms-plugin alt="Link" title="L" id="$ref(cms.cmsplugin:26)"></cms-plugin>',
        ),
        (
            '<a data-cms-href="cms.page:3" href="/x">',
            '<a data-cms-href="cms.page:$ref(cms.page:3)" href="/x">',
        ),
        ('<B data-cms-href="Cms.Page:3">', '<B data-cms-href="Cms.Page:$ref(cms.page:3)">'),
        ("<P c=5 B='2 3' a=1>", "<P c=$ref(app.p:5) B='2 3' a=1>"),
        # Forms of the same.
        ("<A LinkType='page'\r\n\tID = 6 >", f"<A LinkType='page'\r\n\tID = {PAGE} >"),
        ("<a/id='6'linktype=page>", f"<a/id='{PAGE}'linktype=page>"),
        ("<a id=6 linktype=page\0 linktype=page>", None),
        ("<a\0 id=6 linktype=page>", None),
        ("\0<a \0 id=6 linktype=page>\0", f"\0<a \0 id={PAGE} linktype=page>\0"),
        ("<a = id=6 linktype=page>", f"<a = id={PAGE} linktype=page>"),
        ("<<a id=6 linktype=page>", f"<<a id={PAGE} linktype=page>"),
        ("<a id=6 linktype=page <b>", f"<a id={PAGE} linktype=page <b>"),
        # The first of a name counts.
        ("<a id=6 id=7 linktype=page>", f"<a id={PAGE} id=7 linktype=page>"),
        ("<a id id=7 linktype=page>", None),
        ("<a id=6 linktype=x linktype=page>", None),
        # Other tags, values and places.
        ("<a id=6>", None),
        ('<a id="6" linktype="Page">', None),
        ('<ab id="6" linktype="page">', None),
        ('</a id="6" linktype="page">', None),
        ('</b data-cms-href="cms.page:3">', None),
        ('< a id="6" linktype="page">', None),
        ('<a data-id="6" linktype="page">', None),
        ('<a id="" linktype="page">', None),
        ('<a id= linktype="page">', None),
        ('<a id=" 6" linktype="page">', None),
        ('<a id="6\n" linktype="page">', None),
        ('<a id="&#54;" linktype="page">', None),
        ('<a data-cms-href="cms.page">', None),
        ('<a data-cms-href="cms.page:">', None),
        ('<a data-cms-href="a.cms.page:3">', None),
        ('<a data-cms-href="https://example.com:80">', None),
        # What is no tag to browsers.
        ('<!-- <a id="6" linktype="page"> -->', None),
        ('<!-- " --><a id="6" linktype="page">', f'<!-- " --><a id="{PAGE}" linktype="page">'),
        ("<!--><a id=6 linktype=page>", f"<!--><a id={PAGE} linktype=page>"),
        ("<!---><a id=6 linktype=page>", f"<!---><a id={PAGE} linktype=page>"),
        ("<!-- --!><a id=6 linktype=page>", f"<!-- --!><a id={PAGE} linktype=page>"),
        ("<!--!><a id=6 linktype=page>", None),
        ("<!--<!--!><a id=6 linktype=page>", f"<!--<!--!><a id={PAGE} linktype=page>"),
        ("<? ' ><a id=6 linktype=page>", f"<? ' ><a id={PAGE} linktype=page>"),
        ("</ ' ><a id=6 linktype=page>", f"</ ' ><a id={PAGE} linktype=page>"),
        ("<script>if (x<a id=6 linktype=page></script >", None),
        (
            "<Script>'<a \"</SCRIPT ><a id=6 linktype=page>",
            f"<Script>'<a \"</SCRIPT ><a id={PAGE} linktype=page>",
        ),
        ("<style>' <a id=6 linktype=page>", None),
        ('<p title="<a id=6 linktype=page>">', None),
        # What does not end.
        ('<a id="6" linktype="page"', None),
        ('<a id="6 linktype="page">', None),
        ("<a id='6 linktype=page>", None),
        ('<b x="><a id=6 linktype=page>', None),
        ("<!-- <a id=6 linktype=page>", None),
        ("<! <a id=6 linktype=page", None),
        ("no tag at all", None),
        ("", None),
    ],
)
def test_html(text: str, named: str | None) -> None:
    assert HTML.named(text, MARKS) == (text if named is None else named)
    assert_comes_back(HTML, text)


def test_at_an_attribute_the_first_rule_counts_that_changes_something() -> None:
    html = Html({"a[id]": ANY, "*[id]": "x.y", "a[x=1][id]": "v.w"})
    named = html.named("<a x=1 id=6><a id=v.w:7><b id=8>", MARKS)
    assert named == "<a x=1 id=$ref(x.y:6)><a id=v.w:$ref(v.w:7)><b id=$ref(x.y:8)>"


@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "<a",
                    "<A ",
                    "</a",
                    "<embed",
                    "<p ",
                    "<!--",
                    "-->",
                    "<script>",
                    "</script>",
                    "<",
                    ">",
                ),
                *(
                    " id=",
                    " ID = ",
                    "linktype=page",
                    ' linktype="page"',
                    " embedtype='image'",
                    "=",
                    "/",
                ),
                *(
                    '"',
                    "'",
                    "6",
                    '"7"',
                    "'8'",
                    " ",
                    "\r\n",
                    "\0",
                    "\f",
                    "é",
                    "&amp;",
                    "$",
                    "$ref(",
                    "$$",
                ),
                *(
                    " data-cms-href=",
                    "cms.page:3",
                    '"cms.page:4"',
                    "$ref(cms.page:7)",
                    '"$num(a.b:1)"',
                ),
            ]
        )
    ).map("".join)
    | st.text()
)
def test_html_comes_back(text: str) -> None:
    assert_comes_back(HTML, text)


ATTRIBUTES = st.dictionaries(
    st.sampled_from(["id", "linktype", "href", "data-x"]),
    st.sampled_from(["page", "6", "é", "/x?y=1", "A"]),
).map(lambda found: [*found.items()])
SPACES = st.sampled_from([" ", "\n", "\t ", "\r\n"])


@given(st.data())
def test_exactly_the_attributes_of_the_tags_are_named(data: st.DataObject) -> None:
    """However they are written, and whatever is between the tags."""
    text = named = ""
    for _ in range(data.draw(st.integers(0, 4))):
        tag = data.draw(st.sampled_from(["a", "A", "ab", "p"]))
        attributes = data.draw(ATTRIBUTES.flatmap(st.permutations))
        is_meant = tag in "aA" and ("linktype", "page") in attributes
        text, named = text + f"<{tag}", named + f"<{tag}"
        for name, value in attributes:
            quote = data.draw(st.sampled_from(['"', "'", ""]))
            written = f"{data.draw(SPACES)}{data.draw(st.sampled_from([name, name.upper()]))}="
            text += f"{written}{quote}{value}{quote}"
            new = MARKS.text("wagtailcore.page", value) if is_meant and name == "id" else value
            named += f"{written}{quote}{new}{quote}"
        end = data.draw(st.sampled_from([">", " />", "\n>"])) + data.draw(
            st.sampled_from(["", "x", ">", '"', "id=6", "é\0", "</a>", "<!-- <a -->", "< ", "&lt;"])
        )
        text, named = text + end, named + end
    assert HTML.named(text, MARKS) == named


# JSON

PATHS: Mapping[str, Any] = {
    "page": "cms.Page",
    "items.*.page": "cms.page",
    "items.*.text": {"a[id]": "cms.page"},
    "any": ANY,
    "**.image": Generic(),
    "**.file": Generic("type", "id"),
    "*": Generic("any", "page"),
    "raw": JsonText({"page": "cms.page", "items.*": "cms.page", "text": {"a[id]": "cms.page"}}),
    "more": Json({"page": "cms.page", "*.*.page": "cms.page"}),
    "own": Shouted(),
    "**[type=x.y].page": "x.y",
    "**[model='x.y'].*": "x.y",
}
NAMES = st.sampled_from(
    ["page", "items", "text", "any", "image", "file", "model", "pk", "type", "id", "raw", "more"]
)


@pytest.mark.parametrize(
    ("rules", "value", "named"),
    [
        ({"page": "cms.page"}, {"page": 10}, {"page": "$num(cms.page:10)"}),
        ({"page": "CMS.Page"}, {"page": "10"}, {"page": "$ref(cms.page:10)"}),
        ({"page": "cms.page"}, {"page": -1}, {"page": "$num(cms.page:-1)"}),
        ({"page": "cms.page"}, {"page": [1, "2", None, [3]]},
         {"page": ["$num(cms.page:1)", "$ref(cms.page:2)", None, [3]]}),
        *(({"page": "cms.page"}, {"page": each}, None) for each in (None, True, 1.0, {"page": 1}, "", " 1")),
        ({"a.*": "x.y"}, {"a": {"b": 1, "c": 2}}, {"a": {"b": "$num(x.y:1)", "c": "$num(x.y:2)"}}),
        ({"a.*.b": "x.y"}, {"a": [{"b": 1}, {"c": 2}, 3]}, {"a": [{"b": "$num(x.y:1)"}, {"c": 2}, 3]}),
        ({"**.b": "x.y"}, {"b": 1, "c": [[{"b": 2}]]}, {"b": "$num(x.y:1)", "c": [[{"b": "$num(x.y:2)"}]]}),
        ({"a.**.b": "x.y"}, {"b": 1, "a": {"b": 2, "c": {"b": 3}}},
         {"b": 1, "a": {"b": "$num(x.y:2)", "c": {"b": "$num(x.y:3)"}}}),
        ({"**": "x.y"}, {"b": 1, "c": [2]}, {"b": "$num(x.y:1)", "c": ["$num(x.y:2)"]}),
        ({"**.**.b": "x.y"}, {"b": 1}, {"b": "$num(x.y:1)"}),
        ({"a.0": "x.y"}, {"a": [1]}, None),
        # The first rule counts that changes something, and names are not named again.
        ({"a": "x.y", "*": "v.w"}, {"a": 1, "b": 2}, {"a": "$num(x.y:1)", "b": "$num(v.w:2)"}),
        ({"a": ANY, "*": "v.w"}, {"a": 1}, {"a": "$num(v.w:1)"}),
        ({"a": "x.y", "a.*": "v.w"}, {"a": [1, [2]]}, {"a": ["$num(x.y:1)", ["$num(v.w:2)"]]}),
        # With a model.
        ({"a": ANY}, {"a": "Cms.Page:3"}, {"a": "Cms.Page:$ref(cms.page:3)"}),
        ({"a": ANY}, {"a": ["cms.page:3", 3, "cms.page", "cms.page: 3"]},
         {"a": ["cms.page:$ref(cms.page:3)", 3, "cms.page", "cms.page: 3"]}),
        ({"a": Generic()}, {"a": {"pk": 1, "model": "Filer.image"}},
         {"a": {"pk": "$num(filer.image:1)", "model": "Filer.image"}}),
        ({"a": Generic("m", "id")}, {"a": {"m": "filer.image", "id": "1"}},
         {"a": {"m": "filer.image", "id": "$ref(filer.image:1)"}}),
        ({"a": Generic(pk="keys")}, {"a": {"keys": [1, "2", None, [3]], "model": "filer.image"}},
         {"a": {"keys": ["$num(filer.image:1)", "$ref(filer.image:2)", None, [3]], "model": "filer.image"}}),
        # One path with several.
        ([("a", Generic()), ("a", Generic(pk="keys")), ("a", Html({"a[id]": "x.y"}))],
         {"a": {"keys": [1], "model": "v.w", "pk": 2}},
         {"a": {"keys": ["$num(v.w:1)"], "model": "v.w", "pk": "$num(v.w:2)"}}),
        ([("a", Generic()), ("a", Html({"a[id]": "x.y"}))],
         {"a": '<a id="1">'}, {"a": '<a id="$ref(x.y:1)">'}),
        ({"a": Generic()}, {"a": {"model": "image", "pk": 1}}, None),
        ({"a": Generic()}, {"a": {"model": "filer.image"}}, None),
        ({"a": Generic()}, {"a": {"model": "filer.image", "pk": None}}, None),
        ({"a": Generic()}, {"a": 1}, None),
        ({"a": Generic(), "a.pk": "x.y"}, {"a": {"model": "v.w", "pk": 1}},
         {"a": {"model": "v.w", "pk": "$num(v.w:1)"}}),
        # Texts in it.
        ({"*.value": {"a[linktype=page][id]": "wagtailcore.page"}},
         [{"type": "text", "value": '<a linktype="page" id="6">', "id": "6"}],
         [{"type": "text", "value": f'<a linktype="page" id="{PAGE}">', "id": "6"}]),
        ({"a": {"a[id]": "x.y"}}, {"a": 1}, None),
        ({"a": Json({"b": "x.y"})}, {"a": {"b": 1}, "b": 1}, {"a": {"b": "$num(x.y:1)"}, "b": 1}),
        ({"a": JsonText({"b": "x.y"})}, {"a": '{"b":1}'}, {"a": '{"b":"$num(x.y:1)"}'}),
        ({"a": JsonText({"b": "x.y"})}, {"a": {"b": 1}}, None),
        # Where a text is beside.
        ({"a[t=x].b": "x.y"}, {"a": {"t": "x", "b": 1}}, {"a": {"t": "x", "b": "$num(x.y:1)"}}),
        ({"a[t=x].b": "x.y"}, {"a": {"t": "y", "b": 1}, "b": 1, "t": "x"}, None),
        *(({"a[t=1].b": "x.y"}, {"a": each}, None) for each in ({"t": 1, "b": 1}, {"b": 1}, [1], 1, "t=1")),
        ({"*[t=x].*": "x.y"}, [{"t": "x", "b": 1}, {"t": "y", "b": 1}, {"t": ["x"], "b": 1}],
         [{"t": "$ref(x.y:x)", "b": "$num(x.y:1)"}, {"t": "y", "b": 1}, {"t": ["x"], "b": 1}]),
        ({"**[t=x].b": "x.y"}, {"t": "x", "b": 1, "c": [{"t": "x", "b": 2}, {"b": 3}]},
         {"t": "x", "b": "$num(x.y:1)", "c": [{"t": "x", "b": "$num(x.y:2)"}, {"b": 3}]}),
        ({"**[t=x].**[t=y].b": "x.y"}, {"t": "y", "b": 1, "c": {"t": "x", "b": 2, "d": [{"t": "y", "b": 3}]}},
         {"t": "y", "b": 1, "c": {"t": "x", "b": 2, "d": [{"t": "y", "b": "$num(x.y:3)"}]}}),
        ({"**[t=x].**[u=y].b": "x.y"}, {"t": "x", "u": "y", "b": 1},
         {"t": "x", "u": "y", "b": "$num(x.y:1)"}),
        ({"*[t=x][u='y z.]'].b": "x.y"}, [{"t": "x", "u": "y z.]", "b": 1}, {"t": "x", "b": 1}],
         [{"t": "x", "u": "y z.]", "b": "$num(x.y:1)"}, {"t": "x", "b": 1}]),
        ({'**[m="a.b"].id': "a.b", "**[m=c.d].id": "c.d"}, [{"m": "a.b", "id": 1}, {"m": "c.d", "id": 1}],
         [{"m": "a.b", "id": "$num(a.b:1)"}, {"m": "c.d", "id": "$num(c.d:1)"}]),
        ({"a[t=x]": Generic("m", "id")}, {"a": {"t": "x", "m": "a.b", "id": 1}},
         {"a": {"t": "x", "m": "a.b", "id": "$num(a.b:1)"}}),
        ({"a": Json({"b[t=x].c": "x.y"})}, {"a": {"b": {"t": "x", "c": 1}}},
         {"a": {"b": {"t": "x", "c": "$num(x.y:1)"}}}),
        ({"a": Shouted()}, {"a": "1"}, {"a": "«$ref(cms.page:1)»"}),
        ({"a": Shouted()}, {"a": 1}, None),
    ],
)  # fmt: skip
def test_json(rules: Mapping[str, Any], value: Any, named: Any) -> None:
    named = value if named is None else named
    assert exactly(Json(rules).named(value, MARKS)) == exactly(named)
    text = JsonText(rules).named(json.dumps(value, indent=1), MARKS)
    assert text == json.dumps(named, indent=1)


def test_a_number_that_is_the_whole_value_is_left_alone() -> None:
    assert Json({"**": "cms.page"}).named(1, MARKS) == 1
    assert Json({"**": "cms.page"}).named("1", MARKS) == "$ref(cms.page:1)"
    assert JsonText({"**": "cms.page"}).named("1", MARKS) == '"$num(cms.page:1)"'
    assert_comes_back(JsonText({"**": "cms.page"}), "1")


def test_what_cannot_be_a_primary_key_stays() -> None:
    class Odd:
        def text(self, model: str, pk: str) -> str:
            return pk

        def number(self, model: str, pk: int) -> int | str:
            return f"odd {pk}" if pk % 2 else pk

    assert Json({"*": "x.y"}).named([1, 2], Odd()) == ["odd 1", 2]
    assert JsonText({"*": "x.y"}).named("[1, 2]", Odd()) == '["odd 1", 2]'


LEAVES = (
    st.sampled_from(
        ["1", "", " 2", "x.y:3", "cms.page", "é\U0001f600\u2028", '"', "\\", "$ref(a.b:1)"]
    )
    | st.sampled_from(['<a id="6">', "é\n<a id='7'>\t<a id=8>", '{"page": 1}', '{"items":[1,"2"]}'])
    | st.sampled_from(['{"text":"<a id=\\"5\\">\\u00e9<a id=6>"}', "$num(a.b:1)", "\ud800"])
    | st.integers()
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.none()
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=4)
        | st.builds(lambda pk: {"model": "x.y", "pk": pk, "type": "x.Y", "id": pk}, inner)
    ),
    max_leaves=12,
)
ROWS = st.dictionaries(NAMES, VALUES, max_size=6) | VALUES
ALL = {each: target for each, target in PATHS.items() if each != "own"}
WRITERS: list[Callable[[Any], str]] = [
    json.dumps,
    lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
    lambda value: f" \n{json.dumps(value, indent=2)}\r\n\t",
    lambda value: (
        json.dumps(value).replace("<", "\\u003c").replace("/", "\\/").replace("6", "\\u0036")
    ),
    lambda value: json.dumps(value).replace("page", "pag\\u0065"),
]


@given(ROWS)
def test_json_comes_back(value: Any) -> None:
    assert_comes_back(Json(ALL), value)
    assert_comes_back(Json({"**": "cms.page"}), value)


@given(ROWS, st.sampled_from(WRITERS))
def test_json_in_a_text_comes_back(value: Any, written: Callable[[Any], str]) -> None:
    text = written(value)
    assert_comes_back(JsonText(ALL), text)
    assert_comes_back(JsonText({"**": "cms.page"}), text)
    assert_comes_back(Json({"raw": JsonText(ALL)}), {"raw": text})
    assert_comes_back(JsonText({"raw": JsonText(ALL)}), json.dumps({"raw": text}))


@given(ROWS, st.sampled_from(WRITERS[:3]))
def test_a_text_is_named_like_the_value(value: Any, written: Callable[[Any], str]) -> None:
    named = Json(ALL).named(value, PLAIN)
    if type(value) is int:
        named = value
    assert exactly(json.loads(JsonText(ALL).named(written(value), PLAIN))) == exactly(named)


@given(
    st.lists(
        st.sampled_from(
            [
                *'{}[]",: \n\\eE+-.',
                *(
                    "page",
                    '"page"',
                    "1",
                    "10",
                    "-0",
                    "01",
                    "1.0",
                    "1e3",
                    "true",
                    "null",
                    "NaN",
                    "-Infinity",
                ),
                *('{"page":', '{"page":1', "\\u00e9", "\\u", "é", "\0", "\ufeff", "\u00a0"),
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_a_text_is_json_if_python_reads_it(text: str) -> None:
    """What is not is left alone."""
    references = JsonText({"**": "cms.page"})
    assert_comes_back(references, text)
    named = references.named(text, PLAIN)
    try:
        value = json.loads(text)
    except ValueError:
        assert named == text
    else:
        if "-0" not in text:
            expected = Json({"x.**": "cms.page"}).named({"x": value}, PLAIN)["x"]
            assert exactly(json.loads(named)) == exactly(expected)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"page" :\t10 , "x":1.50}', '{"page" :\t"$num(cms.page:10)" , "x":1.50}'),
        ('{"page": "7"}', '{"page": "$ref(cms.page:7)"}'),
        ('{"page": 1, "page": 2}', '{"page": 1, "page": "$num(cms.page:2)"}'),
        ('{"p\\u0061ge": 1}', '{"p\\u0061ge": "$num(cms.page:1)"}'),
        *(
            (f'{{"page": {each}}}', None)
            for each in ("1.0", "1e3", "-0", "01", "1" * 641, '"\\u0037"')
        ),
        ('{"page": "7}', None),
        ('{"page": 7} x', None),
        ('{"page": 7', None),
        ('{"page": 7,}', None),
        ('{"page": "7", "x": "\n"}', None),
        ('\ufeff{"page": 7}', None),
        ('["page", 7]', None),
        # Texts in it, with any escapes around.
        (
            r'{"items":[{"text":"\u00e9\ud83d\ude00é\/<a id=\"6\">\n<\u0061 id=7>"}]}',
            r'{"items":[{"text":"\u00e9\ud83d\ude00é\/<a id=\"$6\">\n<\u0061 id=$7>"}]}'.replace(
                "$6", "$ref(cms.page:6)"
            ).replace("$7", "$ref(cms.page:7)"),
        ),
        (r'{"items": [{"text": "<a id=\u0036>"}]}', None),
        (
            r'{"items": [{"text": "\ud7ff\udc00<a id=6>"}]}',
            r'{"items": [{"text": "\ud7ff\udc00<a id=$ref(cms.page:6)>"}]}',
        ),
        (
            r'{"raw": "{\"page\": 5, \"text\": \"<a id=\\\"6\\\">\"}"}',
            r'{"raw": "{\"page\": \"$num(cms.page:5)\", \"text\": \"<a id=\\\"$ref(cms.page:6)\\\">\"}"}',
        ),
        # A project's own references give whole texts.
        ('{"own": "\\u00e9"}', '{"own": "\\u00ab$ref(cms.page:%c3%a9)\\u00bb"}'),
        ('{"own": "é\\/"}', '{"own": "«$ref(cms.page:%c3%a9%2f)»"}'),
    ],
)
def test_json_in_a_text(text: str, named: str | None) -> None:
    assert JsonText(PATHS).named(text, MARKS) == (text if named is None else named)
    assert_comes_back(JsonText(ALL), text)


@pytest.mark.parametrize("references", [HTML, JsonText(ALL)])
@pytest.mark.parametrize("value", [None, 1, ["<a id=6 linktype=page>"], b"x"])
def test_what_is_not_a_text_is_left_alone(references: References, value: Any) -> None:
    assert references.named(value, MARKS) == value


def test_deep_json() -> None:
    value: Any = {"page": 1}
    for _ in range(127):
        value = {"more": [value]}
    assert_comes_back(Json({"**.page": "cms.page"}), value)
    assert "$num(cms.page:1)" in json.dumps(Json({"**.page": "cms.page"}).named(value, MARKS))
    text = "[" * 100_000 + '{"page": 1}' + "]" * 100_000
    assert JsonText({"**.page": "cms.page"}).named(text, MARKS) == text.replace(
        "1", '"$num(cms.page:1)"'
    )


MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    ("references", "piece"),
    [
        *((HTML, piece) for piece in (
            '<a "', "<a '<a \"", "<a a=", "<", "<a ", "<a a=\"'", "<a a = ", "<!--", "<!-", "<?", "</", "<a/",
            "<script>", "</script", "<script></script", "<a id=6 linktype=page ", "<a id=6 linktype=page>",
            "<a>", "<a a", "<a =", "a", " ", "<a\n", '<a a="" ', "--!", "<a data-cms-href=", "a.a:",
        )),
        *((Html({"*[data-x]": ANY}), f"<a data-x='{piece * 99}'>") for piece in ("a", "a.", "1.1:1", " ")),
        *((JsonText({"**": "x.y", "**.a.**.b": "x.y"}), piece) for piece in (
            "[", "{", '"', "\\", '"\\', '[1,', '{"a":', '["a",', "1", "-", " ", "[] ", "1 ", '"a" ', '["',
        )),
    ],
)  # fmt: skip
@pytest.mark.parametrize("begin", [False, True])
def test_hostile_texts_are_read_in_linear_time(
    references: References, piece: str, begin: bool
) -> None:
    opening = "<a " if isinstance(references, Html) else "["
    text = opening * begin + piece * (MEGABYTE // len(piece))
    start = time.process_time()
    references.named(text, SAME)
    # Many times what it takes, and a small part of what a second loop would take.
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([1] * (MEGABYTE // 4)),
        json.dumps(["1"] * (MEGABYTE // 6)),
        json.dumps(["\n<a id='1'>" * (MEGABYTE // 12)]),
        json.dumps([{"page": {"model": "x.y", "pk": 1}}] * (MEGABYTE // 40)),
    ],
)
def test_many_primary_keys_are_named_in_linear_time(text: str) -> None:
    references = JsonText({"**.page": Generic(), "*": {"a[id]": "x.y"}, "**": "x.y"})
    start = time.process_time()
    assert "(x.y:1)" in references.named(text, MARKS)
    assert time.process_time() - start < 10


# Specs


def test_the_models_of_rules() -> None:
    assert HTML.models == {
        *("wagtailcore.page", "wagtailimages.image", "cms.cmsplugin", "app.p"),
    }
    rules = {
        "a": "A.Label",
        "b": {"a[id]": "in.html"},
        "c": JsonText({"x": "in.text"}),
        "d": Json({"x": "in.json"}),
        "e": ANY,
        "f": Generic(),
        "g": Shouted(),
    }
    models = {"a.label", "in.html", "in.text", "in.json"}
    assert Json(rules).models == JsonText(rules).models == models


@pytest.mark.parametrize(
    ("model", "value", "named"),
    [
        ("x.y", 12, "$num(x.y:12)"),
        ("x.y", "12", "$ref(x.y:12)"),
        ("x.y", "twelve", "$ref(x.y:twelve)"),
        ("x.y", "", ""),
        ("x.y", " 12", " 12"),
        ("x.y", "$ref(x.y:12)", "$$ref(x.y:12)"),
        (ANY, "X.Y:12", "X.Y:$ref(x.y:12)"),
        (ANY, "12", "12"),
        (ANY, 12, 12),
    ],
)
def test_a_whole_value(model: str, value: Any, named: Any) -> None:
    given = embedded.escaped(value)
    assert Whole(model).named(given, MARKS) == named
    back = embedded.filled(named, lambda key: decode_part(key.key), is_number=type(value) is int)
    assert exactly(back) == exactly(value)
    assert Whole("X.Y").models == {"x.y"}


def test_what_a_spec_has() -> None:
    assert parsed(RULES, "text") == HTML
    assert parsed({"a": "x.y"}, "json") == Json({"a": "x.y"})
    assert parsed(HTML, "json") is HTML
    assert parsed("X.Y", "text") == parsed("x.y", "number") == Whole("x.y")
    own = Shouted()
    assert parsed(own, "number") is own


@pytest.mark.parametrize(
    ("raw", "holds", "message"),
    [
        (None, "text", "must be a dictionary of places"),
        ("a[id]", "text", "must be a model's label, or a dictionary of places"),
        ("a", "number", "must be a model's label, or a dictionary of places"),
        (None, "number", "must be a model's label"),
        ({"a": "x.y"}, "number", "must be a model's label"),
        ("x.y", "json", "must be a dictionary of places"),
        (["a"], "json", "must be a dictionary of places"),
        (Html, "text", "must be a dictionary of places"),
        ({}, "text", "must be a dictionary of places, and have one at least"),
        ({}, "json", "must be a dictionary of places, and have one at least"),
        ({"a": {}}, "json", "must be a dictionary of places, and have one at least"),
        ({1: "x.y"}, "json", "must have strings as places, not 1"),
        *(
            (
                {place: "x.y"},
                "text",
                f"must have places like 'tag[name=value][attribute]', not {place!r}",
            )
            for place in (
                *(
                    "a",
                    "[id]",
                    "a[]",
                    "a[id=1]",
                    "a[id",
                    "a [id]",
                    "a[id] ",
                    "a[x=1]",
                    "a[x][id]",
                    "a.b",
                    "",
                ),
                *(
                    "a[x=][id]",
                    "a b[id]",
                    'a[x="1][id]',
                    "a[x='1\"][id]",
                    "a[i d]",
                    "a > b[id]",
                    "a[x~=1][id]",
                ),
            )
        ),
        *(
            (
                {place: "x.y"},
                "json",
                f"must have paths like 'items.*.page' or 'items.*[type=link].page', not {place!r}",
            )
            for place in (
                *(
                    "",
                    ".",
                    "a.",
                    "a[id]",
                    ".a",
                    "a..b",
                    "a[b=c].",
                    "[b=c]",
                    "a[b=c",
                    "a[b=]",
                    "a[=c].d",
                ),
                *("a[b=c]d", "a[b=\"c']", "a[b='c\"]", "a[b.c=d]", "a[0]"),
            )
        ),
        *(
            ({place: target}, holds, f"must have a model's label for {place!r}")
            for target in (
                "page",
                "",
                "a.b.c",
                ".page",
                "cms.",
                "cms page",
                None,
                1,
                ["x.y"],
                "x.y ",
            )
            for holds, place in (("text", "a[id]"), ("json", "a"))
        ),
        ({"a[id]": Generic()}, "text", "must have a model's label for 'a[id]'"),
        ({"a": {"a[id]": "page"}}, "json", "must have a model's label for 'a[id]'"),
    ],
)
def test_forms_that_are_wrong(raw: Any, holds: Any, message: str) -> None:
    with pytest.raises(ValueError, match="must") as caught:
        parsed(raw, holds)
    found, hint = caught.value.args
    assert found == message
    assert hint.startswith("write ")


class Codec:
    """Of a project."""

    def named(self, value: Any, _names: Names) -> Any:
        return value


class SecondCodec(Codec):
    version = 2


@pytest.mark.parametrize(
    ("references", "rules"),
    [
        (Whole("Pages.Page"), ["pages.page"]),
        (Html({"A[linktype=page][ID]": "pages.Page"}), ['a[linktype="page"][id] pages.page']),
        (
            Html({"a[id]": "x.a", "*[data-id]": "x.b"}),
            ["*[data-id] x.b", "a[id] x.a"],
        ),
        (
            Json({"hero.image": "x.image", "**.text": {"a[id]": "x.a"}, "to": Generic("m", "k")}),
            ["**.text a[id] x.a", "hero.image x.image", "to m:k"],
        ),
        (Json({"a": Json({"b.*": "x.a"})}), ["a.b.* x.a"]),
        (JsonText({"a": JsonText({"b": "x.a"})}), ["JsonText a JsonText b x.a"]),
        (
            Json({"**[type=link][to='x.a'].id": "x.a"}),
            ['**[type="link"][to="x.a"].id x.a'],
        ),
        (Json({"a": Codec()}), [f"a {__name__}.Codec"]),
        (Codec(), [f"{__name__}.Codec"]),
        (SecondCodec(), [f"{__name__}.SecondCodec 2"]),
    ],
)
def test_rules_are_texts(references: References, rules: list[str]) -> None:
    assert [*rules_of(references)] == rules
