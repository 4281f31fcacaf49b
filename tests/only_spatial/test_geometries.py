"""Geometries of PostGIS, SpatiaLite and MariaDB: kept with all digits, compared and merged as one value."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.gis.geos import GEOSGeometry, Point
from django.db import connection
from django.test import override_settings

from contentgit.db.coverage import unheld_problems
from contentgit.errors import RecordError
from tests.db.test_fields import round_trip
from tests.fieldzoo.reading import only, reader
from tests.only_spatial.models import IS_MYSQL, IS_POSTGIS, Fixed, Place
from tests.verbs.conftest import Run

Ok = Callable[..., str]
APPLY = ("checkout", "main", "--apply", "--yes", "--database=other")


def datasets() -> dict[str, Any]:
    specs = [
        {"model": f"only_spatial.{name}", "delete_missing": True} for name in ("place", "fixed")
    ]
    return {"places": {"specs": lambda _arguments: specs}}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


VALUES = [
    ("plan", "POINT(1 2.5)"),
    ("sketch", "POINT(1 2.5)"),
    ("point", "SRID=4326;POINT(0.30000000000000004 -48.2082)"),
    ("point", "SRID=4326;POINT(0.1 5e-324)"),
    ("shape", "SRID=3857;LINESTRING(0 0, 1 1, 1e+16 0.30000000000000004)"),
    ("shape", "SRID=3857;POLYGON((0 0, 9 0, 9 9, 0 0), (4 1, 5 1, 5 2, 4 1))"),
    ("shape", "SRID=3857;MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))"),
    (
        "many",
        "SRID=4326;GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 1 1))",
    ),
]
if not IS_MYSQL:
    VALUES += [("solid", "SRID=4326;LINESTRING Z (0 0 1.5, 1 1 -2)")]
if IS_POSTGIS:
    VALUES += [
        ("point", "SRID=4326;POINT EMPTY"),
        ("shape", "SRID=3857;CURVEPOLYGON(CIRCULARSTRING(0 0, 1 1, 2 0, 1 -1, 0 0))"),
        ("shape", "SRID=3857;POLYGON EMPTY"),
        ("many", "SRID=4326;GEOMETRYCOLLECTION(POINT EMPTY, GEOMETRYCOLLECTION EMPTY)"),
        ("earth", "SRID=4326;POINT(0.30000000000000004 -48.2)"),
    ]


@pytest.mark.parametrize(("name", "content"), VALUES)
def test_values(db: str, name: str, content: str) -> None:
    """Put in by contentgit, read by contentgit, and the same bytes in the column after another round."""
    Place.objects.create(name="x")
    field = reader(Place).tables["only_spatial.place"].field[name]
    with connection.cursor() as cursor:
        sql = f"UPDATE only_spatial_place SET {name} = {field.columns[0].cast}"
        cursor.execute(sql, field.decode(content))
    assert round_trip(Place)[0][name] == content
    if "CURVE" not in content:  # which GEOS cannot read
        srid = int(content[5:9]) if content.startswith("SRID=") else 0
        assert max(getattr(Place.objects.get(), name).srid or 0, 0) == srid


def test_what_django_writes(db: str) -> None:
    Place.objects.create(
        name="x",
        point=Point(1, 2.5, srid=4326),
        shape=GEOSGeometry("POLYGON((0 0,1 0,1 1,0 0))", 3857),
    )
    values = only(reader(Place))
    assert values["point"] == "SRID=4326;POINT(1 2.5)"
    assert values["shape"] == "SRID=3857;POLYGON((0 0, 1 0, 1 1, 0 0))"
    assert values["earth"] is None
    assert Place.objects.get().point == Point(1, 2.5, srid=4326)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SpatiaLite alone makes NULL of these")
@pytest.mark.parametrize(
    "shape",
    ["POINT EMPTY", "GEOMETRYCOLLECTION(MULTIPOINT((1 2)))", "CIRCULARSTRING(0 0, 1 1, 2 0)"],
)
def test_what_a_database_would_make_null_of_is_refused(db: str, shape: str) -> None:
    with pytest.raises(RecordError, match="is not a geometry that SpatiaLite can hold"):
        reader(Place).tables["only_spatial.place"].field["shape"].decode(f"SRID=3857;{shape}")


@pytest.mark.parametrize(
    "content", ["POINT(1 2)", "SRID=4326;POINT(1.0 2)", "SRID=4326;point(1 2)", 1, [1.0]]
)
def test_content_that_is_wrong(db: str, content: Any) -> None:
    wanted = r"is not a geometry as contentgit writes it: SRID=4326;POINT\(1 2.5\)"
    with pytest.raises(RecordError, match=wanted):
        reader(Place).tables["only_spatial.place"].field["point"].decode(content)


def test_a_column_without_srid(db: str) -> None:
    schema = reader(Place).tables["only_spatial.place"].schema.by_name
    assert [schema[name].srid for name in ("point", "plan", "sketch")] == [4326, 0, 0]


def test_a_moved_point_is_seen_and_applied(
    databases: tuple[str, str], ok: Ok, run: Run, git: Ok
) -> None:
    here, there = Place.objects.using("default"), Place.objects.using("other")
    here.create(pk=1, name="Mill", point=Point(1, 2, srid=4326))
    Fixed.objects.create(pk=1, point=Point(3, 4, srid=4326))
    ok("init")
    ok("commit", "-m", "Places")
    ok(*APPLY)
    assert there.get().point == Point(1, 2, srid=4326)
    assert Fixed.objects.using("other").get().point == Point(3, 4, srid=4326)
    assert "clean" in ok("status", "--database=other")
    here.update(point=Point(1, 2.5, srid=4326))
    assert "point" in ok("status")
    assert "POINT(1 2.5)" in ok("diff")
    ok("commit", "-m", "Moved")
    record = json.loads(git("show", "main:places/only_spatial.place/0/0/1.json"))
    assert record["point"] == "SRID=4326;POINT(1 2.5)"
    there.update(point=Point(7, 2, srid=4326))
    assert run(*APPLY).code == 3  # drift
    said = run(*APPLY, "--merge")
    assert said.code == 3  # one value: neither x of one side and y of the other
    assert there.get().point == Point(7, 2, srid=4326)
    ok(*APPLY, "--force")
    assert there.get().point == Point(1, 2.5, srid=4326)


def test_a_raster_is_refused() -> None:
    pytest.importorskip("django.contrib.gis.gdal")
    from django.contrib.gis.db.models import RasterField

    field = RasterField(name="raster")
    field.set_attributes_from_name("raster")
    meta = Place._meta
    meta.local_fields.append(field)
    meta._expire_cache()
    try:
        field.model = Place
        (problem,) = unheld_problems(Place, (), "")
    finally:
        meta.local_fields.remove(field)
        meta._expire_cache()
    assert problem.id == "contentgit.E049"
    assert "'raster' of only_spatial.place: contentgit has no codec for RasterField" in str(problem)
