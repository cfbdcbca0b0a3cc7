"""Prompts in other languages: finds the language of a prompt, and translates common words to English.

The names of things come from the `emoji` package (see `subjects/emoji_names.py`). Add any other word to the table here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Final, Literal, cast

Language = Literal["en", "de", "es", "fr", "it", "pt"]

OTHERS: Final[tuple[Language, ...]] = ("de", "es", "fr", "it", "pt")

# The least number of letters of a word that is translated although the language of the prompt is unknown.
_TELLING: Final = 4
_SMALL: Final = {
    "en": "the of with and at an is on to into by from over under through",
    "de": "ein eine einen einem einer der die das den dem des im am auf mit und über unter vor ist vom zum zur beim",
    "es": "un una el los las en con y del al sobre bajo una por junto entre de la",
    "fr": "un une le la les des du dans sur avec et au aux sous de par près d l",
    "it": "un una uno il lo gli nel nella nei con e sul sulla di della del dei al alla sotto tra su la",
    "pt": "um uma os na nos com em de da ao sob sobre pelo num numa",
}
"""Words that nearly every sentence of a language contains."""

# Columns: English, German, Spanish, French, Italian, Portuguese. "/" separates forms of a word; "-" means no word.
_TABLE: Final = """
a          ein/eine/einen/einem/einer/eines  un/una            un/une                     un/una/uno                um/uma
in         im/in/ins                     en                    dans/en                    nel/nella/nei/nello       no/na/em/nos/num/numa
on         auf                           sobre/encima          sur                        su/sul/sulla              sobre
at         am/beim                       junto                 au/aux                     al/alla                   ao/junto
of         von/vom/des                   de/del                de/du/des/d                di/del/della/dei          de/do/da
with       mit                           con                   avec                       con                       com
without    ohne                          sin                   sans                       senza                     sem
and        und                           y/e                   et                         e/ed                      e
through    durch                         por                   -                          attraverso                pelo/pela
under      unter                         bajo                  sous                       sotto                     sob
over       über                          -                     -                          sopra                     -
riding     reitet/reitend/reitender      montando/cabalgando   chevauchant/monte          cavalca                   montando/cavalgando
wearing    trägt/tragend                 llevando              portant                    indossa                   vestindo
holding    hält                          sosteniendo           tenant                     tiene                     segurando
drinking   trinkt                        bebiendo/bebe/tomando boit/buvant                beve/bevendo              bebendo/tomando
running    läuft/rennt/rennend           corriendo/corre       court/courant              corre/correndo            correndo/corre
walking    geht/spaziert                 caminando/camina      marche/marchant            cammina/camminando        andando/caminhando
flying     fliegt/fliegend/fliegender    volando/vuela         vole/volant                vola/volando              voando/voa
swimming   schwimmt/schwimmend           nadando/nada          nage/nageant               nuota/nuotando            nadando
jumping    springt/springend             saltando/salta        saute/sautant              salta/saltando            pulando/saltando
dancing    tanzt/tanzend/tanzende        bailando/baila        danse/dansant              balla/danza/ballando      dançando/dança
driving    fährt/fahrend                 conduciendo           roule/roulant              guida/corre               dirigindo
sleeping   schläft/schlafend/schlafende  durmiendo/duerme      dort/dormant               dorme/dormendo            dormindo
playing    spielt/spielend               jugando/tocando       joue/jouant                gioca/suona               brincando/tocando
reading    liest                         leyendo               lit/lisant                 legge                     lendo
sitting    sitzt/sitzend/sitzende        sentado/sentada       assis/assise               seduto/seduta             sentado/sentada
night      nacht/nachts                  noche                 nuit                       notte                     noite
day        tag                           día                   jour                       giorno                    dia
morning    morgen/morgens                mañana                matin                      mattina/mattino           manhã
evening    abend/abends                  atardecer/tarde       soir/soirée                sera                      entardecer
sunset     sonnenuntergang               ocaso/puesta          coucher/crépuscule         tramonto                  pôr
sunrise    sonnenaufgang/morgengrauen    amanecer/alba         aube/aurore                alba                      amanhecer/nascer
noon       mittag                        mediodía              midi                       mezzogiorno               -
moon       mond/mondschein               luna                  lune                       luna                      lua
sunny      sonnig/sonnigen/sonnige/sonne       soleado/soleada/sol   ensoleillé/ensoleillée/soleil soleggiato/sole          ensolarado/ensolarada/sol
star       sterne/stern/sternen/sternenhimmel  estrellas/estrella  étoiles/étoile         stelle/stella             estrelas/estrela
starry     sternklar/sternenklaren       estrellado/estrellada étoilé/étoilée             stellato/stellata         estrelado/estrelada
snow       schnee                        nieve                 neige                      neve                      neve
snowy      verschneit/verschneite/verschneiten/verschneiter  nevado/nevada/nevadas  enneigé/enneigée/enneigées/enneigés  innevato/innevata/innevate  nevado/nevada
rain       regen                         lluvia                pluie                      pioggia                   chuva
rainy      regnerisch/verregnet/verregneten  lluvioso/lluviosa pluvieux/pluvieuse         piovoso                   chuvoso/chuvosa
storm      sturm/gewitter                tormenta              orage/tempête              tempesta/temporale        tempestade
fog        nebel                         niebla                brouillard/brume           nebbia                    neblina/nevoeiro
cloud      wolken/wolke                  nubes/nube            nuages/nuage               nuvole/nuvola             nuvens/nuvem
wind       wind                          viento                vent                       vento                     vento
rainbow    regenbogen                    -                     -                arcobaleno                -
aurora     polarlicht/nordlichter/polarlichter/nordlicht  boreales  boréales/boréale      boreale                   boreal
winter     winter                        invierno              hiver                      inverno                   inverno
spring     frühling                      primavera             printemps                  primavera                 primavera
summer     sommer                        verano                été                        estate                    verão
autumn     herbst/herbstlicher/herbstlichen  otoño             automne                    autunno                   outono
mountain   berg/berge/bergen/gebirge/alpen  montaña/montañas   montagne/montagnes         montagna/montagne         montanha/montanhas
hill       hügel/hügeln                  colina/colinas        colline/collines           collina/colline           colina/colinas
valley     tal                           valle                 vallée                     valle                     vale
desert     wüste                         desierto              désert                     deserto                   deserto
dune       dünen/düne                    dunas/duna            dunes                      dune/duna                 dunas/duna
cliff      klippe/klippen/küste          acantilado/acantilados/costa  falaise/falaises/côte  scogliera/scogliere/costa  penhasco/costa/falésia
field      feld/wiese/felder             campo/prado           champ/champs/pré/prairie   campo/prato               campo/prado
island     insel                         isla                  île/îles                   isola                     ilha
volcano    vulkan                        volcán                volcan                     vulcano                   vulcão
ice        eis                           hielo                 glace                      ghiaccio                  gelo
frozen     gefroren/gefrorenen/zugefrorenen  congelado  gelé                       ghiacciato                congelado
lake       see                           lago                  lac                        lago                      lago
sea        meer                          mar/océano            mer/océan                  mare/oceano               mar/oceano
beach      strand                        playa                 plage                      spiaggia                  praia
wave       wellen/welle                  olas/ola              vagues/vague               onde/onda                 ondas/onda
river      fluss/bach                    río/arroyo            rivière/fleuve             fiume                     rio/riacho
waterfall  wasserfall                    cascada               cascade                    cascata                   cachoeira/cascata
harbour    hafen                         puerto                port                       porto                     porto
underwater unterwasser                   submarino/submarina   -                 subacqueo      subaquático
reef       riff/korallenriff             arrecife              récif                      barriera                  recife
pool       schwimmbad/schwimmbecken      piscina               piscine                    piscina                   piscina
forest     wald/wälder                   bosque                forêt                      foresta/bosco             floresta
jungle     dschungel                     selva                 jungle                     giungla                   selva
tree       baum/bäume/bäumen             árbol/árboles         arbre/arbres               albero/alberi             árvore/árvores
flower     blumen/blume/blüten           flores/flor           fleurs/fleur               fiori/fiore               flores/flor
lavender   lavendel                      lavanda               lavande                    lavanda                   lavanda
grass      gras                          hierba                herbe                      erba                      grama
leaf       blatt                         hoja                  feuille                    foglia                    folha
leaves     blätter/laub                  hojas                 feuilles                   foglie                    folhas
dewdrop    tautropfen                    rocío                 rosée                      rugiada                   orvalho
city       stadt                         ciudad                ville                      città                     cidade
village    dorf                          pueblo                village                    villaggio/borgo           aldeia/vila
street     straße/strasse/straßen        calle/calles          rue/rues                   strada/via                rua/ruas
alley      gasse                         callejón              ruelle                     vicolo                    beco
market     markt                         mercado               marché                     mercato                   mercado
road       landstraße                    carretera             route                      -                         estrada
house      haus/hütte                    casa/cabaña           maison/cabane              casa/capanna              casa/cabana
castle     schloss/burg                  castillo              château                    castello                  castelo
lighthouse leuchtturm                    faro                  phare                      faro                      farol
tower      turm                          torre                 tour                       torre                     torre
church     kirche/dom                    iglesia/catedral      église/cathédrale          chiesa/cattedrale         igreja/catedral
temple     tempel                        templo                temple                     tempio                    templo
pyramid    pyramide/pyramiden            pirámide/pirámides    pyramide/pyramides         piramide/piramidi         pirâmide/pirâmides
bridge     brücke                        puente                pont                       ponte                     ponte
windmill   windmühle                     molino                moulin                     mulino                    moinho
ruin       ruinen/ruine                  ruinas                ruines                     rovine                    ruínas
library    bibliothek                    biblioteca            bibliothèque               biblioteca                biblioteca
cafe       café/restaurant/bäckerei      café/cafetería        café/boulangerie           caffè/bar                 café/cafeteria
kitchen    küche                         cocina                cuisine                    cucina                    cozinha
bedroom    schlafzimmer                  dormitorio            chambre                    camera                    quarto
fireplace  kamin                         chimenea              cheminée                   camino                    lareira
office     büro                          oficina               bureau                     ufficio                   escritório
workshop   werkstatt                     taller                atelier                    officina                  oficina
window     fenster                       ventana               fenêtre                    finestra                  janela
table      tisch/holztisch                         mesa                  table                      tavolo/tavola             mesa
wooden_table holztisch                   -                     -                          -                         -
marble     marmor                        mármol                marbre                     marmo                     mármore
space      weltall/weltraum              espacio               espace                     spazio                    espaço
planet     planet/planeten               planeta/planetas      planète/planètes           pianeta/pianeti           planeta/planetas
mars       mars                          marte                 mars                       marte                     marte
galaxy     galaxie                       galaxia               galaxie                    galassia                  galáxia
portrait   porträt                       retrato               portrait                   ritratto                  retrato
closeup    nahaufnahme                   -                     -                          -                         -
macro      makro/makroaufnahme           macro                 macro                      macro                     macro
aerial     luftaufnahme                  aérea/aéreo           aérienne/aérien            aerea                     aérea
abstract   abstrakt/abstrakte            abstracto             abstrait                   astratto                  abstrato
smoke      rauch                         humo                  fumée                      fumo                      fumaça
gold       -                             oro                   -                          oro                       ouro
liquid     flüssiges/flüssig             líquido               liquide                    liquido                   líquido
ink        tinte                         tinta                 encre                      inchiostro                tinta
fire       feuer                         fuego                 feu                        fuoco                     fogo
firework   feuerwerk                     fuegos                artifice                   -                         fogos
watercolor aquarell                      acuarela              aquarelle                  acquerello                aquarela
calm       ruhig/ruhigen/ruhiger/stillen tranquilo/tranquila   calme                      calmo/calma               calmo/calma
old        alt/alte/alten/alter/altes    viejo/vieja/anciano   vieux/vieille/vieil        vecchio/vecchia/antica    velho/velha
giant      riesig/riesiger/riesige       gigante               géant/géante               gigante                   gigante
large      großer/große/großes           grande                grand/grande               grande                    grande
small      kleiner/kleine/kleines        pequeño/pequeña       petit/petite               piccolo/piccola           pequeno/pequena
two        zwei                          dos                   deux                       due                       dois/duas
three      drei                          tres                  trois                      tre                       três
red        rot/rote/roter/rotes/roten    rojo/roja/rojos/rojas rouge/rouges               rosso/rossa/rossi/rosse   vermelho/vermelha
yellow     gelb/gelbe/gelber/gelbes/gelben  amarillo/amarilla  jaune/jaunes               giallo/gialla             amarelo/amarela
green      grün/grüne/grüner/grünes/grünen  verde/verdes       vert/verte/verts           verde/verdi               verde/verdes
blue       blau/blaue/blauer/blaues/blauen  azul/azules        bleu/bleue/bleus           blu/azzurro/azzurra       azul/azuis
orange     orangefarben                  naranja               -                          arancione                 laranja
purple     lila/violett/violette         morado/violeta        violet/violette            viola                     roxo/roxa
pink       rosa/rosafarbene              rosa                  rose/roses                 rosa                      rosa
brown      braun/braune/brauner/braunes  marrón                brun/brune/marron          marrone                   marrom
white      weiß/weiße/weißer/weißes/weißen  blanco/blanca/blancos  blanc/blanche/blancs   bianco/bianca/bianchi     branco/branca
black      schwarz/schwarze/schwarzer/schwarzes/schwarzen  negro/negra/negros  noir/noire/noirs  nero/nera/neri     preto/preta
grey       grau/graue/grauer             gris                  gris/grise                 grigio/grigia             cinza
golden     golden/goldene/goldener/goldenen  dorado/dorada     doré/dorée                 dorato/dorata             dourado/dourada
dress      kleid                         vestido               robe                       vestito                   vestido
hat        hut                           sombrero              chapeau                    cappello                  chapéu
coat       mantel                        abrigo                manteau                    cappotto                  casaco
man        mann                          hombre                homme                      uomo                      homem
woman      frau                          mujer                 femme                      donna                     mulher
girl       mädchen                       niña/chica            fille/fillette             ragazza/bambina           menina
boy        junge                         niño/chico            garçon                     ragazzo/bambino           menino
child      kind/kinder                   niños                 enfant/enfants             bambini                   criança/crianças
people     menschen/leute                gente/personas        gens                       gente/persone             pessoas
fisherman  fischer                       pescador              pêcheur                    pescatore                 pescador
astronaut  astronaut/astronautin         astronauta            astronaute                 astronauta                astronauta
boat       boot                          barco/barca           bateau/barque              barca                     barco
sailboat   segelboot                     velero                voilier                    -                         veleiro
ship       schiff                        buque                 navire                     nave                      navio
balloon    heißluftballons/heißluftballon/ballon  globo/globos montgolfière/montgolfières mongolfiera/mongolfiere   balão/balões
dragon     drache/drachen                dragón                dragon                     drago                     dragão
car        auto/wagen                    coche/auto            voiture                    macchina/auto             carro
puppy      welpe                         cachorro              chiot                      cucciolo                  filhote
kitten     kätzchen                      gatito                chaton                     gattino                   gatinho
room       zimmer                        habitación            chambre                    stanza/camera             quarto
living_room wohnzimmer                   -                     salon                      soggiorno                 -
old_town   altstadt                      -                     -                          -                         -
christmas_tree weihnachtsbaum/christbaum -                     sapin                      -                         -
wine       wein                          vino                  vin                        vino                      vinho
champagne  champagner/sekt               champán               champagne                  champagne/spumante        champanhe
ice_cream  eiscreme/speiseeis            helado/helados        -                          gelato                    sorvete
ring       ring                          anillo                bague/anneau               anello                    anel
sunglasses sonnenbrille                  gafas                 -                          occhiali                  -
sunflower  sonnenblume/sonnenblumen      girasol/girasoles     tournesol/tournesols       girasole/girasoli         girassol/girassóis
fairy      fee                           hada                  fée                        fata                      fada
wizard     zauberer                      mago                  magicien/sorcier           mago                      mago
robe       robe                          túnica                -                          veste/tunica              túnica
uniform    uniform                       uniforme              uniforme                   uniforme/divisa           uniforme
guitar     gitarre                       guitarra              guitare                    chitarra                  violão
candle     kerze/kerzen                  vela/velas            bougie/bougies             candela/candele           vela/velas
tram       straßenbahn                   tranvía               tramway                    tram                      bonde
noodle_soup nudelsuppe                   -                     -                          -                         -
web        netz                          telaraña              -                          ragnatela                 teia
pier       steg                          muelle                jetée                      molo                      cais
dawn       dämmerung/morgengrauen        amanecer/alba         aube/aurore                alba                      alvorada
sand       sand                          arena                 sable                      sabbia                    areia
forest     nadelwald/kiefernwald/tannenwald -                  -                          -                         -
stone      stein/felsen                  piedra                pierre                     pietra                    pedra
countryside land/landschaft              campiña               campagne                   campagna                  campo
bottle     flasche                       botella               bouteille                  bottiglia                 garrafa
"""  # noqa: E501


_PHRASES: Final[dict[str, dict[str, str]]] = {
    "de": {},
    "es": {"primer plano": "closeup", "puesta de sol": "sunset", "salida del sol": "sunrise"},
    "fr": {"gros plan": "closeup", "coucher de soleil": "sunset", "lever de soleil": "sunrise"},
    "it": {"primo piano": "closeup"},
    "pt": {"pôr do sol": "sunset", "nascer do sol": "sunrise"},
}
"""Phrases that cannot be translated word by word."""


@cache
def _words(language: Language) -> dict[str, str]:
    """Return the English translation of each word of a language, without accents."""
    column = OTHERS.index(language) + 1
    english: dict[str, str] = {}
    for line in _TABLE.strip().splitlines():
        cells = line.split()
        for form in cells[column].split("/"):
            if form != "-":
                english.setdefault(folded(form), cells[0].replace("_", " "))
    return english


def language_of(words: Sequence[str], english: Callable[[str], bool]) -> Language | None:
    """Return the language that most words of a prompt belong to.

    Returns None if no word is known, or if two languages other than English fit equally well. A language other than
    English needs at least one of its small words in the prompt.

    Args:
        words: the words of the prompt, in lower case.
        english: returns whether a word is known in English.
    """
    plain = [folded(word) for word in words]
    small = {language: sum(word in _small(language) for word in plain) for language in _SMALL}
    told = {"en": small["en"] + sum(map(english, words))}
    for language in OTHERS:
        told[language] = small[language] + sum(word in _words(language) for word in plain)
    count = {language: told[language] if small[language] or language == "en" else 0 for language in told}
    best = max(count, key=lambda language: count[language])
    # English comes first, so `max` prefers it in a tie; a tie of two other languages is not decided.
    tie = best != "en" and list(count.values()).count(count[best]) > 1
    return cast(Language, best) if count[best] and not tie else None


def in_english(words: Sequence[str], language: Language | None, english: Callable[[str], bool]) -> list[str]:
    """Return the words of a prompt, with the known ones translated to English.

    Args:
        words: the words of the prompt, in lower case.
        language: the language of the prompt, or None if it is unknown.
        english: returns whether a word is known in English.
    """
    if language == "en":
        return list(words)
    if language is not None:
        said = " ".join(words)
        for phrase, meaning in _PHRASES[language].items():
            said = re.sub(rf"\b{phrase}\b", meaning, said)
        return [_words(language).get(folded(word), word) for word in said.split()]
    return [word if english(word) else _in_any(word) for word in words]


def _in_any(word: str) -> str:
    if len(word) < _TELLING:
        return word
    return next((_words(one)[folded(word)] for one in OTHERS if folded(word) in _words(one)), word)


@cache
def _small(language: str) -> frozenset[str]:
    return frozenset(map(folded, _SMALL[language].split()))


@lru_cache(maxsize=4096)  # limited, because prompts keep bringing new words
def folded(word: str) -> str:
    """Return a word in lower case and without accents, which people often leave out."""
    return "".join(letter for letter in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(letter))
