"""Write a CSV file of N organisations for `import_entries`, always the same for the same N.

python benchmarks/make_organizations.py 100000 > var/organizations.csv
"""

import csv
import random
import sys

LANGUAGES = ("lv", "en", "pt", "sv", "lt", "el")
PLACES = ("talsi", "dalarna", "braga", "aglantzia", "trakai")
TYPES = ("social-enterprise", "youth-organisation", "cooperative", "informal-group", "")
TOPICS = ("youth-work", "social-inclusion", "culture-and-heritage", "sport-and-leisure")
LETTERS = {"el": "αβγδεηικλμνοπρστυωάέή", "lv": "abcdeiklmnoprstuvāēīūšžņļ"}


def words(rng, language, count):
    """Give `count` invented words in the letters of a language."""
    letters = LETTERS.get(language, "abcdefghijklmnoprstuvåäöąčęėįšųūãçõ")
    return " ".join("".join(rng.choices(letters, k=rng.randint(3, 10))) for _ in range(count))


def main(number):
    rng = random.Random(number)
    names = [f"name_{language}" for language in LANGUAGES]
    summaries = [f"summary_{language}" for language in LANGUAGES]
    writer = csv.writer(sys.stdout)
    writer.writerow(
        ["id", "municipality", *names, "type", "topics", *summaries, "reach", "founded", "website"]
    )
    for row in range(number):
        filled = rng.sample(LANGUAGES, rng.randint(1, 6))
        writer.writerow(
            [
                "",
                rng.choice(PLACES),
                *(words(rng, code, 3).title() if code in filled else "" for code in LANGUAGES),
                rng.choice(TYPES),
                "|".join(rng.sample(TOPICS, rng.randint(0, 3))),
                *(words(rng, code, 25) if code in filled else "" for code in LANGUAGES),
                rng.choice(("local", "regional", "national")),
                rng.choice(("", rng.randint(1900, 2026))),
                f"https://organisation-{row}.example/",
            ]
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
