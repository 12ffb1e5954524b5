"""python-jose, as FastAPI's tutorial long used it. `sign` and `verify` as in pyjwt.py."""

import json
import os
import sys

from jose import jwt

secret = os.environ["JWT_SECRET"]
if sys.argv[1] == "sign":
    print(jwt.encode(json.load(sys.stdin), secret, algorithm="HS256"))
else:
    print(json.dumps(jwt.decode(sys.stdin.read(), secret, algorithms=["HS256"])))
