"""PyJWT. `sign` turns claims into a token, `verify` a token into its claims."""

import json
import os
import sys

import jwt

secret = os.environ["JWT_SECRET"]
if sys.argv[1] == "sign":
    print(jwt.encode(json.load(sys.stdin), secret, algorithm="HS256"))
else:
    print(json.dumps(jwt.decode(sys.stdin.read(), secret, algorithms=["HS256"])))
