// As gateway.config.mjs, and the router judges tokens and scopes by itself, as the gateway's schema tells it: for a
// gateway with `auth.mode: jwt` and `roles_claim: scope`. JWKS_URL, ISSUER and AUDIENCE are the gateway's own.
import { createRemoteJwksSigningKeyProvider, defineConfig } from '@graphql-hive/gateway';
import { gatewayConfig as forwarding } from './gateway.config.mjs';

const { JWKS_URL, ISSUER, AUDIENCE } = process.env;

export const gatewayConfig = defineConfig({
  ...forwarding,
  jwt: {
    signingKeyProviders: [createRemoteJwksSigningKeyProvider({ jwksUri: JWKS_URL })],
    tokenVerification: { issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256', 'ES256'] },
    reject: { missingToken: false, invalidToken: true },
  },
  genericAuth: {
    mode: 'protect-granular',
    rejectUnauthenticated: false,
    resolveUserFn: ({ jwt }) => jwt?.payload ?? null,
  },
});
