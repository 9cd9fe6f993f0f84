"""Write pairs of German and English sentences, by a seeded grammar: what someone does, says that they do, or did once.

German puts the verb of a subordinate clause last, and that of a clause in the perfect as well, so that a translator
has to look ahead. Run it with

    python corpora/phrases.py > corpora/phrases.tsv
"""

import random
import sys

PAIRS = 1_000
SEED = 1
SUBJECTS = (("der Mann", "the man"), ("die Frau", "the woman"), ("das Kind", "the child"), ("der Wärter", "the keeper"))
OTHERS = (
    ("der alte Mann", "the old man"),
    ("die junge Frau", "the young woman"),
    ("das kleine Kind", "the little child"),
)
VERBS = (  # present and participle of each
    ("sieht", "gesehen", "sees", "seen"),
    ("sucht", "gesucht", "looks for", "looked for"),
    ("findet", "gefunden", "finds", "found"),
    ("trägt", "getragen", "carries", "carried"),
    ("malt", "gemalt", "paints", "painted"),
)
OBJECTS = (  # the end of each adjective, the noun
    ("einen", "en", "Hund", "a", "dog"),
    ("eine", "e", "Katze", "a", "cat"),
    ("ein", "es", "Boot", "a", "boat"),
    ("den", "en", "Brief", "the", "letter"),
    ("die", "e", "Lampe", "the", "lamp"),
    ("das", "e", "Fenster", "the", "window"),
)
ADJECTIVES = (("rot", "red"), ("grün", "green"), ("neu", "new"), ("weiß", "white"), ("schwer", "heavy"))
DAYS = (("heute", "today"), ("am Montag", "on Monday"), ("im Winter", "in winter"))
SAYING = (("Ich weiß, dass", "I know that"), ("Sie sagt, dass", "She says that"), ("Wir sehen, dass", "We see that"))


def pair(rng: random.Random) -> tuple[str, str]:
    """A sentence in both languages."""
    subject, who = rng.choice(SUBJECTS + OTHERS)
    present, participle, does, done = rng.choice(VERBS)
    article, end, noun, english_article, thing = rng.choice(OBJECTS)
    colour, of_colour = rng.choice(ADJECTIVES)
    day, when = rng.choice(DAYS)
    said, says = rng.choice(SAYING)
    target, what = f"{article} {colour}{end} {noun}", f"{english_article} {of_colour} {thing}"
    return rng.choice(
        (
            (f"{capital(subject)} {present} {target}.", f"{capital(who)} {does} {what}."),
            (f"{capital(day)} {present} {subject} {target}.", f"{capital(who)} {does} {what} {when}."),
            (f"{capital(subject)} hat {target} {participle}.", f"{capital(who)} has {done} {what}."),
            (f"{said} {subject} {target} {present}.", f"{says} {who} {does} {what}."),
        )
    )


def capital(text: str) -> str:
    """The text with its first letter a capital."""
    return text[:1].upper() + text[1:]


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    rng = random.Random(SEED)
    found: dict[str, str] = {}
    while len(found) < PAIRS:
        source, target = pair(rng)
        found[source] = target
    print("source\ttarget")
    for source, target in found.items():
        print(f"{source}\t{target}")
