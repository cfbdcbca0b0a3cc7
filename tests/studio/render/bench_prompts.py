"""The prompts of the bench and what their pictures have to show; written before any of them was drawn."""

from dataclasses import dataclass
from typing import Literal, cast, get_args

Colour = Literal["red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black"]
Stage = Literal[
    "street",
    "interior",
    "table",
    "macro ground",
    "abstract",
    "aerial",
    "portrait backdrop",
    "space",
    "water",
    "snow",
    "desert",
    "forest",
    "field",
    "mountains",
    "city skyline",
    "beach",
    "sky",
    "other",
]
Hour = Literal["day", "dusk", "dawn", "night"]

_COLOURS = frozenset(get_args(Colour))
_STAGES = frozenset(get_args(Stage))
_HOURS = frozenset(get_args(Hour))
_LANGUAGES = frozenset({"en", "de", "fr", "es", "it"})


@dataclass(frozen=True, slots=True)
class Expected:
    """What the picture of a prompt has to show.

    Attributes:
        kind: the kind of prompt, one of twelve.
        language: the prompt's language, an ISO 639 code.
        prompt: the prompt.
        subject: the subject, an English noun; None if the prompt has only scenery.
        emoji: the Unicode sequences of the emoji that show the subject, as OpenMoji names its files, the best first;
            empty if no emoji shows it.
        head: whether the emoji shows the head alone, so that it is looked for within the subject.
        person: whether the subject is a human being (or has the shape of one), which no single emoji shows.
        colour: the colour that the prompt names, for the subject or for the whole picture.
        whole: whether the colour belongs to the whole picture and not to the subject.
        stages: the accepted stages.
        hour: the time of day, if the prompt names one.
        inhabited: whether a prompt of scenery names beings or things that may be drawn large in it.
    """

    kind: str
    language: str
    prompt: str
    subject: str | None = None
    emoji: tuple[str, ...] = ()
    head: bool = False
    person: bool = False
    colour: Colour | None = None
    whole: bool = False
    stages: tuple[Stage, ...] = ()
    hour: Hour | None = None
    inhabited: bool = False


_INHABITED = frozenset(
    {
        "Times Square at night with neon billboards and crowds of people",
        "Cyberpunk city with holograms, neon signs and steam, drone flight between skyscrapers",
        "Aerial view of a city highway at night, light trails of the traffic",
        "Une terrasse de café à Paris le matin",
    }
)


def _row(kind: str, language: str, prompt: str, subject: str, colour: str, stages: str, hour: str = "") -> Expected:
    """Read a row of the table.

    Args:
        kind: the kind of prompt.
        language: the prompt's language.
        prompt: the prompt.
        subject: empty for scenery; otherwise a noun and, after a colon, its emoji, each with a space before it.
            "head" before the emoji says that they show only a head, "person" that the subject is a human being.
        colour: empty or a colour, with "whole" before it if it belongs to the whole picture.
        stages: the accepted stages, separated by commas.
        hour: empty or the time of day.

    Returns:
        What the row expects.

    Raises:
        ValueError: if the row names a colour, a stage, an hour or a language that is not in the lists.
    """
    noun, _, shown = subject.partition(":")
    words = shown.split()
    named = colour.removeprefix("whole ")
    places = tuple(stage.strip() for stage in stages.split(","))
    known = (not named or named in _COLOURS) and _STAGES.issuperset(places)
    if not known or (hour and hour not in _HOURS) or language not in _LANGUAGES:
        raise ValueError(f"not a row of the bench: {prompt}")
    return Expected(
        kind=kind,
        language=language,
        prompt=prompt,
        subject=noun or None,
        emoji=tuple(word for word in words if word not in {"head", "person"}),
        head="head" in words,
        person="person" in words,
        colour=cast(Colour, named) if named else None,
        whole=colour.startswith("whole "),
        stages=cast(tuple[Stage, ...], places),
        hour=cast(Hour, hour) if hour else None,
        inhabited=prompt in _INHABITED,
    )


def _rows(kind: str, *rows: tuple[str, ...]) -> tuple[Expected, ...]:
    """Read the rows of one kind.

    Args:
        kind: the kind of prompt.
        rows: the rows: language, prompt, subject, colour, stages and, if the prompt names it, the hour.

    Returns:
        What the rows expect.
    """
    return tuple(_row(kind, *row) for row in rows)


