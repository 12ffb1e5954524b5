// A client on oauth4webapi, written after its documentation.
import * as oauth from "oauth4webapi";
import { play } from "./play.js";

const { CLIENT_ID, CLIENT_SECRET, ORIGIN } = process.env;
const issuer = new URL(ORIGIN);
const client = { client_id: CLIENT_ID };
const authentication = CLIENT_SECRET ? oauth.ClientSecretBasic(CLIENT_SECRET) : oauth.None();
// The tests have no certificate.
const options = { [oauth.allowInsecureRequests]: true };

const discover = async () =>
  oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options }),
  );
const server = await discover();

await play({
  discover,
  refresh: async (token) =>
    oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(server, client, authentication, token, options),
    ),
  revoke: async (token) =>
    oauth.processRevocationResponse(
      await oauth.revocationRequest(server, client, authentication, token, options),
    ),
  introspect: async (token) =>
    oauth.processIntrospectionResponse(
      server,
      client,
      await oauth.introspectionRequest(server, client, authentication, token, options),
    ),
});
