"""The nouns that can be subjects: their drawings, where they belong and how they move. Add new nouns here."""

from __future__ import annotations

from functools import cache
from typing import Final

from dream_nb.studio.render.languages import OTHERS, Language, folded
from dream_nb.studio.render.subjects import emoji_names
from dream_nb.studio.render.subjects.thing import Thing


def _rows(text: str, **traits: object) -> dict[str, Thing]:
    """Return the things of a table by their words. Each line has the code of a drawing, and the words for it."""
    things = {}
    for line in text.strip().splitlines():
        code, *words = line.split()
        thing = Thing(code, **traits)  # type: ignore[arg-type]
        things.update({word.replace("_", " "): thing for word in words})
    return things


THINGS: Final[dict[str, Thing]] = {
    **_rows(
        """
        1F415 dog labrador retriever hound
        1F429 poodle
        1F408 cat kitten kitty
        1F405 tiger
        1F406 leopard cheetah jaguar
        1F402 ox bull
        1F403 buffalo
        1F404 cow cattle
        1F9AC bison
        1F40F ram
        1F411 sheep lamb
        1F410 goat
        1F416 pig piglet
        1F417 boar
        1F400 rat
        1F401 mouse
        1F407 rabbit bunny hare
        1F43F squirrel chipmunk
        1F994 hedgehog
        1F99D raccoon
        1F9A1 badger
        1F9A8 skunk
        1F9AB beaver
        1F412 monkey
        1F98D gorilla
        1F9A7 orangutan
        1F428 koala
        1F998 kangaroo
        1F999 llama alpaca
        1F9A5 sloth
        1F40A crocodile alligator
        1F98E lizard gecko chameleon
        1F40D snake serpent
        1F40C snail
        1F41B caterpillar
        1F41C ant
        1F577 spider
        1F982 scorpion
        1F41E ladybug ladybird
        1FAB2 beetle
        1F980 crab
        1F99E lobster
        1F427 penguin
        1F424 chick
        1F413 rooster chicken hen
        1F983 turkey
        1F99A peacock
        1F9A9 flamingo
        1F9A4 dodo
        1F989 owl
        1F99C parrot macaw
        """,
        gait="hop",
        high=0.85,
    ),
    **_rows(
        """
        1F40E horse stallion mare pony
        1F993 zebra
        1F98C deer stag elk reindeer antelope gazelle
        1FACE moose
        1FACF donkey
        1F42A camel dromedary
        1F418 elephant
        1F9A3 mammoth
        1F98F rhino rhinoceros
        1F99B hippo hippopotamus
        """,
        gait="hop",
        high=1.05,
    ),
    **_rows("1F992 giraffe\n1F995 dinosaur brontosaurus\n1F996 t_rex tyrannosaurus", gait="hop", high=1.35),
    "fox": Thing("1F98A", "seated", tail="bushy"),
    "wolf": Thing("1F43A", "seated", tail="bushy"),
    "puppy": Thing("1F436", "seated", tail="thin", high=0.85),
    "panda": Thing("1F43C", "seated", belly="#ffffff", limbs="#3f3f3f", high=1.05),
    "bear": Thing("1F43B", "seated", high=1.1),
    "polar bear": Thing("1F43B-200D-2744-FE0F", "seated", high=1.1),
    "lion": Thing("1F981", "seated", tail="thin", high=1.05),
    "hamster": Thing("1F439", "seated", high=0.7),
    "frog": Thing("1F438", "seated", high=0.7),
    "toad": Thing("1F438", "seated", high=0.7),
    "unicorn": Thing("1F984", high=1.0),
    **_rows(
        """
        1F985 eagle hawk falcon
        1F426 bird sparrow robin
        1FABF goose
        1F54A dove pigeon
        1F98B butterfly
        1F41D bee bumblebee
        1F987 bat
        1F409 dragon
        1F681 helicopter
        2708 airplane plane jet
        1F680 rocket spaceship starship spacecraft
        1F6F8 ufo saucer
        1F6F0 satellite
        1F47B ghost
        """,
        habitat="air",
        gait="float",
    ),
    **_rows(
        """
        1F433 whale orca
        1F40B humpback
        1F42C dolphin
        1F988 shark
        1F41F fish salmon
        1F420 clownfish
        1F421 pufferfish
        1F419 octopus
        1F991 squid
        1FABC jellyfish
        1F422 turtle tortoise
        1F9AD seal
        1F9A6 otter
        1F9DC mermaid
        """,
        habitat="water",
        gait="swim",
        high=0.85,
    ),
    **_rows(
        """
        1F9A2 swan
        1F986 duck mallard
        1F6A4 speedboat motorboat
        """,
        habitat="water",
        gait="float",
    ),
    **_rows(
        """
        1F697 car automobile
        1F3CE sports_car racing_car race_car supercar formula
        1F695 taxi cab
        1F68C bus
        1F69A truck lorry
        1F691 ambulance
        1F692 fire_truck fire_engine
        1F693 police_car
        1F69C tractor
        1F682 train locomotive
        1F68B tram
        1F6B2 bicycle bike
        1F3CD motorcycle motorbike
        1F6F5 scooter vespa
        1F6F9 skateboard
        """,
        gait="roll",
    ),
    "man": Thing("1F468", "person", gait="sway"),
    "woman": Thing("1F469", "person", gait="sway"),
    "person": Thing("1F9D1", "person", gait="sway"),
    "lady": Thing("1F469", "person", gait="sway", dress=True),
    "girl": Thing("1F467", "person", gait="sway", dress=True, high=0.85),
    "boy": Thing("1F466", "person", gait="sway", high=0.85),
    "child": Thing("1F9D2", "person", gait="sway", high=0.8),
    "fisherman": Thing("1F9D4", "person", gait="sway", coat="#e0a526", holds="fishing pole"),
    "sailor": Thing("1F9D4", "person", gait="sway", coat="#23346e"),
    "monk": Thing("1F468-200D-1F9B2", "person", gait="sway", dress=True, coat="#c8641e"),
    "warrior": Thing("1F9D4", "person", gait="sway", coat="#8e1f2f"),
    "samurai": Thing("1F9D4", "person", gait="sway", dress=True, coat="#8e1f2f"),
    "knight": Thing("1F9D4", "person", gait="sway", coat="#9a9ca2"),
    "ninja": Thing("1F977", "person", gait="sway", coat="#33323a"),
    "ballerina": Thing("1F469", "person", gait="dance", dress=True, coat="#f6d5e2"),
    "hiker": Thing("1F9D1", "person", gait="sway", coat="#ee7a26"),
    "cowboy": Thing("1F920", "person", gait="sway"),
    **_rows(
        """
        1F9D1-200D-1F680 astronaut cosmonaut
        1F9D1-200D-1F373 chef cook
        1F9D1-200D-1F33E farmer
        1F9D1-200D-1F692 firefighter fireman
        1F9D1-200D-1F52C scientist
        1F9D1-200D-1F3A8 painter artist
        1F469-200D-1F3A4 singer
        1F9D1-200D-1F3EB teacher
        1F9D1-200D-2695-FE0F doctor nurse
        1F46E policeman policewoman officer cop
        1F477 builder worker
        1F482 guard
        1F575 detective
        1F474 old_man grandfather grandpa
        1F475 old_woman grandmother grandma
        1F934 prince
        1F478 princess
        1F470 bride
        1F935 groom
        1F9D9 wizard sorcerer mage
        1F9DD elf
        1F9DB vampire
        1F9DF zombie
        1F9B8 superhero hero
        1F385 santa
        """,
        body="person",
        gait="sway",
    ),
    "king": Thing("1F934", "person", gait="sway", dress=True, coat="#7b3fb5"),
    "queen": Thing("1F478", "person", gait="sway", dress=True, coat="#7b3fb5"),
    "fairy": Thing("1F9DA", "person", "air", gait="float", dress=True),
    "witch": Thing("1F9D9-200D-2640-FE0F", "person", gait="sway", dress=True, coat="#4a3a6b"),
    "robot": Thing("1F916", "robot", gait="sway", high=1.1),
    "android": Thing("1F916", "robot", gait="sway", high=1.1),
    "mecha": Thing("1F916", "robot", gait="sway", high=1.4),
    "alien": Thing("1F47D", "seated", coat="#7fb069", gait="sway"),
    "snowman": Thing("2603", high=1.0),
    "skeleton": Thing("1F480", "seated", belly="#ffffff", gait="sway"),
    **_rows(
        """
        1F354 hamburger burger cheeseburger
        1F355 pizza
        1F32D hot_dog
        1F32E taco
        1F32F burrito
        1F35F fries french_fries
        1F363 sushi
        1F35C ramen noodles noodle_soup
        1F35D spaghetti pasta
        1F371 bento
        1F373 fried_egg
        1F950 croissant
        1F956 baguette
        1F35E bread loaf toast
        1F968 pretzel
        1F95E pancake pancakes
        1F9C7 waffle waffles
        1F9C0 cheese
        1F969 steak
        1F957 salad
        1F382 birthday_cake cake
        1F370 slice_of_cake shortcake cheesecake
        1F9C1 cupcake muffin
        1F369 donut doughnut
        1F36A cookie biscuit
        1F366 ice_cream
        1F36B chocolate
        1F36D lollipop
        1F34E apple
        1F34A orange_fruit mandarin
        1F34B lemon_fruit
        1F34C banana
        1F349 watermelon
        1F347 grapes
        1F353 strawberry
        1F352 cherries
        1F351 peach
        1F34D pineapple
        1F95D kiwi
        1F951 avocado
        1F345 tomato
        1F955 carrot
        1F33D corn
        2615 coffee espresso cappuccino latte cup_of_coffee
        1F375 tea cup_of_tea
        1FAD6 teapot
        1F377 wine glass_of_wine wine_glass red_wine
        1F37E champagne bottle_of_champagne
        1F37A beer
        1F378 cocktail martini
        1F379 tropical_drink
        1F9CB bubble_tea
        1F48E diamond gem crystal
        1F48D ring
        1F451 crown
        1F452 hat
        1F576 sunglasses
        1F453 glasses spectacles
        1F45F sneaker sneakers shoe shoes
        1F460 high_heels heels
        1F45C handbag purse
        1F392 backpack
        231A wristwatch
        1F4F7 vintage_camera photo_camera old_camera film_camera
        1F4F1 smartphone phone
        1F4BB laptop computer
        1F3A7 headphones
        1F4DA books
        1F4D6 book
        1F56F candle
        1F4A1 light_bulb lightbulb
        1F381 gift gift_box
        1F9F8 teddy teddy_bear
        1F52E crystal_ball
        1F3B8 guitar
        1F3B9 piano
        1F3BB violin
        1F3BA trumpet
        1F941 drum
        26BD football soccer_ball
        1F3C0 basketball
        1F3BE tennis_ball
        1F9F4 lotion lotion_bottle shampoo
        perfume perfume perfume_bottle fragrance cologne
        1F3FA vase amphora
        1F490 bouquet
        1F4A0 jewel
        1F5FF moai
        1F3A9 top_hat
        1F511 golden_key old_key
        1F570 clock
        1F9ED compass
        1F52D telescope
        """,
        habitat="table",
        gait="still",
        high=1.05,
        still=True,
    ),
    **_rows(
        """
        1F33B sunflower
        1F337 tulip
        1F339 rose
        1F344 mushroom toadstool
        1F335 cactus
        1F33C daisy
        1FAB7 lotus
        1F383 pumpkin jack_o'lantern
        """,
        gait="sway",
        still=True,
        high=0.8,
    ),
    **_rows(
        """
        1F5FC eiffel_tower eiffel tokyo_tower
        1F5FD statue_of_liberty
        1F384 christmas_tree
        1F3A1 ferris_wheel
        1F3A0 carousel
        1F3AA circus
        """,
        gait="still",
        still=True,
        high=1.5,
    ),
}

