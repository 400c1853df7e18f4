// A SCIM server out of scimmy and scimmy-routers, with Maps for storage.
//
// Takes the bearer token BEARER, or where ISSUER is given, what that OAuth2 server issued: opaque tokens
// are looked up there (RFC 7662), JWTs are checked by its keys. Says on its first line where it listens.
// `/truth/…` shows everything that it holds, whatever its lists leave out, and `/seen` counts the SCIM
// requests by their method and status. With FILTERS, only filters with this in them find something: a
// filter that scimmy does not understand finds nothing either.

import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import express from "express";
import { createRemoteJWKSet, jwtVerify } from "jose";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const { BEARER, FILTERS, ISSUER, AUDIENCE, INTROSPECTION_ID, INTROSPECTION_SECRET } = process.env;
const refusal = (status, type, detail) => new SCIMMY.Types.Error(status, type, detail);
const plain = (value) => JSON.parse(JSON.stringify(value));

function store(Resource, unique) {
  const held = new Map();
  const find = (id) => {
    if (!held.has(id)) throw refusal(404, null, `there is no ${id}`);
    return held.get(id);
  };
  Resource
    .ingress((resource, sent) => {
      const before = resource.id && find(resource.id);
      const kept = plain(sent);
      const name = unique && String(kept[unique]).toLowerCase();
      for (const other of unique ? held.values() : []) {
        if (other.id !== before?.id && String(other[unique]).toLowerCase() === name) {
          throw refusal(409, "uniqueness", `another one has this ${unique}`);
        }
      }
      const now = new Date().toISOString();
      const id = before?.id ?? randomUUID();
      const meta = { created: before?.meta.created ?? now, lastModified: now };
      held.set(id, { ...kept, id, meta });
      return held.get(id);
    })
    .egress((resource) => {
      if (resource.id) return find(resource.id);
      const all = [...held.values()];
      const { filter } = resource;
      if (filter && FILTERS && !filter.expression.includes(FILTERS)) return [];
      return filter ? filter.match(all) : all;
    })
    .degress((resource) => {
      find(resource.id);
      held.delete(resource.id);
    });
  SCIMMY.Resources.declare(Resource);
  return held;
}

const digest = (text) => createHash("sha256").update(text).digest();
const keys = ISSUER && createRemoteJWKSet(new URL("/jwks", ISSUER));

async function isIssued(token) {
  if (token.split(".").length === 3) {
    return jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE }).then(() => true, () => false);
  }
  const answer = await fetch(new URL("/token/introspection", ISSUER), {
    method: "POST",
    body: new URLSearchParams({
      token, client_id: INTROSPECTION_ID, client_secret: INTROSPECTION_SECRET,
    }),
  });
  return answer.ok && (await answer.json()).active === true;
}

async function admit(request) {
  const [, token] = /^Bearer (\S+)$/.exec(request.header("authorization") ?? "") ?? [];
  if (!token) throw new Error("a bearer token is needed");
  const good = ISSUER ? await isIssued(token) : timingSafeEqual(digest(token), digest(BEARER));
  if (!good) throw new Error("this token is not good, or not any more");
}

const truth = {
  Users: store(SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false), "userName"),
  Groups: store(SCIMMY.Resources.Group),
};
const seen = {};
const app = express();
app.use("/scim/v2", (request, answer, next) => {
  answer.on("finish", () => {
    const what = `${request.method} ${answer.statusCode}`;
    seen[what] = (seen[what] ?? 0) + 1;
  });
  next();
});
app.use("/scim/v2", new SCIMMYRouters({ type: "bearer", handler: admit }));
app.get("/truth/:kind", (request, answer) => answer.send([...truth[request.params.kind].values()]));
app.get("/seen", (request, answer) => answer.send(seen));
const listener = app.listen(0, "127.0.0.1", () => {
  console.log(`listening at http://127.0.0.1:${listener.address().port}`);
});
