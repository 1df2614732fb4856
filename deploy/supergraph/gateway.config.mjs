// Serves the supergraph by Hive Gateway: queries, mutations and subscriptions.
// SUBSCRIPTIONS says how the OTA gateway is asked for them: `sse` (unless set) or `ws`.
import { defineConfig } from '@graphql-hive/gateway';

// What the subgraphs are told of the caller, and of the trace that the request belongs to.
const FORWARDED = ['authorization', 'traceparent', 'tracestate'];

const byWebSocket = {
  ota: { options: { subscriptions: { kind: 'ws', options: { connectionParams: { Authorization: '{context.headers.authorization}' } } } } },
};

export const gatewayConfig = defineConfig({
  supergraph: process.env.SUPERGRAPH ?? 'supergraph.graphql',
  host: '127.0.0.1',
  port: Number(process.env.PORT ?? 4000),
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) =>
      Object.fromEntries(FORWARDED.flatMap((name) => (request.headers.has(name) ? [[name, request.headers.get(name)]] : []))),
  },
  transportEntries: process.env.SUBSCRIPTIONS === 'ws' ? byWebSocket : {},
});
