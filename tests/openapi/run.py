"""Calls the program as its OpenAPI document allows, and as it forbids.

usage: run.py PROGRAM [SCHEMATHESIS OPTIONS...]

Starts the program's sandbox, waits until its samples have been played, takes the document from
the service and hands both to schemathesis. Fails on an answer of 5xx, on a status, content or
schema that the document does not know, and on whatever else schemathesis checks.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).parent
TOKEN = "sandbox-admin-token-of-this-run"


def address_of(sandbox):
    """Reads what the sandbox prints until it stays up, and returns where the service is."""
    printed = []
    for line in sandbox.stdout:
        printed.append(line)
        if found := re.search(r"http://(\S+)/api/openapi\.json", line):
            return found.group(1)
    sys.exit("the sandbox did not stay up:\n" + "".join(printed))


def main(program, options):
    sandbox = subprocess.Popen([program, "sandbox", "--keep"], stdout=subprocess.PIPE, text=True)
    try:
        address = address_of(sandbox)
        url = f"http://{address}/api/openapi.json"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})
        with tempfile.TemporaryDirectory() as folder:
            document = pathlib.Path(folder, "openapi.json")
            document.write_bytes(urllib.request.urlopen(request).read())
            schemathesis = [
                sys.executable, "-m", "schemathesis.cli",
                "--config-file", HERE / "schemathesis.toml",
                "run", document, "--url", f"http://{address}", *options,
            ]
            ended = subprocess.run(schemathesis, cwd=folder)
        if sandbox.poll() is not None:
            sys.exit("the sandbox ended by itself")
    finally:
        sandbox.terminate()
        status = sandbox.wait()
    sys.exit(ended.returncode or status)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
