"""Every field type, every sort of key and relation, and managers that hide rows."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.functions import Lower

from tests.fieldzoo.fields import (
    AnyDecimalField,
    CodeField,
    FoldedField,
    MoneyField,
    NumberField,
    RawBytesField,
    RawField,
    UpperField,
    WordsField,
)


class Everything(models.Model):
    """Each of Django's field types once, all nullable."""

    big = models.BigIntegerField(null=True)
    binary = models.BinaryField(null=True)
    boolean = models.BooleanField(null=True)
    char = models.CharField(max_length=200, null=True)
    date = models.DateField(null=True)
    datetime = models.DateTimeField(null=True)
    decimal = models.DecimalField(max_digits=12, decimal_places=3, null=True)
    duration = models.DurationField(null=True)
    email = models.EmailField(null=True)
    file = models.FileField(null=True, max_length=200)
    file_path = models.FilePathField(path="/", null=True)
    float = models.FloatField(null=True)
    ip = models.GenericIPAddressField(null=True)
    integer = models.IntegerField(null=True)
    json = models.JSONField(null=True)
    positive = models.PositiveIntegerField(null=True)
    positive_big = models.PositiveBigIntegerField(null=True)
    positive_small = models.PositiveSmallIntegerField(null=True)
    slug = models.SlugField(null=True)
    small = models.SmallIntegerField(null=True)
    text = models.TextField(null=True)
    time = models.TimeField(null=True)
    url = models.URLField(null=True)
    uuid = models.UUIDField(null=True)
    double = models.GeneratedField(
        expression=models.F("integer") * 2, output_field=models.IntegerField(), db_persist=True
    )


class Custom(models.Model):
    """Fields of the project's own."""

    money = MoneyField(null=True)
    upper = UpperField(max_length=40, null=True)
    words = WordsField(null=True)
    raw = RawField(null=True)
    raw_bytes = RawBytesField(null=True)

    def __str__(self) -> str:
        return f"{self.money} in {','.join(self.words or [])}"


class Numbers(models.Model):
    """Columns in which databases hold equal numbers in several forms."""

    digits = AnyDecimalField(null=True)
    number = NumberField(null=True)


class Moments(models.Model):
    """Fields that a save changes, and one that may be left out."""

    added = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)
    day = models.DateField(auto_now=True)
    choice = models.CharField(max_length=2, choices=[("a", "A"), ("b", "B")], default="a")
    counted = models.IntegerField(db_default=7)
    needed = models.IntegerField()


class Order(models.Model):
    """Column and table names that are words of SQL, or hold what must be quoted."""

    select = models.IntegerField(db_column="select")
    order = models.CharField(max_length=20, db_column="order by")
    group = models.ManyToManyField("self", symmetrical=True)

    class Meta:
        db_table = "group"


class Placed(models.Model):
    """Rows in an order of their own."""

    everything = models.ForeignKey(Everything, on_delete=models.CASCADE)

    class Meta:
        order_with_respect_to = "everything"


# Keys


class TextKey(models.Model):
    code = models.CharField(max_length=255, primary_key=True)
    name = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.name


class UuidKey(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=40)
    friends = models.ManyToManyField("self", symmetrical=False)
    texts = models.ManyToManyField(TextKey, related_name="+")


class DateKey(models.Model):
    day = models.DateField(primary_key=True)
    name = models.CharField(max_length=40)


class SharedKey(models.Model):
    """The key is another row's: a UUID."""

    owner = models.OneToOneField(UuidKey, on_delete=models.CASCADE, primary_key=True)
    name = models.CharField(max_length=40)


class SharedTwice(models.Model):
    """The same once more, over a foreign key."""

    shared = models.ForeignKey(SharedKey, on_delete=models.CASCADE, primary_key=True)
    name = models.CharField(max_length=40)


class CompositeKey(models.Model):
    pk = models.CompositePrimaryKey("text_key", "number")
    text_key = models.ForeignKey(TextKey, on_delete=models.CASCADE)
    number = models.IntegerField()
    name = models.CharField(max_length=40)


class Coded(models.Model):
    """Has a unique field that others point at."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=40)


class Pointing(models.Model):
    """References of every sort."""

    coded = models.ForeignKey(
        Coded, models.SET_NULL, to_field="code", null=True, db_column="coded", related_name="+"
    )
    dangling = models.ForeignKey(
        Coded, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    dangling_code = models.ForeignKey(
        Coded,
        models.DO_NOTHING,
        to_field="code",
        null=True,
        db_constraint=False,
        related_name="+",
    )
    uuid_key = models.ForeignKey(UuidKey, models.PROTECT, null=True)
    shared = models.ForeignKey(SharedTwice, models.RESTRICT, null=True)
    content_type = models.ForeignKey(ContentType, models.CASCADE, null=True)
    child = models.ForeignKey("Child", models.SET_DEFAULT, null=True, default=None)
    proxy = models.ForeignKey("CodedProxy", models.SET(None), null=True, related_name="+")


class CodedProxy(Coded):
    class Meta:
        proxy = True


class HashedByText(models.Model):
    """Django wants a hash of instances, which a primary key without one does not give."""

    name = models.CharField(max_length=40)

    class Meta:
        abstract = True

    def __hash__(self) -> int:
        return hash(str(self.pk))


class CodeKey(HashedByText):
    """The Python value of the key is a class of the project's own, without a hash."""

    code = CodeField(primary_key=True, max_length=40)

    def __str__(self) -> str:
        return self.name


class JSONKey(HashedByText):
    """The Python value of the key is a list or a mapping."""

    data = models.JSONField(primary_key=True)

    class Meta:
        required_db_features: ClassVar[set[str]] = {"supports_partial_indexes"}  # not MariaDB


