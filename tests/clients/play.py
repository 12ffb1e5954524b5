"""Plays a client for a test, as play.js does."""

import json
import sys


def play(client):
    for line in sys.stdin:
        step = json.loads(line)
        try:
            said = {"got": getattr(client, step["verb"])(step["argument"])}
        except Exception as raised:
            said = {"raised": describe(raised)}
        print(json.dumps(said), flush=True)


def describe(raised):
    response = getattr(raised, "response", None)
    return {
        "name": type(raised).__name__,
        "error": getattr(raised, "error", None),
        "message": str(raised),
        "status": getattr(response, "status_code", None),
    }
