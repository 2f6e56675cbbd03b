"""What a member does from a terminal needs none of a server's packages."""

import subprocess
import sys

from quorate.extras import EXTRAS

CODE = """
import importlib, pkgutil, sys
for name in {blocked}:
    sys.modules[name] = None  # as if it was not installed
import quorate.collective.client as client
for one in pkgutil.iter_modules(client.__path__):
    importlib.import_module(f"quorate.collective.client.{{one.name}}")
    print(one.name)
"""


def test_members_need_no_packages_of_a_server() -> None:
    code = CODE.format(blocked=[*EXTRAS["collective"], "starlette"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {"membership", "asking", "applying", "record"} <= set(done.stdout.split())
