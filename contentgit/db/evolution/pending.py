"""Migrations that a database has not run, and of which only their code knows what they do to its content."""

from __future__ import annotations

from collections.abc import Collection

from django.db import Error, connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from contentgit.content.evolution import OpaqueStep
from contentgit.db.backends import backend
from contentgit.db.evolution import ProjectMigrations
from contentgit.db.failures import Fault


def pending(graph: ProjectMigrations, labels: Collection[str], using: str) -> list[str]:
    """The migrations with code or SQL of these apps that the database has not run, in order.

    Of an app of which it has run none nothing is known: its tables came in another way. Nor is anything where
    the user may not read the table of migrations.
    """
    try:
        with transaction.atomic(using=using):  # a refusal would else end the caller's transaction
            applied = {*MigrationRecorder(connections[using]).applied_migrations()}
    except Error as error:
        if backend(using).cause(error) is Fault.PRIVILEGE:
            return []
        raise
    for key, squashed in graph.loader.replacements.items():
        if applied.issuperset(squashed.replaces):
            applied.add(key)
    known = {label for label, _ in applied}.intersection(labels)
    return [
        ".".join(node)
        for node, steps in graph.steps_after(applied, graph.leaves(known), using)
        if node[0] in known and any(isinstance(step, OpaqueStep) for step in steps)
    ]
