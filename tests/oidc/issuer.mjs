// An OpenID provider on loopback: `node issuer.mjs '{"minh": {"roles": ["operator"]}}'` prints its address.
// Those people have these claims. Anyone logs in by a name and any password, programs by their client id.
import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

const people = JSON.parse(process.argv[2] ?? "{}");
const SECRET = "of-tests-alone-0123456789abcdef0123456789";
const CLAIMS = ["preferred_username", "roles", "areas"];

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

async function key(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: "sig", kid: alg.toLowerCase() };
}

const provider = new Provider(issuer, {
  jwks: { keys: [await key("RS256"), await key("ES256")] },
  clients: [
    {
      client_id: "console",
      client_secret: SECRET,
      application_type: "native", // any port of loopback (RFC 8252, 7.3)
      redirect_uris: ["http://127.0.0.1/console/logged-in"],
      post_logout_redirect_uris: ["http://127.0.0.1/"],
    },
    ...["RS256", "ES256"].map((alg) => ({
      client_id: `program-${alg.toLowerCase()}`,
      client_secret: SECRET,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    })),
  ],
  cookies: { keys: [SECRET] },
  conformIdTokenClaims: false,
  claims: { openid: ["sub"], profile: CLAIMS },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  extraTokenClaims: (_, token) => people[token.accountId ?? token.clientId],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource, client) => ({
        scope: "",
        audience: new URL(resource).pathname.slice(1),
        accessTokenFormat: "jwt",
        accessTokenTTL: 600,
        jwt: { sign: { alg: client.clientId.endsWith("es256") ? "ES256" : "RS256" } },
      }),
    },
  },
});
// Its pages for development load a font from elsewhere, and have no icon, which browsers ask for.
provider.use(async (context, next) => {
  await next();
  if (context.path === "/favicon.ico") context.status = 204;
  if (typeof context.body === "string") context.body = context.body.replace(/@import url\([^)]*\);/g, "");
});
server.on("request", provider.callback());
console.log(`listening on ${issuer}`);
