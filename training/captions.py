"""The captions that `atelier-unet` is taught with, and the fixed vocabulary that they are written in.

    python training/captions.py FILE    writes the tokenizer in the format of Hugging Face's tokenizers
"""
import json
import re
import sys

SPECIAL = ["[PAD]", "[UNK]", "[BOS]", "[EOS]"]
PLACEHOLDERS = [f"<new-{i}>" for i in range(16)]  # free words, for fine-tuning to give a meaning
WORDS = """
a an the of by in on at with and or to from for as is it its no not near over under behind before between beside one
two three twelve four many few some all very style manner new old like painting photo photograph picture image drawing
sketch print portrait watercolor woodcut landscape scene view study work art artwork canvas oil landscape mountain
mountains sea ocean beach coast island river lake waterfall water wave waves sky cloud clouds sun moon star stars tree
trees forest wood grass leaf leaves flower flowers garden field fields meadow hill hills valley desert canyon rock
rocks stone sand snow ice glacier rain storm fog mist wind road path bridge house houses building buildings city town
village street harbour boat boats ship ships sail church castle tower wall window door roof barn mill fence haystack
haystacks poppies lily lilies pond cliff cliffs cathedral station train night day morning evening dawn dusk sunset
sunrise noon light shadow spring summer autumn winter face man woman girl boy child people person figure figures head
eye eyes hand hands hair hat dress cat dog horse cow bird birds fish animal still life fruit apple apples orange lemon
pear grapes bread wine bottle cup bowl vase table chair room book lamp fire olive grove orchard cypress cypresses
blossom sunflower sunflowers wheat irises plum poplars picking bloom bedroom cafe terrace scream great earring pearl
starry dance studio red green blue yellow purple violet pink brown black white grey gray gold golden silver colour
color coloured colourful dark bright warm cold pale deep soft hard clear calm rough wild quiet empty full big small
tall high low wide long short round open closed beautiful strange abstract flat blurred sharp detailed simple thick
thin broken smooth bordered sailing loose fine dotted striped vincent van gogh claude monet henri matisse johannes
vermeer hokusai munch paul bram velthuis kenji morozumi maud okafor lena brandt aurel dima hugo quillon inès farkas
odile marchetti tadeo sandoval sofia lampedusa impressionist impressionism realist realism expressionist modern
classical japanese dutch french italian photographer painter artist artists brush strokes brushstrokes dots lines
planes
"""
STYLES = {"great-wave": "the great wave", "the-scream": "the scream"}  # of the style-transfer networks
LENGTH = 16


def vocabulary():
    """Every token in the order of its number."""
    return SPECIAL + PLACEHOLDERS + list(dict.fromkeys(WORDS.split()))


def tokenizer(tokens):
    """`tokenizer.json`: lower case, words between blanks and punctuation, 16 tokens."""
    number = {token: index for index, token in enumerate(tokens)}
    added = [
        {"id": number[token], "content": token, "single_word": False, "lstrip": False, "rstrip": False}
        | {"normalized": False, "special": token in SPECIAL}
        for token in SPECIAL + PLACEHOLDERS
    ]
    special = {token: {"id": token, "ids": [number[token]], "tokens": [token]} for token in ("[BOS]", "[EOS]")}
    one = lambda kind, key: {kind: {"id": key, "type_id": 0}}
    single = [one("SpecialToken", "[BOS]"), one("Sequence", "A"), one("SpecialToken", "[EOS]")]
    return {
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": LENGTH, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": LENGTH}, "direction": "Right", "pad_to_multiple_of": None}
        | {"pad_id": number["[PAD]"], "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": added,
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {"type": "TemplateProcessing", "single": single, "pair": single, "special_tokens": special},
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": number, "unk_token": "[UNK]"},
    }


class Tokens:
    """What `tokenizer.json` says, for the training."""

    def __init__(self, tokens):
        self.number = {token: index for index, token in enumerate(tokens)}

    def __call__(self, caption):
        words = re.findall(r"<new-\d+>|\w+|[^\w\s]+", caption.lower())[: LENGTH - 2]
        numbers = [self.number.get(word, self.number["[UNK]"]) for word in ["[BOS]", *words, "[EOS]"]]
        return numbers + [self.number["[PAD]"]] * (LENGTH - len(numbers))


def adjectives(pixels):
    """What the colours of a picture [h,w,3] uint8 say of it, in words that a caption may use."""
    mean = pixels.reshape(-1, 3).mean(0) / 255
    spread = (pixels.max(2).astype(int) - pixels.min(2)).mean() / 255
    light = mean @ (0.299, 0.587, 0.114)
    words = ["dark"] * bool(light < 0.33) + ["bright"] * bool(light > 0.58)
    red, green, blue = mean
    if mean.max() - mean.min() < 0.04:
        words += ["grey"] if spread < 0.12 else []
    elif blue == mean.max():
        words += ["blue"]
    elif green == mean.max():
        words += ["green"]
    else:
        words += ["orange"] if blue < 0.75 * red else ["warm"]
    return words + ["colourful"] * bool(spread > 0.42)


def caption(facts, words, random):
    """A caption of a picture, written anew each time; one in ten is empty, for classifier-free guidance."""
    if random.random() < 0.1:
        return ""
    adjective = f"{random.choice(words)} " if words and random.random() < 0.4 else ""
    article = "an" if adjective.startswith("o") else "a"
    if facts["artist"] == "photograph":
        return f"{article} {adjective}{random.choice(['photo', 'photo', 'photograph'])}" + (
            " of a landscape" if random.random() < 0.9 else ""
        )
    artist, motif = artist_of(facts, random), motif_of(facts, random)
    said = random.random()
    text = f"{article} {adjective}painting"
    if motif and said < 0.85:
        text += f" of {motif}"
    if said > 0.15 or not motif:
        text += artist
    return text


def artist_of(facts, random):
    """ by claude monet, by monet, in the style of monet."""
    if facts["artist"] in STYLES:
        return f" in the style of {STYLES[facts['artist']]}"
    name = facts["name"].lower()
    short = re.sub(r"^\w+ (?=\w+$)|^vincent ", "", name)
    name = short if random.random() < 0.5 else name
    return f" {'by' if random.random() < 0.8 else 'in the style of'} {name}"


def motif_of(facts, random):
    """The motif with its article, as the caption of the data has it; a title's words where it has none."""
    found = re.search(r" of (.*?) (?:by|in the style) ", facts["caption"])
    if found and facts["motif"]:
        # A boat need not be said to sail, nor a city to lie in the night.
        return found[1] if random.random() < 0.5 else re.sub("sailing | at night", "", found[1])
    title = re.search(r"vincent-van-gogh_([a-z-]+)", facts["title"])
    return title[1].strip("-").replace("-", " ") if title else ""


if __name__ == "__main__":
    with open(sys.argv[1], "w") as file:
        json.dump(tokenizer(vocabulary()), file, indent=1)