SIGHTS: Final = {
    **_rows(
        """
        1F3F0 castle fortress palace citadel
        1F3EF japanese_castle
        26EA church chapel cathedral
        1F54C mosque
        1F3DB temple greek_temple museum
        1F6D6 hut
        1F3E0 house cottage cabin farmhouse barn
        26E9 torii
        1F32A tornado whirlwind
        """,
        gait="still",
        still=True,
        high=1.2,
    ),
    **_rows("1FA90 planet saturn", habitat="air", gait="float", still=True),
    **_rows("1F6CB armchair sofa couch", gait="still", still=True),
}
"""Sights that are drawn as part of the scenery, unless a prompt has no other subject."""

# Small things that a prompt can show from near, on a leaf or on moss.
_SMALL_ONES: Final = (
    "snail caterpillar ant spider scorpion ladybug beetle bee butterfly mushroom sunflower tulip rose daisy frog"
)
MINIATURE: Final = frozenset(THINGS[name].code for name in _SMALL_ONES.split(" "))

# The faces of animals whose drawings show them from the side. They sit and face the viewer if they wear something.
FACES: Final = {
    "1F408": "1F431", "1F415": "1F436", "1F405": "1F42F", "1F407": "1F430", "1F401": "1F42D", "1F400": "1F42D",
    "1F404": "1F42E", "1F416": "1F437", "1F412": "1F435", "1F98D": "1F435", "1F429": "1F436",
}  # fmt: skip
OLD: Final = frozenset({"old", "elderly", "aged", "ancient"})
AGED: Final = {"1F468": "1F474", "1F469": "1F475", "1F9D1": "1F9D3", "1F9D4": "1F474"}
"""The busts of old people."""