class DateTimeKey(models.Model):
    moment = models.DateTimeField(primary_key=True)
    name = models.CharField(max_length=40)


class DurationKey(models.Model):
    time = models.DurationField(primary_key=True)
    name = models.CharField(max_length=40)


class DecimalKey(models.Model):
    number = models.DecimalField(primary_key=True, max_digits=12, decimal_places=3)
    name = models.CharField(max_length=40)


class Keyed(models.Model):
    """Refers to rows with such keys."""

    code = models.ForeignKey(CodeKey, models.CASCADE, null=True)
    moment = models.ForeignKey(DateTimeKey, models.CASCADE, null=True)
    time = models.ForeignKey(DurationKey, models.SET_NULL, null=True)
    number = models.ForeignKey(DecimalKey, models.PROTECT, null=True)
    moments = models.ManyToManyField(DateTimeKey, related_name="+")
    numbers = models.ManyToManyField(DecimalKey, related_name="+")


class JSONKeyed(models.Model):
    data = models.ForeignKey(JSONKey, models.CASCADE, null=True)

    class Meta:
        required_db_features: ClassVar[set[str]] = {"supports_partial_indexes"}


class FoldedKey(models.Model):
    """A key and a unique text of which the database takes several spellings for one."""

    code = FoldedField(primary_key=True, max_length=40)
    name = FoldedField(max_length=40, unique=True)


class FoldedChild(FoldedKey):
    text = models.CharField(max_length=40)


class Folding(models.Model):
    """Refers to such rows in each way."""

    key = models.ForeignKey(FoldedKey, models.CASCADE, null=True)
    kept = models.ForeignKey(FoldedKey, models.PROTECT, null=True, related_name="+")
    name = models.ForeignKey(
        FoldedKey, models.CASCADE, null=True, to_field="name", related_name="+"
    )
    # Django does not see that its index for LIKE cannot be made here.
    child = models.ForeignKey(
        FoldedChild, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    keys = models.ManyToManyField(FoldedKey, related_name="+")
    content_type = models.ForeignKey(ContentType, models.CASCADE, null=True)
    object_id = models.CharField(max_length=40, null=True)
    target = GenericForeignKey()


# Multi-table inheritance


class Parent(models.Model):
    title = models.CharField(max_length=40)
    links = models.ManyToManyField(Coded)

    def __str__(self) -> str:
        return self.title


class OtherParent(models.Model):
    other_id = models.AutoField(primary_key=True)
    subtitle = models.CharField(max_length=40, unique=True)


class Child(Parent):
    text = models.TextField()


class GrandChild(Child, OtherParent):
    """Two levels below one parent, one below another."""

    note = models.CharField(max_length=40)

    def __str__(self) -> str:
        return f"{self.title}: {self.text} ({self.note})"


# Many-to-many through models


class Member(models.Model):
    name = models.CharField(max_length=40)


class Club(models.Model):
    name = models.CharField(max_length=40)
    members = models.ManyToManyField(Member, through="Membership")


class Membership(models.Model):
    club = models.ForeignKey(Club, models.CASCADE)
    member = models.ForeignKey(Member, models.CASCADE)
    since = models.DateField()

    class Meta:
        unique_together: ClassVar = [("club", "member")]


# Generic relations


class NumberTag(models.Model):
    content_type = models.ForeignKey(ContentType, models.CASCADE, null=True)
    object_id = models.PositiveIntegerField(null=True)
    item = GenericForeignKey()

    class Meta:
        unique_together: ClassVar = [("content_type", "object_id")]


class TextTag(models.Model):
    kind = models.ForeignKey(ContentType, models.CASCADE, null=True)
    key = models.CharField(max_length=255, null=True)
    item = GenericForeignKey("kind", "key", for_concrete_model=False)
    weight = models.IntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "weight"], name="fieldzoo_texttag_half")
        ]


class Tagged(models.Model):
    tags = GenericRelation(TextTag, "key", "kind")
    name = models.CharField(max_length=40)


# Identities


class Section(models.Model):
    slug = models.SlugField(unique=True)

    def natural_key(self) -> tuple[str]:
        return (self.slug,)


class Article(models.Model):
    """Named by its section's slug and its own."""

    section = models.ForeignKey(Section, models.CASCADE)
    slug = models.SlugField()
    number = models.IntegerField(null=True)
    sections = models.ManyToManyField(Section, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["section", "slug"], name="fieldzoo_article_unique"),
            models.UniqueConstraint(
                fields=["number"], condition=models.Q(slug="a"), name="fieldzoo_article_some"
            ),
            models.UniqueConstraint(Lower("slug"), name="fieldzoo_article_lower"),
        ]

    def natural_key(self) -> tuple[str, ...]:
        return (*self.section.natural_key(), self.slug)


class LongArticle(Article):
    """A child whose parent goes by another key than its primary key."""

    text = models.TextField()


class Computed(models.Model):
    name = models.CharField(max_length=40)

    def natural_key(self) -> tuple[str]:
        return (self.name.lower(),)


# Managers


class Hides(models.Manager["Draft"]):
    def get_queryset(self) -> models.QuerySet[Draft]:
        return super().get_queryset().filter(published=True)


class Refuses(models.Manager["Scoped"]):
    def get_queryset(self) -> Any:
        raise RuntimeError("set a scope first")


class Draft(models.Model):
    name = models.CharField(max_length=40)
    published = models.BooleanField(default=False)
    tags = models.ManyToManyField(Coded)

    objects = Hides()

    class Meta:
        base_manager_name = "objects"


class Scoped(models.Model):
    name = models.CharField(max_length=40)

    objects = Refuses()

    def __str__(self) -> str:
        raise RuntimeError("no title")


class Unmanaged(models.Model):
    name = models.CharField(max_length=40)

    class Meta:
        managed = False
