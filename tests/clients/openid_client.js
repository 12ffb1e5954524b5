// A client on openid-client, written after its documentation.
import * as client from "openid-client";
import { play } from "./play.js";

const { CLIENT_ID, CLIENT_SECRET, ORIGIN } = process.env;
const authentication = CLIENT_SECRET ? client.ClientSecretBasic(CLIENT_SECRET) : client.None();
const discovery = () =>
  client.discovery(new URL(ORIGIN), CLIENT_ID, undefined, authentication, {
    algorithm: "oauth2",
    // The tests have no certificate.
    execute: [client.allowInsecureRequests],
  });
const config = await discovery();

await play({
  discover: async () => (await discovery()).serverMetadata(),
  refresh: (token) => client.refreshTokenGrant(config, token),
  revoke: (token) => client.tokenRevocation(config, token),
  introspect: (token) => client.tokenIntrospection(config, token),
});