SYNONYMS: Final = {
    "guy": "man", "gentleman": "man", "someone": "person", "human": "person", "figure": "person", "kid": "child",
    "children": "child", "toddler": "child", "people": "person", "men": "man", "women": "woman", "wolves": "wolf",
    "traveler": "hiker", "traveller": "hiker", "wanderer": "hiker", "explorer": "hiker", "backpacker": "hiker",
    "geese": "goose", "mice": "mouse", "oxen": "ox", "butterflies": "butterfly", "kitties": "kitten",
    "pirate": "sailor", "captain": "sailor", "kung fu master": "monk", "girlfriend": "woman", "boyfriend": "man",
    "surfer": "person surfing", "cyclist": "person biking", "biker": "person biking", "runner": "person running",
    "jogger": "person running", "swimmer": "person swimming", "dancer": "woman dancing",
    "acrobat": "person cartwheeling",
    "juggler": "person juggling", "climber": "person climbing", "rower": "person rowing boat", "infant": "baby",
    "jeep": "sport utility vehicle", "suv": "sport utility vehicle", "pickup": "pickup truck",
    "tuk tuk": "auto rickshaw", "mug": "coffee", "espresso cup": "coffee",
    "convertible": "car", "cabriolet": "car", "sedan": "car", "limousine": "car", "roadster": "car",
    "panda bear": "panda", "grizzly": "bear", "raven": "bird", "crow": "bird",
}  # fmt: skip

