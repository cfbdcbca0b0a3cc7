"""Finds the sounds that the words of a soundtrack name, and their strengths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

_Sounds = tuple[str, ...]


def _w(words: str, *sounds: str) -> dict[str, _Sounds]:
    """Return the sounds of each word. In a word, "_" stands for a space, and "~" for the endings of a verb."""
    return {form: sounds for word in words.split() for form in _forms(word.replace("_", " "))}


def _forms(word: str) -> Iterator[str]:
    stem = word.removesuffix("~")
    yield stem
    if stem != word:
        short = stem.removesuffix("e")
        yield from (stem + "s", short + "ed", short + "ing")


SOUND_WORDS: Final[Mapping[str, _Sounds]] = {
    **_w("rain~ rainy rainfall raindrop rainstorm driving_rain drizzle~ drizzly downpour shower monsoon", "rain"),
    **_w("waterfall cascade stream creek brook river rapids fountain running_water flowing_water", "rain"),
    **_w("hiss~ patter~ sizzle~ gurgle~ dripping applause", "rain"),
    **_w("wind windy breeze breezy gale gust gusty howl~ sandstorm snowstorm blizzard hurricane", "wind"),
    **_w("rustle~ whoosh~", "wind"),
    **_w("wave sea ocean surf beach shore seashore coast seaside tide breakers lapping splash~", "waves"),
    **_w("storm stormy thunderstorm tempest", "thunder", "rain", "wind"),
    **_w("thunder~ thunderclap thunderbolt lightning rumble~ explosion explode~ boom~", "thunder"),
    **_w("fire campfire bonfire fireplace hearth flame blaze burn~ crackle~ inferno wildfire torch ember", "fire"),
    **_w("bird birdsong songbird gull seagull sparrow robin nightingale blackbird lark finch crow raven", "birds"),
    **_w("parrot owl dove pigeon duck goose geese swallow chirp~ tweet~ twitter~ warble~ cooing", "birds"),
    **_w("bird_singing birds_singing singing_bird dawn_chorus hummingbird", "birds"),
    **_w(
        "cricket cricket_chirping crickets_chirping chirping_cricket cicada grasshopper insect katydid frog", "crickets"
    ),
    **_w("city town downtown metropolis crowd crowded voice chatter~ talking murmur~ conversation", "city"),
    **_w("market marketplace street_market cafe café restaurant pub audience urban", "city"),
    **_w("busy_street city_street street_noise", "city", "traffic"),
    **_w("traffic car truck lorry bus motorcycle motorbike motorway highway freeway engine train tram", "traffic"),
    **_w(
        "subway honk~ driving taxi airplane aeroplane plane jet helicopter busy_road fire_truck fire_engine", "traffic"
    ),
    **_w("footstep footfall step walk~ stroll~ running jogging march~ hiking stomp~ tread~", "footsteps"),
    **_w("hoof hooves galloping knock~", "footsteps"),
    **_w("bell chime~ carillon gong tolling ringing church_bell wind_chime bell_tower clock_tower belfry", "bells"),
    **_w("music musical drone~ synth synthesizer melody song soundtrack chord harmony ambient_music", "drone"),
    **_w("piano guitar violin cello strings orchestra orchestral organ church_organ choir flute harp", "drone"),
    **_w("singing hum~ humming electronic synthwave lullaby wind_instrument", "drone"),
    # Phrases that would otherwise be taken for the sound of one of their words.
    **_w("heat_wave microwave sound_wave shock_wave step_by_step bell_pepper meteor_shower live_stream"),
}
"""The words that name sounds, and the sounds of each."""

PLACE_WORDS: Final[Mapping[str, _Sounds]] = {
    **_w("forest wood woodland jungle rainforest grove tree", "birds", "wind"),
    **_w("meadow garden park orchard field spring morning dawn sunrise countryside farm village", "birds"),
    **_w("night midnight nighttime moonlit dusk twilight firefly summer savanna savannah swamp marsh", "crickets"),
    **_w("lake water bay harbour harbor island lagoon pier boat sailboat ship lighthouse underwater", "waves"),
    **_w("whale dolphin", "waves"),
    **_w("mountain hill peak cliff canyon desert dune plain snow snowy snowfall winter ice glacier", "wind"),
    **_w("sky cloud fog mist autumn kite castle ruin balloon prairie steppe", "wind"),
    **_w("volcano lava candle dragon lantern firework", "fire"),
    **_w("people skyline skyscraper cityscape neon cyberpunk rooftop alley plaza festival tokyo", "city"),
    **_w("street avenue boulevard", "city", "traffic"),
    **_w("road vehicle robot factory racing race", "traffic"),
    **_w("person man woman girl boy hiker runner dancer horse deer dog wolf", "footsteps"),
    **_w("church cathedral temple monastery chapel abbey shrine pagoda christmas", "bells"),
    **_w("space galaxy nebula cosmos cosmic planet star astronaut spaceship spacecraft rocket alien", "drone"),
    **_w("dream dreamy dreamlike surreal abstract ethereal aurora ambient psychedelic", "drone"),
}
"""The words for places, times and beings that suggest sounds, and the sounds of each."""

_SILENCE: Final = frozenset({"silence", "silent", "mute", "muted", "soundless", "noiseless"})
_NOT: Final = frozenset({"no", "without", "not", "never", "minus", "except", "nor", "remove", "exclude"})
_ENDS_NOT: Final = frozenset({"but", "only", "just", ",", ".", ";", ":", "!", "?"})
# How many words after a "no" an unwanted sound may be named: "without any sound of birds".
_REACH: Final = 5
_LONGEST: Final = 3  # words of a name
_SINGULARS: Final = (("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""))
_MOST: Final = 6
# The strength of each sound, relative to the one that is named before it.
_EACH: Final = 0.87


class _Heard(NamedTuple):
    """The sounds of a word, whether the word names them directly, and whether they are wanted."""

    sounds: _Sounds
    is_outright: bool
    is_wanted: bool


def sounds_of(prompt: str, scene: str, unwanted: str) -> dict[str, float]:
    """Return the sounds of a soundtrack with their strengths, the strongest first; none if it is silent.

    Args:
        prompt: a description of the wanted sounds. If it names no known sound, the scene decides.
        scene: the prompt of the video. If it names no known sound either, the sound is wind.
        unwanted: a description of the unwanted sounds.
    """
    asked, shown = list(_heard(prompt)), list(_heard(scene))
    own = {sounds[0] for sounds in _wanted(asked, True) if len(sounds) == 1}
    silenced = {
        sound
        for word in _heard(unwanted)
        if word.is_outright
        for sound in word.sounds
        # A prompt for rain keeps its rain if a storm is unwanted.
        if len(word.sounds) == 1 or sound not in own
    }
    silenced |= {sound for word in asked + shown if word.is_outright and not word.is_wanted for sound in word.sounds}
    choices = [_wanted(asked, True), _wanted(asked, False), _wanted(shown, True) + _wanted(shown, False)]
    if _SILENCE.intersection(_tokens(prompt)):
        choices = choices[:1]
    named = [list(dict.fromkeys(sound for sounds in choice for sound in sounds)) for choice in choices]
    for sounds in named:
        left = [sound for sound in sounds if sound not in silenced]
        if left:
            return {sound: _EACH**place for place, sound in enumerate(left[:_MOST])}
    is_quiet = any(named) or len(choices) == 1 or "wind" in silenced
    return {} if is_quiet else {"wind": 1.0}


def _wanted(words: list[_Heard], is_outright: bool) -> list[_Sounds]:
    return [word.sounds for word in words if word.is_wanted and word.is_outright == is_outright]


def _heard(text: str) -> Iterator[_Heard]:
    """Yield the known words of a text, in order."""
    words = _tokens(text)
    at, reach = 0, 0
    while at < len(words):
        name, sounds, is_outright = _longest(words[at : at + _LONGEST])
        following = at + name.count(" ") + 1
        if words[at] in _NOT:
            reach = _REACH
        elif words[at] in _ENDS_NOT:
            reach = 0
        elif sounds is None:
            reach -= 1
        else:
            yield _Heard(sounds, is_outright, is_wanted=reach <= 0)
            # "No birds or wind" has two unwanted sounds, and "no birds and wind" has one.
            goes_on = reach > 0 and words[following : following + 1] in (["or"], ["nor"])
            reach = _REACH if goes_on else 0
        at = following


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+|[,.;:!?]", text.casefold().replace("n't", " not"))


def _longest(words: list[str]) -> tuple[str, _Sounds | None, bool]:
    """Return the longest known name that the words begin with, its sounds, and whether it names them directly.

    If no name is known, return the first word, None and False.
    """
    for length in range(len(words), 0, -1):
        name = " ".join(words[:length])
        for known, is_outright in ((SOUND_WORDS, True), (PLACE_WORDS, False)):
            found = next((known[form] for form in (name, *_singulars(name)) if form in known), None)
            if found is not None:
                return name, found, is_outright
    return words[0], None, False


def _singulars(name: str) -> Iterator[str]:
    return (name.removesuffix(ending) + instead for ending, instead in _SINGULARS if name.endswith(ending))
