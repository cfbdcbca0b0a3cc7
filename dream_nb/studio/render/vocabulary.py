"""The vocabulary: what words change in a drawing. To teach the studio a word, add it to `VOCABULARY`."""

from __future__ import annotations

from typing import TypedDict, Unpack

RGB = tuple[float, float, float]
"""A colour: red, green and blue, each 0 to 1 and gamma-encoded."""


class Traits(TypedDict, total=False):
    """The traits that a word can set. Amounts are 0 to 1.

    If two words disagree, the first one wins, except for amounts of which `plan.read` takes the largest.
    """

    hour: str  # dawn morning noon golden sunset dusk night
    place: str  # instead of a landscape: street interior table macro abstract backdrop space
    haunt: str  # like place, but land, water or a building in the prompt overrides it
    room: str  # kind of an interior or a street: library cafe kitchen bedroom living office workshop; market alley neon
    matter: str  # of a table, macro or abstract: wood marble slate; leaf moss drops; ink metal smoke geometry fractal
    land: str  # mountains hills dunes mesa cliffs plain islands ice volcano city deep space
    ground: str  # if not the land's own: grass rock sand snow earth red ash moss roof
    water: str  # lake sea river marsh none
    plant: str  # see plants.py
    built: str  # see buildings.py
    life: str  # see figures.py
    sky: str  # aurora rainbow moon comet galaxy balloons planets
    tint: RGB
    style: str  # see styles.py
    cloud: float
    storm: float
    haze: float
    rain: float
    snow: float
    wind: float
    stars: float
    motes: str  # fireflies petals leaves embers bubbles dust lanterns confetti
    pace: float  # 1 is normal speed
    waves: float
    falls: float  # amount of a waterfall
    lush: float  # how densely plants grow


def _w(words: str, **sets: Unpack[Traits]) -> dict[str, Traits]:
    return {word.strip().replace("_", " "): sets for word in words.split()}