_ANIMALS = _rows(
    "animals",
    (
        "en",
        "A golden retriever running along the beach at sunset, waves in the background",
        "dog: 1F415 1F9AE 1F415-200D-1F9BA",
        "yellow",
        "beach",
        "dusk",
    ),
    (
        "en",
        "A majestic lion walking across the savanna, cinematic, golden hour",
        "lion: head 1F981",
        "",
        "field, desert",
        "dusk",
    ),
    (
        "en",
        "a black cat sitting on a windowsill while it rains outside",
        "cat: 1F408-200D-2B1B 1F408",
        "black",
        "interior",
    ),
    (
        "en",
        "An old elephant drinking at a waterhole in dusty evening light",
        "elephant: 1F418",
        "",
        "water, field, desert",
        "dusk",
    ),
    ("en", "Underwater shot of a great white shark swimming towards the camera", "shark: 1F988", "white", "water"),
    ("en", "a white rabbit in the snow", "rabbit: 1F407", "white", "snow"),
    ("en", "A red parrot flying over the jungle, slow motion, 4k", "parrot: 1F99C", "red", "forest"),
    (
        "de",
        "Ein Wolf heult nachts auf einem verschneiten Felsen den Mond an",
        "wolf: head 1F43A",
        "",
        "snow, mountains",
        "night",
    ),
    ("fr", "Un cheval blanc galope sur la plage", "horse: 1F40E", "white", "beach"),
    ("es", "Una tortuga marina verde nadando en un arrecife de coral", "turtle: 1F422", "green", "water"),
)
_PEOPLE = _rows(
    "people",
    (
        "en",
        "A young woman in a yellow raincoat walking through a busy street in the rain",
        "woman: person",
        "yellow",
        "street",
    ),
    (
        "en",
        "Portrait of an old man with a white beard smiling at the camera, soft window light",
        "man: person",
        "",
        "portrait backdrop, interior",
    ),
    (
        "en",
        "a man in a black suit standing on a rooftop overlooking the city at night",
        "man: person",
        "black",
        "city skyline",
        "night",
    ),
    (
        "en",
        "Ballerina in a white tutu dancing alone on a dark stage, spotlight",
        "ballerina: person",
        "white",
        "portrait backdrop, interior, other",
    ),
    ("en", "A surfer riding a huge wave, shot from the water", "surfer: person", "", "water, beach"),
    ("en", "A little girl in a blue dress chasing butterflies in a meadow", "girl: person", "blue", "field"),
    ("en", "chef cooking pasta in a restaurant kitchen, close up", "chef: person", "", "interior"),
    (
        "de",
        "Ein Feuerwehrmann in roter Uniform vor einem brennenden Haus bei Nacht",
        "firefighter: person",
        "red",
        "street, other",
        "night",
    ),
    ("fr", "Une femme en manteau rouge marche sous la neige", "woman: person", "red", "snow, street"),
    ("it", "Un vecchio pescatore seduto sul molo all'alba", "fisherman: person", "", "water, beach", "dawn"),
)
_FOOD = _rows(
    "food",
    (
        "en",
        "A slice of pepperoni pizza with melting cheese being pulled away, close up, slow motion",
        "pizza: 1F355",
        "",
        "table",
    ),
    ("en", "A stack of pancakes with maple syrup pouring over them, studio light", "pancakes: 1F95E", "", "table"),
    ("en", "fresh sushi on a black plate", "sushi: 1F363", "", "table"),
    (
        "en",
        "A steaming cup of coffee on a wooden table by the window, morning light",
        "coffee: 2615",
        "",
        "table, interior",
        "day",
    ),
    (
        "en",
        "A strawberry falling into a splash of milk, super slow motion, white background",
        "strawberry: 1F353",
        "",
        "table, abstract, portrait backdrop",
    ),
    ("en", "A green apple rotating on a white table", "apple: 1F34F 1F34E", "green", "table"),
    (
        "en",
        "chocolate birthday cake with burning candles in a dark room",
        "birthday cake: 1F382",
        "",
        "table, interior",
    ),
    ("de", "Eine Schüssel dampfende Ramen mit Ei auf einem Holztisch", "ramen: 1F35C 1F372", "", "table"),
    (
        "es",
        "Un helado rosa derritiéndose al sol, primer plano",
        "ice cream: 1F366 1F368",
        "pink",
        "table, beach, street",
        "day",
    ),
    (
        "it",
        "Un bicchiere di vino rosso su un tavolo al tramonto",
        "wine glass: 1F377",
        "red",
        "table",
        "dusk",
    ),
)
_PRODUCTS = _rows(
    "products",
    (
        "en",
        "A luxury gold wristwatch rotating on a black background, product commercial",
        "watch: 231A",
        "yellow",
        "table, portrait backdrop, abstract",
    ),
    (
        "en",
        "A red running shoe floating in the air with dust particles, studio shot",
        "shoe: 1F45F",
        "red",
        "table, portrait backdrop, abstract",
    ),
    ("en", "A smartphone lying on a marble table, reflections, soft light", "smartphone: 1F4F1", "", "table"),
    (
        "en",
        "a pair of white wireless headphones on a pastel background",
        "headphones: 1F3A7",
        "white",
        "table, portrait backdrop, abstract",
    ),
    (
        "en",
        "A tube of red lipstick on wet black stone, macro, commercial",
        "lipstick: 1F484",
        "red",
        "table, macro ground",
    ),
    (
        "en",
        "Leather handbag on a pedestal, warm studio lighting, slow rotation",
        "handbag: 1F45C",
        "",
        "table, portrait backdrop",
    ),
    (
        "en",
        "vintage film camera on an old wooden desk with dust in the light",
        "camera: 1F4F7 1F4F8",
        "",
        "table, interior",
    ),
    (
        "fr",
        "Une bague en diamant qui brille sur du velours noir",
        "ring: 1F48D",
        "",
        "table, portrait backdrop, abstract",
    ),
    ("es", "Unas gafas de sol negras sobre la arena de una playa", "sunglasses: 1F576", "black", "beach"),
    (
        "it",
        "Una bottiglia di champagne con gocce d'acqua, luce da studio",
        "champagne: 1F37E",
        "",
        "table, portrait backdrop",
    ),
)
_VEHICLES = _rows(
    "vehicles",
    (
        "en",
        "A red vintage convertible driving along a coastal road at sunset, tracking shot",
        "car: 1F697 1F699 1F3CE 1F698",
        "red",
        "beach, water, street, mountains",
        "dusk",
    ),
    (
        "en",
        "A steam train crossing a stone bridge in the mountains in autumn",
        "train: 1F682",
        "",
        "mountains, forest",
    ),
    (
        "en",
        "Yellow taxi driving through a city street in the rain at night",
        "taxi: 1F695 1F696",
        "yellow",
        "street",
        "night",
    ),
    ("en", "a sailboat on a calm sea", "sailboat: 26F5", "", "water"),
    (
        "en",
        "Commercial airplane taking off at sunrise, low angle",
        "airplane: 2708 1F6EB 1F6E9 1F6EC",
        "",
        "sky, other, field",
        "dawn",
    ),
    (
        "en",
        "a motorcycle racing through the desert leaving a trail of dust",
        "motorcycle: 1F3CD",
        "",
        "desert",
    ),
    ("en", "An old blue pickup truck parked in a wheat field", "pickup truck: 1F6FB", "blue", "field"),
    ("de", "Ein roter Traktor auf einem Feld im Herbst", "tractor: 1F69C", "red", "field"),
    (
        "fr",
        "Un hélicoptère survole les montagnes enneigées",
        "helicopter: 1F681",
        "",
        "mountains, snow",
    ),
    (
        "es",
        "Una bicicleta verde apoyada en la pared de una calle antigua",
        "bicycle: 1F6B2",
        "green",
        "street",
    ),
)
_BUILDINGS = _rows(
    "buildings and landmarks",
    (
        "en",
        "The Statue of Liberty at dawn with fog over the harbor",
        "Statue of Liberty: 1F5FD",
        "",
        "water, city skyline",
        "dawn",
    ),
    (
        "en",
        "An old lighthouse on a cliff during a storm, waves crashing against the rocks",
        "lighthouse",
        "",
        "water, beach, mountains",
    ),
    ("en", "Tokyo Tower lit up at night", "tower: 1F5FC", "", "city skyline, street", "night"),
    (
        "en",
        "A small wooden cabin in a snowy forest at night, smoke rising from the chimney",
        "cabin: 1F3E0 1F6D6 1F3E1",
        "",
        "snow, forest",
        "night",
    ),
    (
        "en",
        "Ancient Greek temple on a hill under a blue sky",
        "temple: 1F3DB",
        "",
        "mountains, field",
        "day",
    ),
    (
        "en",
        "mosque at sunset, birds flying across the sky",
        "mosque: 1F54C",
        "",
        "city skyline, desert, sky, field",
        "dusk",
    ),
    (
        "en",
        "Japanese castle surrounded by cherry blossoms in spring",
        "Japanese castle: 1F3EF",
        "",
        "field, forest, mountains",
    ),
    ("de", "Eine alte Kirche in einem kleinen Dorf in den Alpen", "church: 26EA", "", "mountains, field"),
    (
        "fr",
        "La tour Eiffel scintille dans la nuit",
        "Eiffel Tower: 1F5FC",
        "",
        "city skyline, street, field",
        "night",
    ),
    (
        "it",
        "Un vecchio castello su una collina nella nebbia",
        "castle: 1F3F0",
        "",
        "mountains, field, forest",
    ),
)
_LANDSCAPES = _rows(
    "landscapes",
    (
        "en",
        "Rolling green hills in the morning fog, drone flying forward",
        "",
        "whole green",
        "field, mountains, aerial",
        "day",
    ),
    ("en", "Snow-capped mountains reflected in a still lake at sunrise", "", "", "mountains, water", "dawn"),
    (
        "en",
        "Aerial view of a turquoise sea and a tropical island with white beaches",
        "",
        "whole blue",
        "aerial",
    ),
    ("en", "endless sand dunes under a starry sky", "", "", "desert", "night"),
    ("en", "purple lavender fields in Provence, gentle wind", "", "whole purple", "field"),
    ("en", "Autumn forest with a winding river, orange leaves falling", "", "whole orange", "forest"),
    (
        "en",
        "Terraced rice fields in Bali, lush green, cinematic drone shot",
        "",
        "whole green",
        "field, aerial, mountains",
    ),
    ("de", "Ein dichter Nadelwald im Nebel, die Kamera fährt langsam vorwärts", "", "", "forest"),
    (
        "es",
        "Un volcán en erupción de noche con lava roja",
        "volcano: 1F30B",
        "red",
        "mountains",
        "night",
    ),
    ("it", "Colline toscane con cipressi al tramonto", "", "", "field, mountains", "dusk"),
)
_WEATHER = _rows(
    "weather and sky",
    ("en", "Lightning storm over the ocean at night, timelapse", "", "", "water, sky, beach", "night"),
    (
        "en",
        "A rainbow over a green valley after the rain",
        "",
        "whole green",
        "field, mountains",
        "day",
    ),
    ("en", "A huge tornado moving across a wheat field", "tornado: 1F32A", "", "field"),
    ("en", "Full moon rising behind drifting clouds", "", "", "sky", "night"),
    ("en", "timelapse of white clouds over the mountains", "", "", "mountains, sky", "day"),
    ("en", "heavy snowfall in a quiet village at night", "", "", "snow, street, city skyline", "night"),
    ("en", "Blood red sunset over the sea", "", "whole red", "water, beach, sky", "dusk"),
    ("fr", "Des nuages d'orage sombres au-dessus d'un champ de blé", "", "", "field, sky"),
    (
        "es",
        "Cielo estrellado con la vía láctea sobre un lago",
        "",
        "",
        "water, sky, mountains",
        "night",
    ),
    ("it", "Pioggia leggera su un prato verde", "", "whole green", "field"),
)
_STREETS = _rows(
    "streets and cities",
    ("en", "Times Square at night with neon billboards and crowds of people", "", "", "street", "night"),
    (
        "en",
        "A gondola gliding through a narrow canal in Venice",
        "gondola",
        "",
        "water, street, city skyline",
    ),
    (
        "en",
        "New York skyline at dusk with the city lights turning on, timelapse",
        "",
        "",
        "city skyline",
        "dusk",
    ),
    (
        "en",
        "A red double-decker bus driving through London on a rainy day",
        "bus: 1F68C",
        "red",
        "street, city skyline",
        "day",
    ),
    ("en", "empty street at night under a flickering street lamp", "", "", "street", "night"),
    (
        "en",
        "Cyberpunk city with holograms, neon signs and steam, drone flight between skyscrapers",
        "",
        "",
        "city skyline, street, aerial",
    ),
    (
        "en",
        "Aerial view of a city highway at night, light trails of the traffic",
        "",
        "",
        "aerial",
        "night",
    ),
    (
        "de",
        "Eine Straßenbahn fährt durch eine verregnete Altstadt",
        "tram: 1F68A 1F68B 1F683",
        "",
        "street, city skyline",
    ),
    ("fr", "Une terrasse de café à Paris le matin", "", "", "street, interior, table", "day"),
    (
        "es",
        "Un coche azul antiguo en una calle colorida de La Habana",
        "car: 1F697 1F699 1F3CE 1F698",
        "blue",
        "street",
    ),
)
_INTERIORS = _rows(
    "interiors",
    ("en", "A cozy living room with a fireplace on a winter night", "", "", "interior", "night"),
    ("en", "An abandoned hospital corridor with flickering light, horror", "", "", "interior"),
    ("en", "modern kitchen with morning sun through the window", "", "", "interior", "day"),
    ("en", "A cat sleeping on a sofa next to a lamp", "cat: 1F408", "", "interior"),
    ("en", "a grand piano in an empty concert hall, spotlight", "piano", "", "interior, other"),
    (
        "en",
        "Vintage armchair beside a rainy window, warm lamp light",
        "armchair: 1F6CB 1FA91",
        "",
        "interior",
    ),
    (
        "en",
        "A teddy bear on the bed in a child's bedroom at night",
        "teddy bear: 1F9F8",
        "",
        "interior",
        "night",
    ),
    (
        "de",
        "Ein gemütliches Wohnzimmer mit einem geschmückten Weihnachtsbaum",
        "Christmas tree: 1F384",
        "",
        "interior",
    ),
    (
        "fr",
        "Une bougie allumée dans une chambre sombre",
        "candle: 1F56F",
        "",
        "interior, table",
    ),
    (
        "it",
        "Una chitarra appoggiata al muro in una stanza luminosa",
        "guitar: 1F3B8",
        "",
        "interior",
    ),
)
_MACRO = _rows(
    "macro and nature close-ups",
    (
        "en",
        "Macro shot of a red ladybug crawling on a leaf",
        "ladybug: 1F41E",
        "red",
        "macro ground",
    ),
    (
        "en",
        "Extreme close-up of a bee collecting pollen on a flower",
        "bee: 1F41D",
        "",
        "macro ground, field",
    ),
    (
        "en",
        "A blue butterfly landing on a white flower, shallow depth of field",
        "butterfly: 1F98B",
        "blue",
        "macro ground, field",
    ),
    (
        "en",
        "Water drop falling from a fern leaf, slow motion macro",
        "drop: 1F4A7",
        "",
        "macro ground, forest",
    ),
    ("en", "a single red rose covered in dew, macro", "rose: 1F339", "red", "macro ground, field"),
    (
        "en",
        "Close-up of a mushroom in wet moss after the rain",
        "mushroom: 1F344",
        "",
        "macro ground, forest",
    ),
    ("en", "A snail slowly crossing a mossy stone", "snail: 1F40C", "", "macro ground, forest"),
    (
        "de",
        "Nahaufnahme einer Spinne in ihrem Netz mit Tautropfen",
        "spider: 1F577",
        "",
        "macro ground, forest",
    ),
    (
        "es",
        "Un girasol amarillo mecido por el viento, primer plano",
        "sunflower: 1F33B",
        "yellow",
        "macro ground, field",
    ),
    ("it", "Una formica che trasporta una foglia, macro", "ant: 1F41C", "", "macro ground"),
)
_FANTASY = _rows(
    "fantasy, space and abstract",
    ("en", "An astronaut floating in space above the Earth", "astronaut: person", "", "space"),
    (
        "en",
        "A rocket launching into the night sky, smoke and fire",
        "rocket: 1F680",
        "",
        "sky, space, field, desert, other",
        "night",
    ),
    (
        "en",
        "A purple dragon flying over a volcano",
        "dragon: 1F409",
        "purple",
        "mountains",
    ),
    ("en", "a white unicorn in an enchanted forest", "unicorn: head 1F984", "white", "forest"),
    (
        "en",
        "Colorful ink swirling in water, abstract, black background",
        "",
        "",
        "abstract",
    ),
    ("en", "Liquid blue metal flowing, abstract loop", "", "whole blue", "abstract"),
    (
        "en",
        "A green alien standing in the desert at night",
        "alien: head 1F47D 1F47E",
        "green",
        "desert",
        "night",
    ),
    (
        "fr",
        "Une planète avec des anneaux dans l'espace profond",
        "planet: 1FA90",
        "",
        "space",
    ),
    (
        "es",
        "Un hada volando en un bosque mágico de noche",
        "fairy: person",
        "",
        "forest",
        "night",
    ),
    (
        "it",
        "Un mago con una veste viola lancia un incantesimo in una torre",
        "wizard: person",
        "purple",
        "interior, mountains, other",
    ),
)

EXPECTED: tuple[Expected, ...] = (
    *_ANIMALS,
    *_PEOPLE,
    *_FOOD,
    *_PRODUCTS,
    *_VEHICLES,
    *_BUILDINGS,
    *_LANDSCAPES,
    *_WEATHER,
    *_STREETS,
    *_INTERIORS,
    *_MACRO,
    *_FANTASY,
)
