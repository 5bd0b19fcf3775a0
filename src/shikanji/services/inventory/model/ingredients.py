"""What the kitchen knows of its ingredients: which facts follow from a name on the list.

A name is read word by word, the longest known phrase first (`spring onion` before `onion`), preparation words
(`roasted`, `powder`) aside. A name with a word that is neither is not understood, and proves nothing."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from shikanji.services.inventory.model.folding import words

Trait = Literal[
    "root",
    "fungus",
    "honey",
    "egg",
    "meat",
    "fish",
    "dairy",
    "alcohol",
    "gluten",
    "nut",
    "peanut",
    "soy",
    "sesame",
    "mustard",
]

# What has been dried (dry ginger, turmeric powder) or only lends its scent (khus) is no root vegetable any more.
_NAMES: dict[str, str] = {
    "": """
        water, ice, soda, soda water, sparkling water, mineral water, salt, black salt, kala namak, rock salt,
        sendha namak, sugar, jaggery, gur, mishri, glucose, fructose, dextrose, stevia, invert sugar, sugarcane,
        maple syrup, date syrup, caramel colour, molasses, citric acid, tartaric acid, baking soda, baking powder,
        fruit salt, eno, pectin, agar, xanthan gum, guar gum, gum arabic, sodium benzoate, potassium sorbate,
        ascorbic acid, acidity regulator, preservative, food colour, vinegar, yeast,
        lemon, nimbu, lime, mango, aam, kairi, banana, kela, apple, orange, mosambi, sweet lime, pineapple, pomegranate,
        anar, watermelon, tarbooz, muskmelon, papaya, guava, grape, strawberry, blueberry, raspberry, cranberry, kiwi,
        litchi, jamun, amla, date, khajur, fig, anjeer, raisin, kishmish, apricot, peach, plum, pear, cherry, chikoo,
        custard apple, sitaphal, bael, wood apple, falsa, kokum, tamarind, imli, avocado, passion fruit, dragon fruit,
        coconut, coconut water, coconut milk, coconut cream, coconut oil, desiccated coconut, coconut sugar,
        rose, rose water, rose petal, gulkand, kewra, kewra water, hibiscus, lavender, orange blossom, saffron, kesar,
        khus, vetiver, sandalwood, vanilla, cocoa, cocoa butter, coffee, tea, green tea, tulsi, basil, basil seed,
        sabja, chia, flaxseed, alsi, sunflower seed, pumpkin seed, melon seed, magaz, poppy seed, khus khus, thandai,
        mint, pudina, coriander, dhania, cilantro, curry leaf, kadi patta, lemongrass, parsley, oregano, thyme,
        rosemary, dill, bay leaf, tej patta, kasuri methi, fenugreek, methi,
        cumin, jeera, caraway, shah jeera, pepper, black pepper, peppercorn, pipli, long pepper, chilli, chili, mirchi,
        chilli flake, paprika, jalapeno, cardamom, elaichi, clove, laung, cinnamon, dalchini, nutmeg, jaiphal, mace,
        javitri, fennel, saunf, ajwain, carom, star anise, nigella, kalonji, onion seed, amchur, dry mango, dried mango,
        anardana, dry ginger, dried ginger, ginger powder, sonth, saunth, turmeric, haldi, turmeric powder, licorice,
        mulethi, stone flower, dagad phool, kabab chini, nagkesar, garam masala, chaat masala, chai masala, tea masala,
        shikanji masala, jaljeera masala, chaas masala, thandai masala,
        tomato, cucumber, kheera, capsicum, bell pepper, cabbage, cauliflower, gobi, broccoli, spinach, palak, lettuce,
        pea, green pea, matar, bean, french bean, cluster bean, corn, sweet corn, baby corn, maize, bottle gourd, lauki,
        ridge gourd, bitter gourd, ash gourd, petha, pumpkin, kaddu, okra, bhindi, eggplant, brinjal, baingan, zucchini,
        jackfruit, kathal, drumstick, raw mango, raw banana, plantain, olive, celery, bok choy, sprout, colocasia leaf,
        taro leaf, arbi leaf, patra leaf, aloe vera, curry powder,
        rice, basmati rice, poha, flattened rice, murmura, puffed rice, idli rice, cornflour, corn starch, cornstarch,
        gram flour, rice flour, besan, gram, chana, chana dal, bengal gram, chickpea, kabuli chana, moong,
        moong dal, mung bean, urad, urad dal, black gram, masoor, masoor dal, toor, toor dal, arhar, lentil, dal, rajma,
        kidney bean, lobia, moth, matki, horse gram, jowar, bajra, ragi, millet, foxtail millet, quinoa, buckwheat,
        kuttu, amaranth, rajgira, singhara, water chestnut, makhana, fox nut, papad,
        oil, vegetable oil, sunflower oil, palm oil, rice bran oil, olive oil, canola oil, cottonseed oil, vanaspati,
        rice milk, rice noodle, cream of tartar, peppermint, spearmint, club soda, sev, boondi, kuttu atta,
        rajgira atta, singhara atta, ragi atta, bajra atta, jowar atta, ground ginger""",
    "root": """
        potato, aloo, sweet potato, shakarkandi, onion, pyaz, pyaaz, spring onion, shallot, leek, chive, scallion,
        garlic, lahsun, lasun, carrot, gajar, beetroot, beet, chukandar, radish, mooli, turnip, shalgam, ginger, adrak,
        fresh ginger, fresh turmeric, raw turmeric, galangal, yam, suran, jimikand, taro, arbi, colocasia, cassava,
        tapioca, sabudana, sago, arrowroot, lotus root, kamal kakdi, parsnip, rutabaga, celeriac, horseradish, wasabi,
        jicama, kohlrabi, ginger garlic paste, tomato ketchup, ketchup, pav bhaji masala""",
    "fungus": "mushroom, truffle, oyster mushroom",
    "honey": "honey, shahad, shehad, madhu, honeycomb, beeswax, royal jelly",
    "egg": "egg, egg white, egg yolk, albumen, mayonnaise, mayo, meringue",
    "meat": """
        meat, chicken, mutton, lamb, goat, beef, pork, bacon, ham, salami, sausage, turkey, duck, keema, mince, lard,
        tallow, suet, gelatin, gelatine, bone broth, chicken stock, rennet, carmine, cochineal, collagen, pepsin""",
    "meat dairy": "parmesan, parmesan cheese",
    "fish": """
        fish, tuna, salmon, anchovy, sardine, rohu, pomfret, prawn, shrimp, crab, lobster, squid, oyster, mussel, clam,
        shellfish, fish sauce, oyster sauce, fish oil, isinglass, caviar""",
    "fish gluten": "worcestershire sauce",
    "dairy": """
        milk, doodh, cow milk, buffalo milk, toned milk, milk powder, milk solid, skimmed milk, condensed milk,
        evaporated milk, curd, dahi, yogurt, yoghurt, hung curd, buttermilk, chaas, chaach, chhachh, paneer, cheese,
        cream cheese, mozzarella, khoya, khoa, mawa, cream, fresh cream, malai, whipped cream, rabri, rabdi, whey,
        casein, lactose, ghee, butter, ice cream, kulfi, shrikhand, chhena, milk chocolate, mishti doi, butterscotch,
        margarine""",
    "dairy soy": "chocolate, white chocolate, dark chocolate, chocolate chip",
    "alcohol": "alcohol, wine, beer, rum, whisky, whiskey, brandy, vodka, liqueur",
    "gluten": """
        wheat, wheat flour, whole wheat flour, atta, maida, plain flour, refined flour, all purpose flour, semolina,
        suji, sooji, rava, rawa, dalia, broken wheat, bulgur, couscous, vermicelli, sevai, seviyan, noodle, pasta,
        macaroni, spaghetti, barley, jau, barley malt, malt, rye, oat, oat milk, spelt, seitan, bread, breadcrumb, pav,
        bun, roti, chapati, paratha, puri, poori, papdi, pastry, pastry sheet, khari, rusk, toast, tortilla, pita,
        pizza base, asafoetida, hing""",
    "gluten dairy": """
        naan, kulcha, bhatura, biscuit, cookie, malted milk, eggless cake, eggless sponge cake, eggless brownie""",
    "gluten dairy egg": "cake, sponge cake, brownie, waffle, pancake, muffin, croissant",
    "gluten soy": "soy sauce, soya sauce",
    "nut": """
        nut, mixed nut, dry fruit, almond, badam, almond milk, almond butter, cashew, kaju, cashew butter, pistachio,
        pista, walnut, akhrot, hazelnut, pecan, macadamia, brazil nut, pine nut, chilgoza, chironji, charoli, marzipan,
        praline, chestnut""",
    "peanut": "peanut, groundnut, moongphali, mungfali, peanut butter, peanut oil, groundnut oil",
    "soy": "soy, soya, soybean, soyabean, soy milk, soya milk, tofu, soya chunk, soy lecithin, soya lecithin, tempeh,"
    " edamame, soybean oil, vegan mayonnaise, eggless mayonnaise",
    "sesame": "sesame, til, sesame seed, sesame oil, tahini",
    "mustard": "mustard, rai, sarson, mustard seed, mustard oil",
}

_PREPARATION = """
    fresh freshly roasted raw dried dry ground powder powdered crushed chopped sliced diced grated minced mashed
    boiled steamed fried baked cooked whole split organic pure natural filtered drinking purified chilled cold hot
    warm sweet sweetened unsweetened salted unsalted toasted soaked sprouted fermented ripe unripe tender green red
    black white yellow brown golden baby large small mini leaf stem seed juice pulp puree paste syrup extract
    essence oil flour starch zest peel rind concentrate flake piece cube slice wedge crystal granule crumb bit sprig
    low fat full toned double skimmed refined hung homemade house kashmiri alphonso malabar assam darjeeling iodized
    iodised edible pressed extra virgin flavour flavor flavouring flavoring of and with the in for or frying dusting
    garnish garnishing tempering topping tadka batter dough grain pod cooking strand petal instant thick thin fine
    coarse long short hand beaten churned aged premium deseeded seedless"""


def _table() -> dict[tuple[str, ...], frozenset[Trait]]:
    known: dict[str, Trait] = {trait: trait for trait in get_args(Trait)}
    return {
        tuple(words(name)): frozenset(known[trait] for trait in traits.split())
        for traits, names in _NAMES.items()
        for name in names.split(",")
    }


_KNOWN = _table()
_LONGEST = max(map(len, _KNOWN))
_PREPARATIONS = frozenset(words(_PREPARATION))


class Reading(NamedTuple):
    """What one name on the list says. `understood` is false where a word of it is not in the table."""

    traits: frozenset[Trait]
    understood: bool


@lru_cache(maxsize=4_096)
def read(name: str) -> Reading:
    """`Roasted cumin powder` is cumin; `aloo tikki` has a root in it, and something unknown besides."""
    traits: frozenset[Trait] = frozenset()
    said_something, unknown = False, False
    for phrase in _phrases(words(name)):
        if phrase in _KNOWN:
            traits, said_something = traits | _KNOWN[phrase], True
        elif phrase[0] not in _PREPARATIONS:
            unknown = True
    return Reading(traits, said_something and not unknown)


def _phrases(tokens: list[str]) -> Iterator[tuple[str, ...]]:
    at = 0
    while at < len(tokens):
        for length in range(min(_LONGEST, len(tokens) - at), 0, -1):
            phrase = tuple(tokens[at : at + length])
            if phrase in _KNOWN or length == 1:
                yield phrase
                at += length
                break
