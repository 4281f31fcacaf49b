"""Rows with a file each."""

from django.db import models


class Picture(models.Model):
    title = models.CharField(max_length=80)
    file = models.FileField(upload_to="pictures")
