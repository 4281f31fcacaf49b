"""Articles of 2 kB, each with an author and three tags."""

from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)

    def __str__(self):
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=50)
    slug = models.SlugField(unique=True)

    def __str__(self):
        return self.name


class Article(models.Model):
    title = models.CharField(max_length=100)
    slug = models.SlugField(unique=True)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    body = models.TextField()
    price = models.DecimalField(max_digits=8, decimal_places=2)
    meta = models.JSONField(default=dict)
    published = models.DateTimeField()
    live = models.BooleanField(default=True)
    tags = models.ManyToManyField(Tag)

    def __str__(self):
        return self.title
