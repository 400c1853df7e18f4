// An OAuth2 server out of oidc-provider, whose client-credentials tokens live for two seconds.
//
// A token for the resource AUDIENCE is a JWT, any other is opaque. The clients `basic` and `post` have
// CLIENT_SECRET; INTROSPECTION_ID with INTROSPECTION_SECRET may look tokens up. Says on its first line
// where it listens. `/seen` counts the answers of the token endpoint by their status.

import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { AUDIENCE, CLIENT_SECRET, INTROSPECTION_ID, INTROSPECTION_SECRET } = process.env;
const LIFE = 2;

const client = (id, secret, method, grants) => ({
  client_id: id,
  client_secret: secret,
  token_endpoint_auth_method: method,
  grant_types: grants,
  response_types: [],
  redirect_uris: [],
});
const signing = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const settings = {
  clients: [
    client("basic", CLIENT_SECRET, "client_secret_basic", ["client_credentials"]),
    client("post", CLIENT_SECRET, "client_secret_post", ["client_credentials"]),
    client(INTROSPECTION_ID, INTROSPECTION_SECRET, "client_secret_post", []),
  ],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: "", audience: AUDIENCE, accessTokenTTL: LIFE, accessTokenFormat: "jwt",
      }),
    },
  },
  jwks: { keys: [{ ...signing.export({ format: "jwk" }), use: "sig", alg: "RS256" }] },
  ttl: { ClientCredentials: LIFE },
};

const seen = {};
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const answer = new Provider(issuer, settings).callback();
  server.on("request", (request, response) => {
    if (request.url === "/seen") return response.end(JSON.stringify(seen));
    if (request.url === "/token") {
      response.on("finish", () => {
        seen[response.statusCode] = (seen[response.statusCode] ?? 0) + 1;
      });
    }
    return answer(request, response);
  });
  console.log(`listening at ${issuer}`);
});
