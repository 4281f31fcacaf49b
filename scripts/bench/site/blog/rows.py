"""The rows of the blog as tuples that every database takes, made from a seed and kept in a file.

A batch is a table, its columns, and at most BATCH tuples. Parents come before their children.
"""

import datetime as dt
import itertools
import json
import pickle
import random

BATCH = 2000
PER_STATEMENT = 500
SHARES = {"person": 0.02, "section": 0.005, "keyword": 0.015, "story": 0.3, "node": 0.33}
COLUMNS = {
    "person": "id name email born",
    "section": "id title slug parent_id",
    "keyword": "id name slug",
    "node": "id title slug section_id position live created",
    "story": "node_ptr_id author_id lead text price data",
    "story_keywords": "story_id keyword_id",
    "remark": "id story_id person_id text created",
}
WORDS = ["rye", "bread", "oven", "summer", "night", "flour", "water", "salt", "the", "a", "with"]
WORDS += ["and", "from", "valley", "baker", "early", "crust", "Grüße", "crème", "loaf", "market"]
MOMENT = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - as the databases hold it, in UTC


class Blog:
    """So many rows in all, but for the links to keywords: two or three a story."""

    def __init__(self, rows):
        self.random = random.Random(1)
        self.count = {name: max(1, int(rows * share)) for name, share in SHARES.items()}
        self.count["remark"] = max(1, rows - sum(self.count.values()))
        self.count["story_keywords"] = self.count["story"]
        self.sentences = [
            f"{' '.join(self.random.choices(WORDS, k=12)).capitalize()}." for _ in range(2000)
        ]

    def batches(self):
        for name, columns in COLUMNS.items():
            numbers = range(1, self.count[name] + 1)
            made = map(getattr(self, name), numbers)
            if name == "story_keywords":
                made = itertools.chain.from_iterable(made)
            while batch := list(itertools.islice(made, BATCH)):
                yield f"blog_{name}", columns.split(), batch

    def one(self, name):
        return self.random.randint(1, self.count[name])

    def prose(self, low, high):
        """HTML of so many characters, and up to a sentence more."""
        size, parts = self.random.randint(low, high), []
        while size > 0:
            parts.append(f"<p>{' '.join(self.random.choices(self.sentences, k=3))}</p>\n")
            size -= len(parts[-1])
        return "".join(parts)[: high + 100]

    def person(self, n):
        return n, f"Person {n}", f"person-{n}@example.com", None if n % 3 else "1980-02-29"

    def section(self, n):
        return n, f"Section {n}", f"section-{n}", n // 2 or None

    def keyword(self, n):
        return n, f"Keyword {n}", f"keyword-{n}"

    def node(self, n):
        moment = MOMENT + dt.timedelta(minutes=n)
        return n, f"Node {n}", f"node-{n}", self.one("section"), n % 100, n % 10 > 0, str(moment)

    def story(self, n):
        data = {"number": n, "sizes": [1, 2.5, n], "note": self.random.choice(self.sentences)}
        lead = self.random.choice(self.sentences)[:200]
        price = f"{n % 1000}.{n % 100:02}"
        return n, self.one("person"), lead, self.prose(300, 2400), price, json.dumps(data)

    def story_keywords(self, n):
        wanted = min(2 + n % 2, self.count["keyword"])
        chosen = self.random.sample(range(1, self.count["keyword"] + 1), wanted)
        return [(n, keyword) for keyword in chosen]

    def remark(self, n):
        person = self.one("person") if n % 4 else None
        moment = MOMENT + dt.timedelta(seconds=n)
        return n, self.one("story"), person, self.prose(60, 300), str(moment)


def save(path, rows):
    with path.open("wb") as file:
        for batch in Blog(rows).batches():
            pickle.dump(batch, file)


def insert(connection, path):
    """Every row of the file, by the fastest statements that need no format of the database's own."""
    quote = connection.ops.quote_name
    with path.open("rb") as file, connection.cursor() as cursor:
        while file.peek(1):
            table, columns, rows = pickle.load(file)
            names = ", ".join(map(quote, columns))
            places = f"({', '.join(['%s'] * len(columns))})"
            into = f"INSERT INTO {quote(table)} ({names}) VALUES "
            if connection.vendor != "postgresql":
                cursor.executemany(into + places, rows)
                continue
            for start in range(0, len(rows), PER_STATEMENT):
                some = rows[start : start + PER_STATEMENT]
                flat = list(itertools.chain.from_iterable(some))
                cursor.execute(into + ", ".join([places] * len(some)), flat)
