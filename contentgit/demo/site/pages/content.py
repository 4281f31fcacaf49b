"""What the pages, the news and the door say when the demo begins."""

from datetime import UTC, datetime, time

# parent's slug, slug, title, intro, paragraphs
PAGES = [
    (
        None,
        "bakery",
        "Our bakery",
        "Four ovens, nine people, one sourdough.",
        [
            "The bakery stands where Mill Lane meets the river. The front is a shop, the back is a "
            "bakehouse, and between them there is a window, so that you see who made your bread.",
        ],
    ),
    (
        "bakery",
        "story",
        "Our story",
        "How a miller's daughter came by an oven.",
        [
            "In the spring of 1931 the miller's daughter Anna Keller built an oven into her father's "
            "cart shed. The mill had flour that nobody could pay for, and the town had no bread.",
            "The business grew over the years. A second oven was added after the war and the shop was "
            "enlarged several times, so that it could serve more customers. Today it is run by the "
            "fourth generation.",
            "Anna's sourdough is still alive. It lives in a stoneware jar on the second shelf, is fed "
            "twice a day, and has been on holiday exactly once, in 1974, when the river came.",
        ],
    ),
    (
        "bakery",
        "mill",
        "The mill next door",
        "Two stones, one wheel, forty farmers.",
        [
            "Our flour travels eleven metres. The wheel turns the stones when the river allows it, "
            "and a motor from 1962 does when it does not.",
            "Forty farms within an hour's ride bring wheat, rye and spelt. Their names stand on a "
            "board by the door, with the field each sack came from.",
        ],
    ),
    (
        "bakery",
        "people",
        "The people",
        "Who gets up at two for you.",
        [
            "Miriam mixes, Paul shapes, Astrid folds, and old Keller says that it was all better "
            "before. In the shop you meet Ines and Jonas, who know what you want before you do.",
        ],
    ),
    (
        None,
        "school",
        "Baking school",
        "Come hungry, leave with flour on your shoes.",
        [
            "On Saturday afternoons, when the ovens are falling, the bakehouse is yours. Eight "
            "people, one table, and all that you have made goes home with you.",
        ],
    ),
    (
        "school",
        "sourdough-weekend",
        "A sourdough weekend",
        "Two days, one jar of Anna's sourdough to take along.",
        [
            "Saturday: how to read a dough with your hands, and why the clock is no help. Sunday: "
            "fire, steam, and breakfast out of your own oven.",
            "The next dates are the 12th of September and the 10th of October.",
        ],
    ),
    (
        None,
        "find-us",
        "Find us",
        "Follow your nose, or take the number 4.",
        [
            "The number 4 stops at the weir. From there it is forty steps to the left, and before "
            "eight you will not need the sign.",
        ],
    ),
]

# slug, title, published, author, teaser, paragraphs, slugs of products
ARTICLES = [
    (
        "pumpkins-are-in",
        "The pumpkins are in",
        datetime(2026, 9, 3, 5, 30, tzinfo=UTC),
        "Miriam",
        "Three tons from the Huber farm, and a bread in the colour of the field.",
        [
            "They came on Tuesday with the tractor, and since then nobody can pass through the yard "
            "without climbing. The first are in the oven already.",
            "The bread is there from Thursday to Saturday, for as long as the heap lasts.",
        ],
        ["farmhouse-loaf", "seed-roll"],
    ),
    (
        "the-oven-is-back",
        "The old oven is back",
        datetime(2026, 6, 18, 14, 0, 0, 250000, tzinfo=UTC),
        "Paul",
        "After five weeks with new stones inside it bakes as it did in Anna's days.",
        [
            "Every brick had a number, and every number had to be found again. On Monday we lit a "
            "small fire, on Wednesday a larger one, and on Friday the first loaves came out with a "
            "crust that we had forgotten.",
            "Thank you for your patience with the pale bread of May.",
        ],
        ["farmhouse-loaf", "dark-rye"],
    ),
    (
        "astrids-rolls",
        "What Astrid brought along",
        datetime(2026, 2, 27, 6, 15, tzinfo=UTC),
        "Ines",
        "A suitcase, a bag of cardamom, and a recipe on the back of a train ticket.",
        [
            "She came for a summer and stayed for the ovens. The cinnamon roll was meant for her "
            "birthday only; on the day after forty people asked for it.",
        ],
        ["cinnamon-roll"],
    ),
]

# day (1 = Monday), opens, closes, note
HOURS = [
    (1, None, None, "the ovens rest"),
    (2, time(6, 0), time(18, 30), ""),
    (3, time(6, 0), time(18, 30), ""),
    (4, time(6, 0), time(18, 30), ""),
    (5, time(6, 0), time(19, 0), "second bread at four"),
    (6, time(6, 0), time(14, 0), ""),
    (7, time(7, 30), time(11, 0), "rolls and cakes only"),
]
