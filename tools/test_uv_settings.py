"""tools/uv_settings.py: what pip was told holds for uv too."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent / "uv_settings.py"


def settings(listing):
    done = subprocess.run(
        [sys.executable, SCRIPT], input=listing, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_a_companys_index_and_wheels_on_the_disk():
    listing = (
        ":env:.find-links='/wheels /more'\n"
        "global.cert='/etc/ca.pem'\n"
        "global.constraint='/etc/constraints.txt'\n"
        "global.extra-index-url='\\nfile:///a/simple\\nfile:///b/simple'\n"
        "global.index-url='https://packages.example/simple'\n"
        "install.trusted-host='packages.example'\n"
    )
    assert sorted(settings(listing)) == [
        "SSL_CERT_FILE=/etc/ca.pem",
        "UV_DEFAULT_INDEX=https://packages.example/simple",
        "UV_FIND_LINKS=/wheels,/more",
        "UV_INDEX=file:///a/simple file:///b/simple",
        "UV_INSECURE_HOST=packages.example",
    ]


def test_the_environment_goes_before_the_files():
    assert settings(":env:.index-url='https://b/'\nglobal.index-url='https://a/'\n") == [
        "UV_DEFAULT_INDEX=https://b/"
    ]


def test_pip_without_settings():
    assert settings("") == []


def test_what_pip_itself_prints_is_read(tmp_path):
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nextra-index-url =\n    file:///a\n    file:///b\n")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        env=clean | {"PIP_CONFIG_FILE": str(config)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "UV_INDEX=file:///a file:///b" in settings(listing)
