# How many organisations work on each topic? With nothing but Python's standard library.
import csv
from collections import Counter
from io import StringIO
from urllib.request import urlopen

PORTAL = "https://portal.example"

with urlopen(f"{PORTAL}/en/organizations/export.csv?columns=id,topics") as answer:
    # The file begins with a byte order mark, which utf-8-sig takes away.
    text = answer.read().decode("utf-8-sig")

counts = Counter()
for row in csv.DictReader(StringIO(text, newline="")):
    # Several values in one cell are joined by |. An empty cell has none.
    counts.update(filter(None, row["topics"].split("|")))

for topic, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
    print(f"{count:4} {topic}")
