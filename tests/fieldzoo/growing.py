"""What the field zoo's rows need to be grown."""

from __future__ import annotations

from decimal import Decimal

import django
from django.db import connection

from tests.fieldzoo import models as zoo
from tests.growing import Population

JSON = (zoo.JSONKey, zoo.JSONKeyed) if connection.features.supports_partial_indexes else ()
"""MariaDB has no key of type JSON."""

POPULATION = Population(
    models=(
        zoo.Everything,
        zoo.Custom,
        # Decimals without a number of digits: before, Django cannot read them from SQLite.
        *([zoo.Numbers] if django.VERSION >= (6, 1) else []),
        zoo.Moments,
        zoo.Order,
        zoo.Placed,
        zoo.TextKey,
        zoo.UuidKey,
        zoo.DateKey,
        zoo.SharedKey,
        zoo.SharedTwice,
        zoo.CompositeKey,
        zoo.CodeKey,
        zoo.DateTimeKey,
        zoo.DurationKey,
        zoo.DecimalKey,
        zoo.Keyed,
        *JSON,
        zoo.FoldedKey,
        zoo.FoldedChild,
        zoo.Folding,
        zoo.Coded,
        zoo.Parent,
        zoo.OtherParent,
        zoo.Child,
        zoo.GrandChild,
        zoo.Pointing,
        zoo.Member,
        zoo.Club,
        zoo.Membership,
        zoo.Tagged,
        zoo.NumberTag,
        zoo.TextTag,
        zoo.Section,
        zoo.Article,
        zoo.LongArticle,
        zoo.Draft,
        zoo.Scoped,
    ),
    tables=("fieldzoo_", "group"),
    tagged=(zoo.Tagged, zoo.Coded, zoo.UuidKey, zoo.FoldedChild),
    # A reference by another field that leads nowhere has no record.
    makers={
        "Pointing.dangling_code": lambda _: None,
        "Numbers.digits": lambda r: Decimal(r.choice(["1.50", "1.5", "-0", "7E+3", "0.000010"])),
        "Numbers.number": lambda r: r.choice([-0.0, 0.5, -1e17, 3.0]),
    },
)
