"""A client on Authlib, written after its documentation."""

import os

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from play import play

# The tests have no certificate.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
ORIGIN = os.environ["ORIGIN"]
CLIENT = os.environ["CLIENT_ID"], os.environ.get("CLIENT_SECRET")


class Client:
    def __init__(self):
        self.server = self.discover()
        self.session = OAuth2Session(*CLIENT)

    def discover(self, _=None):
        answer = requests.get(get_well_known_url(ORIGIN, external=True))
        answer.raise_for_status()
        metadata = AuthorizationServerMetadata(answer.json())
        # `validate()` also asks for a response type, and where nobody logs in there is none.
        metadata.validate_issuer()
        metadata.validate_token_endpoint()
        return metadata

    def refresh(self, token):
        return self.session.refresh_token(self.server["token_endpoint"], token)

    def revoke(self, token):
        answer = self.session.revoke_token(self.server["revocation_endpoint"], token)
        answer.raise_for_status()

    def introspect(self, token):
        answer = self.session.introspect_token(self.server["introspection_endpoint"], token)
        answer.raise_for_status()
        return answer.json()

    def request(self, tokens):
        kept = []
        session = OAuth2Session(
            *CLIENT,
            token={**tokens, "token_type": "Bearer", "expires_at": 1},
            token_endpoint=self.server["token_endpoint"],
            update_token=lambda token, **_: kept.append(token),
        )
        answer = session.get(f"{ORIGIN}/api/reports")
        return {"status": answer.status_code, "kept": kept}


play(Client())
