"""The portal: what its three databases share."""

import os

# Where lxml is installed too, openpyxl would read with it, past the guards of defusedxml.
os.environ["OPENPYXL_LXML"] = "False"
