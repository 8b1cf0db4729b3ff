"""pip's own settings as uv's environment: a company's index, wheels on the disk, a certificate.

usage: pip config list | uv_settings.py

Prints NAME=value lines. pip writes a setting as `section.key='value'`, with several values apart by
white space; what the environment says (section `:env:`) goes before what the files say.
"""

import ast
import sys

UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}
COMMAS = {"UV_FIND_LINKS"}  # uv takes the other lists apart at spaces


def uv_settings(listing: str) -> dict[str, str]:
    """uv's variables for what `pip config list` printed."""
    found: dict[str, str] = {}
    for line in sorted(listing.splitlines(), key=lambda line: line.startswith(":env:")):
        name, _, quoted = line.partition("=")
        variable = UV_NAMES.get(name.rpartition(".")[2])
        if variable:
            values = str(ast.literal_eval(quoted)).split()
            found[variable] = ("," if variable in COMMAS else " ").join(values)
    return found


if __name__ == "__main__":
    for variable, value in uv_settings(sys.stdin.read()).items():
        print(f"{variable}={value}")
