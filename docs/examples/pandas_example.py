# Under which cause do needs stand, and how far do they hold? With pandas.
import pandas

PORTAL = "https://portal.example"

needs = pandas.read_csv(
    f"{PORTAL}/en/needs/export.csv?columns=id,cause,level",
    dtype=str,
    # An empty cell is an empty text, and NA the code of Namibia.
    keep_default_na=False,
)
print(pandas.crosstab(needs["cause"], needs["level"], margins=True).to_string())
