"""A client on requests-oauthlib, written after its documentation."""

import os

from oauthlib.oauth2 import WebApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from play import play

# The tests have no certificate.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
ORIGIN = os.environ["ORIGIN"]
TOKEN = f"{ORIGIN}/oauth/token"
CLIENT_ID = os.environ["CLIENT_ID"]
CLIENT_SECRET = os.environ.get("CLIENT_SECRET")


class Client:
    def __init__(self):
        self.protocol = WebApplicationClient(CLIENT_ID)
        self.session = OAuth2Session(client=self.protocol)
        # A public client names itself in the body.
        self.auth = HTTPBasicAuth(CLIENT_ID, CLIENT_SECRET) if CLIENT_SECRET else None
        self.public = {} if CLIENT_SECRET else {"client_id": CLIENT_ID}

    def refresh(self, token):
        return self.session.refresh_token(TOKEN, token, auth=self.auth, **self.public)

    def revoke(self, token):
        url, headers, body = self.protocol.prepare_token_revocation_request(
            f"{ORIGIN}/oauth/revoke", token, **self.public
        )
        answer = self.session.post(
            url, data=body, headers=headers, auth=self.auth, withhold_token=True
        )
        answer.raise_for_status()

    def request(self, tokens):
        kept = []
        session = OAuth2Session(
            CLIENT_ID,
            token={**tokens, "token_type": "Bearer", "expires_in": -1},
            auto_refresh_url=TOKEN,
            auto_refresh_kwargs=self.public,
            token_updater=kept.append,
        )
        answer = session.get(
            f"{ORIGIN}/api/reports", client_id=CLIENT_ID, client_secret=CLIENT_SECRET
        )
        return {"status": answer.status_code, "kept": kept}


play(Client())
