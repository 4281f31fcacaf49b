"""The tables of the ledger, of the identities of rows, of tracking, and of carried files, all in
:mod:`contentgit.db`.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models


class AppliedCommit(models.Model):
    """One dump's content and one commit were the same at one moment: a line of the ledger."""

    class State(models.TextChoices):
        """Whether the commit is known to exist."""

        DONE = "done"
        PENDING = "pending"

    id: models.BigAutoField[int, int] = models.BigAutoField(primary_key=True)
    dump: models.CharField[str, str] = models.CharField(max_length=255, db_index=True)
    commit: models.CharField[str, str] = models.CharField(max_length=64)
    tree: models.CharField[str, str] = models.CharField(max_length=64)
    branch: models.TextField[str, str] = models.TextField()
    environment: models.TextField[str, str] = models.TextField()
    action: models.CharField[str, str] = models.CharField(max_length=32)
    state: models.CharField[str, str] = models.CharField(max_length=16, choices=State)
    who: models.TextField[str, str] = models.TextField()
    at: models.DateTimeField[datetime, datetime] = models.DateTimeField()
    counts = models.JSONField(default=dict)
    withheld = models.JSONField(default=list)
    previous: models.CharField[str, str] = models.CharField(max_length=64)
    backup: models.CharField[str, str] = models.CharField(max_length=64, default="")
    undoes: models.BigIntegerField[int | None, int | None] = models.BigIntegerField(null=True)
    place: models.TextField[str | None, str | None] = models.TextField(null=True)

    class Meta:
        db_table = "contentgit_ledger"
        verbose_name = "applied commit"

    def __str__(self) -> str:
        return f"{self.dump} {self.commit[:10]}"


class RowIdentity(models.Model):
    """The UUID that names one row of a model whose identity is ``"uuid"``.

    ``row`` is the primary key as text; NULL once the row is gone, of which ``was`` then has the key.
    """

    id: models.BigAutoField[int, int] = models.BigAutoField(primary_key=True)
    label: models.CharField[str, str] = models.CharField(max_length=255)
    row: models.CharField[str | None, str | None] = models.CharField(max_length=255, null=True)
    uuid: models.CharField[str, str] = models.CharField(max_length=36)
    was: models.CharField[str | None, str | None] = models.CharField(max_length=255, null=True)

    class Meta:
        db_table = "contentgit_identity"
        verbose_name = "identity of a row"
        verbose_name_plural = "identities of rows"
        constraints = (
            models.UniqueConstraint(fields=("label", "row"), name="contentgit_identity_row"),
            models.UniqueConstraint(fields=("label", "uuid"), name="contentgit_identity_uuid"),
        )

    def __str__(self) -> str:
        return f"{self.label}:{self.uuid}"


class TrackedDump(models.Model):
    """A dump whose changed rows triggers write down; see :mod:`contentgit.db.tracking`.

    ``scope`` lists the tables, ``proof`` is what they and the triggers looked like when these were made.
    ``line`` is the line of the ledger from whose commit the rows differ only where :class:`RowChange` says
    so; NULL where nothing is known. ``counts`` are the rows of each table at that moment.
    """

    id: models.BigAutoField[int, int] = models.BigAutoField(primary_key=True)
    dump: models.CharField[str, str] = models.CharField(max_length=255)
    place: models.TextField[str, str] = models.TextField()
    token: models.CharField[str, str] = models.CharField(max_length=16)
    scope = models.JSONField(default=list)
    digest: models.CharField[str, str] = models.CharField(max_length=64)
    proof: models.CharField[str, str] = models.CharField(max_length=64, default="")
    line: models.BigIntegerField[int | None, int | None] = models.BigIntegerField(null=True)
    counts = models.JSONField(default=list)

    class Meta:
        db_table = "contentgit_tracked"
        verbose_name = "tracked dump"

    def __str__(self) -> str:
        return self.dump


class RowChange(models.Model):
    """A row of a tracked dump was written: appended by a trigger, in the writer's own transaction.

    ``number`` is the table's place in the scope; ``key`` the primary key, its text in UTF-8 as hexadecimal
    digits, NULL where the change is of more than one row. There are no constraints: a trigger must neither
    fail nor wait.
    """

    seq: models.BigAutoField[int, int] = models.BigAutoField(primary_key=True)
    tracked: models.BigIntegerField[int, int] = models.BigIntegerField()
    number: models.IntegerField[int, int] = models.IntegerField()
    op: models.CharField[str, str] = models.CharField(max_length=1)
    key: models.TextField[str | None, str | None] = models.TextField(null=True)

    class Meta:
        db_table = "contentgit_change"
        verbose_name = "change of a row"
        verbose_name_plural = "changes of rows"

    def __str__(self) -> str:
        return f"{self.tracked} {self.number} {self.op} {self.key}"


class StoredFile(models.Model):
    """A carried file that an apply has put into a storage, or that no row names since an apply.

    ``field`` is ``"app.model.field"``, ``name`` the file's name in the storage, ``recorded`` the name that
    records have. Rows of the table go when nothing is to be remembered of the file.
    """

    class State(models.TextChoices):
        """Why the file is remembered."""

        NAMED = "named"  # a row has it under another name than records
        BROUGHT = "brought"  # put there for an apply that may not have ended
        LEFT = "left"  # no row of the dump has it any more

    id: models.BigAutoField[int, int] = models.BigAutoField(primary_key=True)
    field: models.CharField[str, str] = models.CharField(max_length=255)
    name: models.TextField[str, str] = models.TextField()
    recorded: models.TextField[str, str] = models.TextField()
    sha256: models.CharField[str, str] = models.CharField(max_length=64)
    size: models.BigIntegerField[int, int] = models.BigIntegerField()
    state: models.CharField[str, str] = models.CharField(max_length=16, choices=State)

    class Meta:
        db_table = "contentgit_file"
        verbose_name = "stored file"

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"
