"""What stands on the shelves when the demo begins."""

from decimal import Decimal

CATEGORIES = [
    # slug, name, intro
    ("bread", "Bread", "Sourdough, two days old in the making and good for a week."),
    ("rolls", "Rolls and pastries", "Out of the oven from half past five."),
    (
        "cakes",
        "Cakes and tarts",
        "By the piece or whole; whole ones by order until noon the day before.",
    ),
]

TAGS = ["butter", "fruit", "nuts", "rye", "seeds", "sourdough", "vegan", "wheat", "wholegrain"]

# A description's paragraphs are the strings of its list.
PRODUCTS = [
    {
        "name": "Farmhouse loaf",
        "slug": "farmhouse-loaf",
        "category": "bread",
        "summary": "The bread of the house: a thick crust, a moist crumb, a week on the table.",
        "price": Decimal("6.80"),
        "weight": 1000,
        "picture": "boule",
        "tags": ["sourdough", "vegan", "wheat"],
        "ingredients": ["wheat flour", "rye flour", "water", "sourdough", "salt"],
        "description": [
            "It was the first bread that came out of this oven, and it still is the first every "
            "morning. Four parts wheat and one part rye, stone-ground at the mill next door, with "
            "more water than a sensible baker would give it.",
            "The dough rests for eighteen hours in wooden troughs. Nobody hurries it: the taste "
            "comes from the night, the crust from a very hot stone.",
            "Keep it in a cloth, cut side down. On the fourth day it is at its best with butter "
            "and nothing else; on the seventh it makes the best toast you know.",
        ],
    },
    {
        "name": "Dark rye",
        "slug": "dark-rye",
        "category": "bread",
        "summary": "Whole rye and nothing lighter, baked slowly until it is nearly black.",
        "price": Decimal("7.20"),
        "weight": 1200,
        "picture": "rye-loaf",
        "tags": ["rye", "sourdough", "vegan", "wholegrain"],
        "ingredients": ["whole rye flour", "rye meal", "water", "sourdough", "salt"],
        "description": [
            "Rye makes no dough that one could knead. It is stirred with a paddle, scraped into "
            "the tin with wet hands and left alone.",
            "Three hours in a falling oven give it the colour of coffee and a smell of malt and "
            "roasted nuts. We sell it on the day after baking only, since before that it cannot "
            "be cut.",
        ],
    },
    {
        # These two have each other's address, which somebody is going to notice.
        "name": "Walnut bread",
        "slug": "hazelnut-bread",
        "category": "bread",
        "summary": "Half wholegrain, a quarter walnuts, for cheese and for cold mornings.",
        "price": Decimal("7.90"),
        "weight": 750,
        "picture": "nut-loaf",
        "tags": ["nuts", "sourdough", "vegan", "wholegrain"],
        "ingredients": ["wholegrain wheat flour", "walnuts", "water", "sourdough", "salt"],
        "description": [
            "The walnuts come from the six trees behind the mill. They are cracked in November by "
            "whoever has time, and roasted on the day they go into the dough.",
            "Their skins colour the crumb violet. This is not a fault.",
        ],
    },
    {
        "name": "Hazelnut bread",
        "slug": "walnut-bread",
        "category": "bread",
        "summary": "Light wheat, whole roasted hazelnuts, a little honey in the crust.",
        "price": Decimal("7.90"),
        "weight": 750,
        "picture": "hazelnut-loaf",
        "tags": ["nuts", "sourdough", "wheat"],
        "ingredients": ["wheat flour", "hazelnuts", "water", "sourdough", "honey", "salt"],
        "description": [
            "The younger sister of the walnut bread: milder, lighter, and gone sooner.",
            "The nuts stay whole, so every slice is a drawing of its own. Children pick them out; "
            "we have stopped minding.",
        ],
    },
    {
        "name": "Baguette",
        "slug": "baguette",
        "category": "bread",
        "summary": "Crackling, hollow, and meant for the same day.",
        "price": Decimal("3.20"),
        "weight": 300,
        "picture": "baguette",
        "tags": ["vegan", "wheat"],
        "ingredients": ["wheat flour", "water", "yeast", "salt"],
        "description": [
            "Three times a day, at six, at eleven and at four. Listen to it when it leaves the "
            "oven: the crust sings for a minute while it cools.",
            "By the evening it is a memory. What is left over becomes the crumbs in our apple "
            "tart.",
        ],
    },
    {
        "name": "Pumpkin bread",
        "slug": "pumpkin-bread",
        "category": "bread",
        "summary": "As orange as the fields in October, with the seeds on top.",
        "price": Decimal("7.50"),
        "weight": 800,
        "picture": "pumpkin-loaf",
        "tags": ["seeds", "vegan", "wheat"],
        "ingredients": ["wheat flour", "pumpkin", "water", "pumpkin seeds", "yeast", "salt"],
        "description": [
            "Roasted pumpkin replaces half of the water. The crumb stays soft for days and takes "
            "the colour of a late sun.",
            "Only while the pumpkins last.",
        ],
    },
    {
        "name": "Pretzel",
        "slug": "pretzel",
        "category": "rolls",
        "summary": "Dipped in lye, salted by hand, torn open at the belly.",
        "price": Decimal("2.20"),
        "weight": 95,
        "picture": "pretzel",
        "tags": ["butter", "wheat"],
        "ingredients": ["wheat flour", "water", "butter", "yeast", "lye", "salt"],
        "description": [
            "Thin arms that crack, a thick belly that does not. The knot is thrown, not laid: a "
            "good baker ties one in two seconds and talks about football meanwhile.",
            "Eat it within three hours, or halve it, butter it and call it supper.",
        ],
    },
    {
        "name": "Seed roll",
        "slug": "seed-roll",
        "category": "rolls",
        "summary": "Sesame, poppy, sunflower and flax, more outside than inside.",
        "price": Decimal("1.60"),
        "weight": 80,
        "picture": "seed-roll",
        "tags": ["seeds", "vegan", "wholegrain"],
        "ingredients": ["wholegrain wheat flour", "water", "seeds", "yeast", "salt"],
        "description": [
            "The seeds are soaked overnight, for otherwise they would drink the roll dry.",
        ],
    },
    {
        "name": "Butter croissant",
        "slug": "butter-croissant",
        "category": "rolls",
        "summary": "Twenty-seven layers, a quarter of them butter.",
        "price": Decimal("2.60"),
        "weight": 60,
        "picture": "croissant",
        "tags": ["butter", "wheat"],
        "ingredients": ["wheat flour", "butter", "milk", "sugar", "yeast", "salt"],
        "description": [
            "Folded three times three, with a night in the cold between. A croissant should leave "
            "crumbs on the table and none on the conscience.",
            "Before ten there are plenty. After ten we promise nothing.",
        ],
    },
    {
        "name": "Cinnamon roll",
        "slug": "cinnamon-roll",
        "category": "rolls",
        "summary": "Rolled by the metre, cut by eye, iced while still warm.",
        "price": Decimal("3.40"),
        "weight": 120,
        "picture": "cinnamon-roll",
        "tags": ["butter", "wheat"],
        "ingredients": ["wheat flour", "butter", "milk", "cinnamon", "sugar", "cardamom", "yeast"],
        "description": [
            "The recipe came with Astrid from Uppsala, and so did the cardamom. The middle is the "
            "best part; that is why ours are small.",
        ],
    },
    {
        "name": "Apple tart",
        "slug": "apple-tart",
        "category": "cakes",
        "summary": "Sour apples in thin slices on butter pastry, hardly any sugar.",
        "price": Decimal("24.00"),
        "weight": 900,
        "picture": "apple-tart",
        "tags": ["butter", "fruit", "wheat"],
        "ingredients": ["apples", "wheat flour", "butter", "eggs", "sugar", "bread crumbs"],
        "description": [
            "Boskoop from the orchard up the hill, until February. Afterwards we wait for the "
            "next autumn and bake something else.",
            "Between pastry and fruit lies a handful of baguette crumbs that drinks the juice. It "
            "is the whole secret.",
        ],
    },
    {
        "name": "Plum tart",
        "slug": "plum-tart",
        "category": "cakes",
        "summary": "Late plums, close as roof tiles, on yeast dough.",
        "price": Decimal("22.00"),
        "weight": 900,
        "picture": "plum-tart",
        "tags": ["fruit", "wheat"],
        "ingredients": ["plums", "wheat flour", "milk", "eggs", "sugar", "yeast", "cinnamon"],
        "description": [
            "From the end of August for six weeks. In this town it is eaten with potato soup, and "
            "we advise every visitor to try that before laughing.",
        ],
    },
    {
        "name": "Lemon cake",
        "slug": "lemon-cake",
        "category": "cakes",
        "summary": "Soaked with the juice of four lemons while it is hot.",
        "price": Decimal("14.50"),
        "weight": 600,
        "picture": "lemon-cake",
        "tags": ["butter", "fruit", "wheat"],
        "ingredients": ["lemons", "wheat flour", "butter", "eggs", "sugar"],
        "description": [
            "Pierced forty times with a knitting needle that has never been used for anything "
            "else, then soaked, then iced. It keeps for two weeks, in theory.",
        ],
    },
    {
        "name": "Marble gugelhupf",
        "slug": "marble-gugelhupf",
        "category": "cakes",
        "summary": "Two batters, one spoon, and every Sunday a different pattern.",
        "price": Decimal("18.00"),
        "weight": 750,
        "picture": "gugelhupf",
        "tags": ["butter", "wheat"],
        "ingredients": ["wheat flour", "butter", "eggs", "sugar", "milk", "cocoa"],
        "description": [
            "The copper mould is older than the bakery. It has a dent on one side, by which you "
            "can tell ours from all others.",
        ],
    },
]