VOCABULARY: dict[str, Traits] = {
    # Time of day
    **_w("dawn daybreak sunrise", hour="dawn"),
    **_w("morning", hour="morning"),
    **_w("noon midday day daytime sunny sunshine blue_sky rainy_day bright_day sunlight", hour="noon"),
    **_w("afternoon golden golden_hour magic_hour", hour="golden"),
    **_w("sunset sundown", hour="sunset"),
    **_w("dusk twilight evening gloaming blue_hour", hour="dusk"),
    **_w("night midnight nocturnal nighttime", hour="night"),
    **_w("moon moonlight moonlit moonrise full_moon", hour="night", sky="moon"),
    **_w("star starry starlight starlit", hour="night", stars=1.0),
    # Weather and sky
    **_w("clear cloudless", cloud=0.0),
    **_w("cloud cloudy cloudscape", cloud=0.7),
    **_w("overcast gloomy grey_sky", cloud=0.95, haze=0.35),
    **_w("storm stormy thunderstorm thunder lightning tempest", cloud=1.0, storm=1.0, rain=0.5, wind=0.9, waves=0.9),
    **_w("rain rainy raining drizzle downpour monsoon", rain=0.8, cloud=0.9, haze=0.3),
    **_w("snow snowfall snowing snowflake", snow=0.7, ground="snow", cloud=0.6),
    **_w("snowy snowcapped", snow=0.25, ground="snow"),
    **_w("blizzard snowstorm", snow=1.0, ground="snow", wind=1.0, cloud=1.0, haze=0.6),
    **_w("fog foggy", haze=0.95, cloud=1.0),
    **_w("mist misty haze hazy", haze=0.65),
    **_w("wind windy breeze breezy gust", wind=0.8),
    **_w("calm serene still tranquil peaceful quiet", wind=0.1, waves=0.15, pace=0.6),
    **_w("winter wintry frost frosty christmas", ground="snow", plant="pine", snow=0.35),
    **_w("spring springtime", plant="blossom", ground="grass", lush=0.7, motes="petals"),
    **_w("summer", ground="grass", lush=0.7),
    **_w("autumn fall autumnal", plant="autumn", ground="earth", lush=0.9, motes="leaves"),
    **_w("rainbow", sky="rainbow", rain=0.2, cloud=0.5),
    **_w("aurora borealis northern_lights auroras", hour="night", sky="aurora", stars=0.8, cloud=0.1),
    **_w("comet meteor shooting_star meteors", hour="night", sky="comet", stars=0.8),
    **_w("milky_way", hour="night", sky="galaxy", stars=1.0, cloud=0.0),
    **_w("galaxy nebula cosmos cosmic supernova", hour="night", sky="galaxy", stars=1.0, cloud=0.0, haunt="space"),
    **_w("planet planets", hour="night", sky="planets", stars=1.0, cloud=0.0, haunt="space"),
    **_w("alien extraterrestrial alien_planet", hour="night", sky="planets", stars=1.0, cloud=0.0, land="mesa"),
    # Terrain
    **_w("mountain alp alps peak summit himalaya andes fuji alpine", land="mountains"),
    **_w("hill rolling countryside highland valley pastoral tuscany", land="hills"),
    **_w("dune dunes desert sahara", land="dunes", water="none", cloud=0.1),
    **_w("mars martian", land="mesa", water="none", cloud=0.0, haze=0.3, hour="golden", tint=(0.85, 0.45, 0.28)),
    **_w("pool swimming_pool poolside", water="lake", waves=0.1),
    **_w("cappadocia", land="mesa", water="none"),
    **_w("canyon mesa gorge badlands western", land="mesa", water="none"),
    **_w("cliff cliffs fjord coast coastline headland", land="cliffs", water="sea"),
    **_w("plain plains prairie steppe savanna savannah", land="plain", water="none"),
    **_w("field meadow pasture farmland wheat", land="hills", water="none", lush=0.9, plant="grass"),
    **_w("lavender", land="hills", water="none", lush=1.0, plant="flowers", tint=(0.55, 0.35, 0.85)),
    **_w("island islands archipelago", land="islands", water="sea"),
    **_w("volcano volcanic eruption erupting lava magma", land="volcano", motes="embers"),
    **_w("iceberg arctic antarctic antarctica polar glacier ice icy frozen", land="ice", water="sea"),
    **_w("moss mossy", ground="moss", haunt="macro", matter="moss"),
    # Places other than landscapes
    **_w(
        "street avenue boulevard old_town main_street busy_street city_street sidewalk crosswalk crossroads",
        place="street",
    ),
    **_w("downtown_street street_corner street_scene street_photography cobblestone", place="street"),
    **_w("alley alleyway side_street backstreet narrow_street lane", place="street", room="alley"),
    **_w("street_market market marketplace bazaar souk street_food", place="street", room="market"),
    **_w("night_market", place="street", room="market", hour="night"),
    **_w(
        "neon_street neon_alley neon_city cyberpunk_city cyberpunk_street",
        place="street",
        room="neon",
        hour="night",
        style="neon",
    ),
    **_w("tokyo_street", place="street", room="neon"),
    **_w("times_square shibuya chinatown", place="street", room="neon", hour="night"),
    **_w(
        "library bookshop bookstore bookshelf shelf shelves bookcase archive study reading_room",
        place="interior",
        room="library",
    ),
    **_w(
        "cafe café coffee_shop coffeehouse restaurant diner bar pub bistro bakery tavern", place="interior", room="cafe"
    ),
    **_w("kitchen kitchenette pantry", place="interior", room="kitchen"),
    **_w("bedroom nursery hotel_room dorm", place="interior", room="bedroom"),
    **_w(
        "living_room lounge sitting_room parlour parlor fireplace hearth sofa couch armchair",
        place="interior",
        room="living",
    ),
    **_w("cosy_room cozy_room cosy_interior cozy_interior", place="interior", room="living"),
    **_w(
        "office workspace desk cubicle boardroom meeting_room classroom laboratory lab hospital",
        place="interior",
        room="office",
    ),
    **_w("workshop garage workbench atelier art_studio artist_studio forge", place="interior", room="workshop"),
    **_w("room interior indoors indoor inside apartment loft attic hallway", haunt="interior"),
    **_w("window windowsill", haunt="interior"),
    **_w("table tabletop dining_table still_life", place="table"),
    **_w("wooden_table cutting_board chopping_board", place="table", matter="wood"),
    **_w("marble marble_table marble_countertop countertop", haunt="table", matter="marble"),
    **_w("slate slate_table stone_table concrete", haunt="table", matter="slate"),
    **_w("food_photography food_shot on_a_plate", place="table"),
    **_w("product_shot product_photography product packshot advertisement commercial", haunt="table", matter="studio"),
    **_w("macro macro_shot macro_photography extreme_close_up microscopic", place="macro"),
    **_w("close_up closeup", haunt="macro"),
    **_w("leaf foliage fern", haunt="macro", matter="leaf"),
    **_w("moss_carpet lichen sporophyte", place="macro", matter="moss"),
    **_w(
        "dew dewdrop dewdrops water_drop water_drops waterdrop droplet morning_dew raindrop",
        haunt="macro",
        matter="drops",
    ),
    **_w("abstract generative abstraction", place="abstract"),
    **_w("ink ink_in_water ink_drop flowing_ink paint_in_water swirling_ink", haunt="abstract", matter="ink"),
    **_w(
        "liquid_metal molten_metal mercury chrome liquid_chrome liquid_silver",
        haunt="abstract",
        matter="metal",
        tint=(0.70, 0.73, 0.78),
    ),
    **_w("liquid_gold molten_gold", haunt="abstract", matter="metal", tint=(0.98, 0.72, 0.22)),
    **_w("liquid fluid swirl swirling swirls marbling", haunt="abstract", matter="ink"),
    **_w("smoke smoky vapour vapor plume incense", haunt="abstract", matter="smoke"),
    **_w(
        "geometry geometric tessellation polygon kaleidoscope mandala cube hexagon triangles",
        haunt="abstract",
        matter="geometry",
    ),
    **_w("fractal mandelbrot julia_set", haunt="abstract", matter="fractal"),
    **_w("portrait headshot selfie bust studio_portrait close_portrait", haunt="backdrop"),
    **_w("studio stage spotlight dark_stage theatre theater auditorium", haunt="backdrop"),
    **_w("concert_hall ballroom corridor museum church_interior", place="interior", room="living"),
    **_w("studio_light studio_lighting studio_shot photo_studio backdrop plain_background", haunt="backdrop"),
    **_w("white_background", haunt="backdrop", tint=(0.92, 0.92, 0.93)),
    **_w("space outer_space deep_space interstellar starfield solar_system", haunt="space", hour="night", stars=1.0),
    **_w("orbit in_orbit orbiting low_orbit satellite earth", haunt="space", room="orbit", hour="night", stars=1.0),
    **_w("space_station spaceship_interior space_ship", place="space", room="station", hour="night", stars=1.0),
    **_w("black_hole wormhole", haunt="space", room="hole", hour="night", stars=1.0),
    # Water
    **_w("lake pond reservoir loch", water="lake"),
    **_w("sea ocean seascape bay lagoon harbor harbour", water="sea", land="islands"),
    **_w("sand sandy", ground="sand"),
    **_w("beach shore seashore tropical tropics", water="sea", land="islands", ground="sand", plant="palm", lush=0.75),
    **_w("wave waves surf surfing wave_crest huge_wave giant_wave", water="sea", waves=0.8, land="islands"),
    **_w("crashing breaking breakers breaker pounding", water="sea", waves=1.0),
    **_w("river stream creek brook", water="river"),
    **_w("waterfall cascade niagara", water="lake", land="cliffs", haze=0.3, falls=1.0),
    **_w("marsh swamp wetland bayou", water="marsh", land="plain", haze=0.5, plant="reeds"),
    **_w("underwater undersea submarine seabed", land="deep", water="none", motes="bubbles", cloud=0.0),
    **_w("reef coral seaweed kelp", land="deep", water="none", motes="bubbles", cloud=0.0, plant="coral", lush=0.9),
    **_w("mirror_lake reflected mirrored", water="lake", waves=0.1),
    # Plants
    **_w("tree woodland grove", plant="oak", lush=0.6),
    **_w("forest woods taiga", plant="pine", lush=1.0, land="hills", water="none"),
    **_w("pine fir spruce conifer evergreen", plant="pine", lush=0.8),
    **_w("jungle rainforest", plant="palm", lush=1.0, land="hills", haze=0.4, ground="moss", water="none"),
    **_w("palm oasis", plant="palm", lush=0.5),
    **_w("cherry sakura blossom orchard", plant="blossom", lush=0.7, motes="petals"),
    **_w("birch aspen poplar cypress", plant="cypress", lush=0.6),
    **_w("willow", plant="willow", lush=0.5),
    **_w("acacia baobab", plant="acacia", lush=0.4),
    **_w("bamboo", plant="bamboo", lush=1.0),
    **_w("cactus cacti saguaro", plant="cactus", lush=0.4),
    **_w("flower wildflower garden tulip poppy rose sunflower daisy", plant="flowers", lush=0.9, ground="grass"),
    **_w("grass grassland", plant="grass", lush=0.9, ground="grass"),
    **_w("reed reeds rush", plant="reeds", lush=0.7),
    **_w("mushroom toadstool", plant="mushroom", lush=0.6),
    # Buildings
    **_w("skyline skyscraper cityscape", land="city", built="towers"),
    **_w(
        "city metropolis downtown urban manhattan paris london berlin rome new_york nyc chicago barcelona madrid",
        land="city",
        built="towers",
        haunt="street",
    ),
    **_w("tokyo osaka seoul hong_kong shanghai", land="city", built="towers", haunt="street", room="neon"),
    **_w("rooftop rooftops roof", land="city", built="towers", ground="roof", water="none"),
    **_w("road highway", land="plain", water="none"),
    **_w("coastal_road coast_road seaside_road", land="cliffs", water="sea"),
    **_w("town village hamlet", built="village"),
    **_w("house cottage cabin hut farmhouse barn home", built="house"),
    **_w("castle fortress palace citadel tower watchtower", built="castle"),
    **_w("lighthouse beacon", built="lighthouse", water="sea"),
    **_w("church cathedral chapel abbey", built="church"),
    **_w("temple pagoda shrine", built="pagoda"),
    **_w("mosque minaret taj", built="mosque"),
    **_w("pyramid pyramids egypt", built="pyramid", land="dunes", water="none"),
    **_w("windmill mill", built="windmill"),
    **_w("wind_turbine turbine turbines", built="turbine"),
    **_w("bridge viaduct aqueduct", built="bridge", water="lake"),
    **_w("ruin ruins columns", built="ruins"),
    **_w("tent camp camping campfire", built="tent"),
    **_w("pier jetty dock", built="pier", water="lake"),
    **_w("torii gate", built="torii"),
    # Animals and people
    **_w("bird seagull gull crow raven swallow geese goose duck pigeon", life="birds"),
    **_w("butterfly butterflies", life="butterflies"),
    **_w("bat bats", life="bats"),
    **_w("swan", water="lake"),
    **_w("fish shark salmon", life="fish"),
    **_w("whale orca", water="sea"),
    **_w("dolphin", water="sea"),
    **_w("running galloping", pace=1.5),
    **_w("fisherman fishing", water="lake"),
    **_w("boat rowboat canoe kayak gondola", life="boat", water="lake"),
    **_w("sailboat sail sailing yacht", life="sailboat", water="sea"),
    **_w("ship pirate galleon frigate", life="ship", water="sea"),
    **_w("balloon balloons hot_air_balloon", life="balloons"),
    **_w("kite", life="kite"),
    # Things in the air
    **_w("firefly fireflies", motes="fireflies", hour="night"),
    **_w("petal petals", motes="petals"),
    **_w("leaves falling_leaf falling_leaves", motes="leaves"),
    **_w("ember embers fire flame flames sparks burning", motes="embers", tint=(0.95, 0.4, 0.1)),
    **_w("bubble bubbles", motes="bubbles"),
    **_w("dust dusty pollen", motes="dust"),
    **_w("lantern lanterns", motes="lanterns", hour="night"),
    **_w("firework fireworks", motes="fireworks", hour="night"),
    **_w("confetti", motes="confetti"),
    # Colours
    **_w("red crimson scarlet ruby", tint=(0.85, 0.15, 0.15)),
    **_w("orange amber tangerine", tint=(0.98, 0.55, 0.15)),
    **_w("yellow", tint=(0.95, 0.82, 0.25)),
    **_w("green", tint=(0.25, 0.65, 0.30)),
    **_w("emerald jade", tint=(0.10, 0.62, 0.45)),
    **_w("teal turquoise cyan aqua", tint=(0.15, 0.70, 0.72)),
    **_w("blue azure cobalt sapphire navy indigo", tint=(0.20, 0.38, 0.88)),
    **_w("purple violet lilac magenta amethyst", tint=(0.58, 0.28, 0.85)),
    **_w("pink rosy fuchsia", tint=(0.97, 0.50, 0.66)),
    **_w("brown bronze copper", tint=(0.55, 0.38, 0.22)),
    **_w("white ivory", tint=(0.92, 0.92, 0.93)),
    **_w("black dark darkness", tint=(0.16, 0.16, 0.20)),
    **_w("grey gray silver", tint=(0.55, 0.57, 0.60)),
    # Styles
    **_w("noir film_noir monochrome black_and_white", style="noir"),
    **_w("watercolor watercolour aquarelle painted", style="watercolour"),
    **_w("pixel pixelated pixel_art 8bit 8_bit retro_game", style="pixel"),
    **_w("sketch pencil drawing charcoal etching ink_drawing", style="sketch"),
    **_w("oil impressionist impressionism brushstrokes monet", style="oil"),
    **_w("anime ghibli studio_ghibli manga cartoon animated", style="anime"),
    **_w("comic pop_art", style="comic"),
    **_w("poster flat minimalist minimal vector", style="flat"),
    **_w("neon cyberpunk", style="neon", hour="night"),
    **_w("synthwave vaporwave retrowave outrun", style="synthwave", hour="sunset"),
    **_w("vintage film nostalgic analog sepia", style="vintage"),
    **_w("pastel soft dreamy ethereal", style="pastel"),
    **_w("ukiyo woodblock hokusai japanese", style="woodblock"),
    **_w("surreal psychedelic trippy", style="psychedelic"),
    **_w("cinematic dramatic epic moody", style="cinematic"),
    # Pace
    **_w("slow slowly gentle gently lazy slow_motion", pace=0.5),
    **_w("fast quick quickly rapid swift speeding racing", pace=1.8),
    **_w("timelapse time_lapse hyperlapse", pace=2.2, cloud=0.6),
}
