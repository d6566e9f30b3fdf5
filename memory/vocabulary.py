"""What customers call the shop's kinds of things, in English and in Spanish."""

from collections.abc import Mapping

EFFECTS: Mapping[str, str] = {
    "sleep": "sleep|sleeping|asleep|insomnia|bedtime|bed|rest|dormir|sueño|insomnio",
    "calm": "calm|calming|relax|relaxing|relaxed|relaxation|unwind|stress|stressed|anxious|anxiety|nerves"
    "|calma|relajar|relajarme|ansiedad|estrés|nervios",
    "focus": "focus|focused|focusing|concentrate|concentration|studying|enfoque|concentrarme|concentración",
    "energy": "energy|energetic|energía|energia",
    "relief": "relief|ache|aches|aching|achy|sore|soreness|pain|pains|painful|arthritis|cramps|back pain"
    "|knee|knees|joints|dolor|dolores|alivio|artritis",
    "social": "social|party|parties|fiesta|fiestas",
}
CATEGORIES: Mapping[str, str] = {
    "flower": "flower|flowers|bud|buds|joint|joints|pre roll|pre rolls|preroll|prerolls|smoking|flor|flores",
    "vape": "vape|vapes|vaping|vape pen|vape pens|cart|carts|cartridge|cartridges|disposable|disposables"
    "|vaporizador|vaporizadores|cartucho|cartuchos",
    "edible": "edible|edibles|gummy|gummies|chocolate|chocolates|candy|candies|seltzer|seltzers"
    "|comestible|comestibles|gomita|gomitas",
    "tincture": "tincture|tinctures|oil|oils|drops|aceite|aceites|tintura|tinturas|gotas",
    "topical": "topical|topicals|cream|creams|balm|balms|lotion|lotions|salve|salves|crema|cremas|bálsamo",
    "accessory": "accessory|accessories|grinder|grinders|rolling papers|accesorio|accesorios",
}
FLAVOURS: Mapping[str, str] = {
    "citrus": "citrus|citrusy|lemon|lemony|lime|orange|grapefruit|tangerine|cítrico|cítricos|cítrica|limón"
    "|naranja|toronja",
    "pine": "pine|piney|pino",
    "berry": "berry|berries|blueberry|strawberry|raspberry|blackberry|fresa|frambuesa|mora|bayas",
    "earthy": "earthy|woody|musky|terroso",
    "mint": "mint|mints|minty|peppermint|spearmint|menthol|menta",
    "floral": "floral|flowery|lavender|rose|lavanda",
    "sweet": "sweet|sweets|sugary|vanilla|caramel|dulce|dulces|vainilla",
    "spicy": "spicy|cinnamon|ginger|peppery|picante|canela|jengibre",
}
SPOKEN: Mapping[str, tuple[str, ...]] = {
    term: tuple(words.split("|"))
    for terms in (EFFECTS, CATEGORIES, FLAVOURS)
    for term, words in terms.items()
}
"""The words that mean a term, by the term."""