# Things that a person or an animal wears or holds, instead of standing beside them: the place and the size of each.
WORN: Final = {"sunglasses": ("eyes", 0.5), "glasses": ("eyes", 0.5), "hat": ("crown", 0.5), "top hat": ("crown", 0.5),
               "crown": ("crown", 0.42), "headphones": ("eyes", 0.62), "umbrella": ("over hand", 1.2),
               "fishing pole": ("hand", 0.85)}  # fmt: skip
GARMENTS: Final = {
    "dress": True, "gown": True, "kimono": True, "robe": True, "cloak": True, "raincoat": True, "skirt": True,
    "coat": True, "cape": True, "jacket": False, "shirt": False, "suit": False, "hoodie": False, "sweater": False,
    "blouse": False, "uniform": False, "t-shirt": False, "pullover": False, "armor": False, "spacesuit": False,
}  # fmt: skip
_MOUNTS: Final = (
    "horse camel elephant unicorn dragon bicycle motorcycle scooter skateboard llama zebra donkey deer tiger lion "
    "bear turtle whale dinosaur"
)
RIDDEN: Final = frozenset(THINGS[name].code for name in _MOUNTS.split(" "))
"""The codes of things that can be ridden."""

_SINGULARS: Final = (("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""))


def thing_of(words: str) -> Thing | None:
    """Return the thing in `THINGS` that some English words name, in the singular or the plural, or None."""
    return next((THINGS[name] for name in _forms(words) if name in THINGS), None)


def other_thing_of(words: str) -> Thing | None:
    """Return the thing that some English words name, among those of the `emoji` package, or None."""
    names = emoji_names.english()
    return next((names[name] for name in _forms(words) if name in names), None)


def is_one(words: str) -> bool:
    """Return whether some words are the name of a thing in the singular."""
    return words in THINGS or words in SYNONYMS or words in emoji_names.english()


def _forms(words: str) -> list[str]:
    """Return the words, and the words that they may be the plural of, with synonyms replaced."""
    singles = [
        words.removesuffix(ending) + instead
        for ending, instead in _SINGULARS
        if words.endswith(ending) and len(words) > len(ending) + 2
    ]
    return [SYNONYMS.get(form, form) for form in (words, *singles)]


def foreign(word: str, language: Language | None) -> Thing | None:
    """Return the thing that a word names in another language, or None. Use it only for words that are not English.

    Args:
        word: the word.
        language: the language of the word, or None to look it up in all languages.
    """
    languages = OTHERS if language is None else (language,)
    return next((thing for one in languages if (thing := _foreign(one).get(folded(word)))), None)


@cache
def _foreign(language: Language) -> dict[str, Thing]:
    return emoji_names.elsewhere(language, THINGS.values())
