"""Fields of GeoDjango, as far as each database has them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models

IS_POSTGIS = settings.DATABASE == "postgis"
IS_MYSQL = settings.DATABASE == "mysqlgis"


class Place(models.Model):
    name = models.CharField(max_length=40)
    point = models.PointField(null=True)
    shape = models.GeometryField(srid=3857, null=True)
    plan = models.PointField(srid=0, null=True)
    sketch = models.PointField(srid=-1, null=True)
    many = models.GeometryCollectionField(null=True)
    solid = models.LineStringField(dim=2 if IS_MYSQL else 3, null=True)
    earth = models.PointField(geography=IS_POSTGIS, null=True)


class Fixed(models.Model):
    """A place that must be somewhere."""

    point = models.PointField()
