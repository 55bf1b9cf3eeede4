"""The font of the formulas: the part of STIX Two Math (SIL Open Font License 1.1) that the pages use.

It stands in a style sheet as data and not in a file of its own: a browser has it when it lays out the page, so that
hardly any text moves, and Firefox, which takes no font from another folder of a book on disk, shows it too.
"""

from __future__ import annotations

import base64
import html
import io
import re
import unicodedata
from collections.abc import Iterable
from importlib.metadata import distribution

from fontTools import subset
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

FILE = "_static/math-font.css"
LINK = '<link rel="stylesheet" type="text/css" href="{}" />\n'
STYLE = """\
/* A part of STIX Two Math, adapted. Copyright 2001-2020 The STIX Fonts Project Authors; SIL Open Font License 1.1 */
@font-face {{ font-family: "Book Math"; src: url("data:font/woff2;base64,{}") format("woff2"); }}
"""

FORMULA = re.compile(r"<math\b.*?</math>", re.DOTALL)
VARIABLE = re.compile(r"<mi>(.)</mi>")  # a browser shows such a letter in italics
ITALICS = "".join(map(chr, (*range(0x1D434, 0x1D455), 0x210E, *range(0x1D456, 0x1D468), *range(0x1D6E2, 0x1D71C))))
ITALIC = {chr(int(unicodedata.decomposition(letter).split()[1], 16)): letter for letter in ITALICS}
ROOT = "\N{SQUARE ROOT}"  # drawn by the browser for <msqrt> and <mroot>
PRIMES = "′″‴"  # stand as exponents, for which the font has forms that a browser does not ask for
# Indices and exponents of letters on the lines that TeX gives them, whatever their height; room in a root.
MEASURES = {
    "SubscriptBaselineDropMin": 0,
    "SuperscriptBaselineDropMax": 390,
    "RadicalVerticalGap": 140,
    "RadicalDisplayStyleVerticalGap": 190,
}
TALLEST, WIDEST = 2900, 1.15  # of the forms of a bracket: units of 1/1000 em, and times its own width


def characters(page: str) -> set[str]:
    """Return the characters that the formulas of a page show."""
    formulas = FORMULA.findall(page)
    text = {character for formula in formulas for character in html.unescape(re.sub("<[^>]*>", "", formula))}
    if any(re.search("<m(sqrt|root)", formula) for formula in formulas):
        text.add(ROOT)
    return text | {ITALIC[letter] for formula in formulas for letter in VARIABLE.findall(formula) if letter in ITALIC}


def narrow(font: TTFont, glyph: str, width: int) -> None:
    """Draw a glyph with less width."""
    pen, record = TTGlyphPen(None), DecomposingRecordingPen(font.getGlyphSet())
    font.getGlyphSet()[glyph].draw(record)
    old, bearing = font["hmtx"][glyph]
    record.replay(TransformPen(pen, (width / old, 0, 0, 1, 0, 0)))
    font["glyf"][glyph] = pen.glyph()
    font["hmtx"][glyph] = (width, round(bearing * width / old))


def adapt(font: TTFont) -> None:
    """Adapt the table of measures to Chromium.

    It places the scripts of a letter by the rule that TeX has for boxes. It gives a bracket or a root the width of its
    widest form, which leaves a gap; so the tallest forms, which are the widest, give way to the parts of which brackets
    of any height are made, and those are made narrower.
    """
    table = font["MATH"].table
    for name, value in MEASURES.items():
        getattr(table.MathConstants, name).Value = value
    primes = {ord(prime): f"{font.getBestCmap()[ord(prime)]}.ssty" for prime in PRIMES}
    for names in font["cmap"].tables:
        names.cmap = names.cmap | {code: glyph for code, glyph in primes.items() if code in names.cmap}
    variants = table.MathVariants
    for glyph, forms in zip(variants.VertGlyphCoverage.glyphs, variants.VertGlyphConstruction, strict=True):
        if forms.GlyphAssembly:
            kept = [form for form in forms.MathGlyphVariantRecord if form.AdvanceMeasurement <= TALLEST]
            forms.MathGlyphVariantRecord, forms.VariantCount = kept, len(kept)
            widest = round(font["hmtx"][glyph][0] * WIDEST)
            parts = {form.VariantGlyph for form in kept} | {part.glyph for part in forms.GlyphAssembly.PartRecords}
            for part in sorted(parts):
                if font["hmtx"][part][0] > widest:
                    narrow(font, part, widest)


def cut(characters: set[str]) -> bytes:
    """Return the font with these characters, their larger forms and its table of measures, as WOFF 2."""
    package = distribution("ziamath")
    font = TTFont(str(package.locate_file("ziamath/fonts/STIXTwoMath-Regular.ttf")), recalcTimestamp=False)
    adapt(font)
    options = subset.Options(hinting=False, layout_features=[], name_IDs=[0, 1, 2, 5, 13, 14], notdef_outline=True)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(character) for character in characters])
    cutter.subset(font)
    font.flavor = "woff2"
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def style(pages: Iterable[str]) -> str:
    """Return the style sheet with the font for the formulas of these pages."""
    used = set().union(*(characters(page) for page in pages))
    return STYLE.format(base64.b64encode(cut(used)).decode("ascii"))
