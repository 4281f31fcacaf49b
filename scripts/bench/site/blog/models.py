"""A blog: nodes with multi-table stories of 0.3 to 2.5 kB, in sections, with keywords and remarks."""

from django.db import models


class Person(models.Model):
    name = models.CharField(max_length=80)
    email = models.EmailField(unique=True)
    born = models.DateField(null=True)

    def __str__(self):
        return self.name


class Section(models.Model):
    title = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE)

    def __str__(self):
        return self.title


class Keyword(models.Model):
    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)

    def __str__(self):
        return self.name


class Node(models.Model):
    title = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    section = models.ForeignKey(Section, on_delete=models.CASCADE)
    position = models.IntegerField()
    live = models.BooleanField()
    created = models.DateTimeField()

    def __str__(self):
        return self.title


class Story(Node):
    author = models.ForeignKey(Person, on_delete=models.CASCADE)
    lead = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    price = models.DecimalField(max_digits=10, decimal_places=2)
    data = models.JSONField(default=dict)
    keywords = models.ManyToManyField(Keyword)


class Remark(models.Model):
    story = models.ForeignKey(Story, on_delete=models.CASCADE)
    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL)
    text = models.TextField()
    created = models.DateTimeField()

    def __str__(self):
        return self.text[:40]
