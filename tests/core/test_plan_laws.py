"""Laws of planning, over random small shops: what is planned, run row by row, gives the commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from contentgit.content.canonical import same
from contentgit.content.diff import Delta
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import OnDelete, UniqueSet
from contentgit.plan import Candidate, Licences, Size, build, choose, survey
from contentgit.plan.facts import Facts, Referrer
from contentgit.plan.steps import Action, Plan, ProblemKind, Step
from tests.core.oracle import between
from tests.core.planning import dataset, many, schema, spec, text, to

MODELS = {
    each.label: each
    for each in (
        schema(
            "shop.tag",
            text("name"),
            text("slug"),
            to("parent", "shop.tag", null=True),
            unique=(UniqueSet("slug", ("slug",)), UniqueSet("odd", ("name",), plain=False)),
        ),
        schema(
            "shop.product",
            text("name"),
            to("tag", "shop.tag"),
            many("tags", "shop.tag"),
            unique=(UniqueSet("both", ("name", "tag")),),
        ),
    )
}
Rows = dict[RecordKey, dict[str, Any]]
NAMES = st.sampled_from("abc")


@st.composite
def shops(draw: st.DrawFn) -> Rows:
    """Rows whose references hold and whose unique values are unique."""
    tags = draw(st.lists(st.sampled_from("12345"), unique=True, max_size=5))
    slugs = draw(st.permutations("abcdef"))
    keys = [f"shop.tag:{tag}" for tag in tags]
    found: Rows = {}
    for name, slug in zip(tags, slugs, strict=False):
        parent = draw(st.sampled_from([None, *keys]))
        odd = draw(st.sampled_from("klmnopqrstuvw")) + name
        found[RecordKey("shop.tag", name)] = {"name": odd, "slug": slug, "parent": parent}
    taken = set()
    for name in draw(st.lists(st.sampled_from("123"), unique=True)) if tags else []:
        both = (draw(NAMES), draw(st.sampled_from(keys)))
        if both in taken:
            continue
        taken.add(both)
        links = sorted(draw(st.lists(st.sampled_from(keys), unique=True)))
        found[RecordKey("shop.product", name)] = {"name": both[0], "tag": both[1], "tags": links}
    return found


@dataclass(frozen=True)
class Case:
    base: Rows
    ours: Rows
    theirs: Rows
    licensed: frozenset[str]

    def plan(self, candidates: list[Candidate] | None = None, **licences: Any) -> Plan:
        specs = [
            spec(label.partition(".")[2], delete_missing=label in self.licensed) for label in MODELS
        ]
        sizes = {"shop": Size(len(self.base), len(self.ours), len(self.theirs))}
        found = survey(
            self.candidates() if candidates is None else candidates,
            models=MODELS,
            datasets={"shop": dataset(*specs)},
            first=set(),
            sizes=sizes,
        )
        known = facts(self.ours)
        chosen = choose(found, known)
        return build(found, chosen, known, Licences(allow_empty=True, **licences))

    def candidates(self) -> Iterator[Candidate]:
        for key in sorted({*self.ours, *self.theirs}):
            sides = [rows.get(key) for rows in (self.base, self.ours, self.theirs)]
            base, ours, theirs = (None if side is None else Record(key, side) for side in sides)
            if sides[1] != sides[2]:
                delta = Delta(key, "", "o" * bool(ours), "t" * bool(theirs))
                yield Candidate(delta, "shop", base, ours, theirs)


def cases(licensed: st.SearchStrategy[frozenset[str]]) -> st.SearchStrategy[Case]:
    return st.builds(Case, shops(), shops(), shops(), licensed)


EVERYTHING = st.just(frozenset(MODELS))
SOME = st.sets(st.sampled_from(sorted(MODELS))).map(frozenset)


def facts(rows: Rows) -> Facts:
    """What the target would tell, without asking which part of it matters."""
    holders = {}
    referrers = []
    for key, fields in rows.items():
        for unique in MODELS[key.model].unique:
            holders[key.model, unique.name, tuple(fields[name] for name in unique.fields)] = key
        single = [name for name in ("parent", "tag") if fields.get(name)]
        referrers += [refers(key, name, fields[name]) for name in single]
        for link in fields.get("tags", ()):
            through = RecordKey("shop.product_tags", f"{key.key}-{link[-1]}")
            referrers.append(refers(key, "tags", link, through))
    return Facts(existing=frozenset(rows), holders=holders, referrers=tuple(referrers))


def refers(key: RecordKey, name: str, to: str, through: RecordKey | None = None) -> Referrer:
    target = RecordKey.parse(to)
    return Referrer(key, name, target, OnDelete.CASCADE, "shop", managed=True, through=through)


def run(steps: tuple[Step, ...], ours: Rows, theirs: Rows) -> Rows:
    """The rows after these steps; every step must keep unique values unique."""
    rows = {key: dict(fields) for key, fields in ours.items()}
    for number, step in enumerate(steps):
        if step.key.model == "shop.product_tags":
            product, _, tag = step.key.key.partition("-")
            rows[RecordKey("shop.product", product)]["tags"].remove(f"shop.tag:{tag}")
        elif step.action in (Action.DELETE, Action.CASCADE):
            del rows[step.key]
        elif step.action is Action.PARK:
            rows[step.key].update(dict.fromkeys(step.fields, f"parked {number}"))
        elif step.action is Action.UPDATE:
            wanted = theirs[step.key]
            rows[step.key].update({name: wanted[name] for name in step.fields})
        else:
            assert step.key not in rows
            wanted = {
                name: [] if name == "tags" else each for name, each in theirs[step.key].items()
            }
            rows[step.key] = wanted
        if step.action in (Action.UPDATE, Action.CREATE):
            for links in step.links:
                there = set(rows[step.key][links.field])
                rows[step.key][links.field] = sorted(there - set(links.remove) | set(links.add))
        check_unique(rows)
    return rows


def check_unique(rows: Mapping[RecordKey, Mapping[str, Any]]) -> None:
    for label, model in MODELS.items():
        for unique in model.unique:
            values = [
                tuple(fields[name] for name in unique.fields)
                for key, fields in rows.items()
                if key.model == label
            ]
            assert len(values) == len(set(values)), (unique, values)


def differing(case: Case) -> list[RecordKey]:
    def records(rows: Rows) -> dict[RecordKey, Record]:
        return {key: Record(key, fields) for key, fields in rows.items()}

    return [change.key for change in between(records(case.ours), records(case.theirs))]


WRITTEN = (Action.CREATE, Action.UPDATE, Action.DELETE)


@given(cases(EVERYTHING))
def test_what_is_planned_gives_the_commit_and_nothing_is_refused_with_force(case: Case) -> None:
    plan = case.plan(force=True)
    assert plan.problems == ()
    assert run(plan.steps, case.ours, case.theirs) == case.theirs


@given(cases(EVERYTHING))
def test_every_change_is_one_step(case: Case) -> None:
    plan = case.plan()
    steps = [step.key for step in plan.steps if step.action in WRITTEN]
    assert sorted(steps) == sorted(differing(case))
    assert plan.withheld == ()


@given(shops(), shops())
def test_nothing_is_planned_where_nothing_differs(base: Rows, ours: Rows) -> None:
    plan = Case(base, ours, ours, frozenset()).plan()
    assert plan.empty
    assert plan.overwritten == ()


@given(cases(SOME), st.booleans(), st.booleans())
def test_no_delete_without_a_licence(case: Case, force: bool, cascade: bool) -> None:
    plan = case.plan(force=force, allow_cascade=cascade)
    deleted = {step.key for step in plan.steps if step.action is Action.DELETE}
    cascaded = {step.key for step in plan.steps if step.action is Action.CASCADE}
    assert {key.model for key in deleted} <= case.licensed
    missing = case.ours.keys() - case.theirs.keys()
    assert deleted <= missing
    assert cascade or not cascaded
    kept = {each.key for each in plan.withheld}
    assert deleted | kept | cascaded >= missing
    assert not deleted & kept


@given(cases(SOME))
def test_what_stays_refers_to_nothing_that_goes(case: Case) -> None:
    """Unless the plan says so by a problem."""
    plan = case.plan(force=True, allow_cascade=True)
    assume(not any(each.kind is ProblemKind.UNIQUE for each in plan.problems))
    if plan.problems:
        return
    rows = run(plan.steps, case.ours, case.theirs)
    for fields in rows.values():
        targets = [fields.get("parent"), fields.get("tag"), *fields.get("tags", ())]
        assert {RecordKey.parse(each) for each in targets if each} <= rows.keys()


@given(cases(EVERYTHING))
def test_every_edit_that_would_be_lost_is_drift(case: Case) -> None:
    plan = case.plan()
    drift = {
        each.key: {state.name for state in each.fields}
        for each in plan.problems
        if each.kind is ProblemKind.DRIFT
    }
    for step in plan.steps:
        base, ours = case.base.get(step.key), case.ours.get(step.key)
        theirs = case.theirs.get(step.key)
        if step.action is Action.PARK:
            continue
        if base is None or ours is None or theirs is None:
            assert (step.key in drift) == (base != ours), step
            continue
        lost = {
            name
            for name, there in ours.items()
            if not same(there, theirs[name]) and not same(there, base[name])
        }
        assert drift.get(step.key, set()) == lost
    assert set(plan.overwritten) == drift.keys()


@given(cases(SOME))
def test_force_takes_away_drift_and_nothing_else(case: Case) -> None:
    plan, forced = case.plan(), case.plan(force=True)
    assert [each for each in plan.problems if each.kind is not ProblemKind.DRIFT] == list(
        forced.problems
    )
    assert plan.steps == forced.steps
    assert plan.overwritten == forced.overwritten


@given(cases(EVERYTHING), st.randoms())
def test_the_order_of_candidates_does_not_matter(case: Case, random: Any) -> None:
    candidates = list(case.candidates())
    random.shuffle(candidates)
    assert case.plan(candidates).steps == case.plan().steps
