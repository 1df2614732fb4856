// Serves the supergraph by @apollo/gateway. It carries queries and mutations; subscriptions need another router.
// `node apollo.mjs [SUPERGRAPH.graphql]`; PORT is 4000 unless set.
import { readFileSync } from 'node:fs';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

// What the subgraphs are told of the caller, and of the trace that the request belongs to.
const FORWARDED = ['authorization', 'traceparent', 'tracestate'];

class Forwarding extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    for (const name of FORWARDED) {
      if (context.headers?.[name]) request.http.headers.set(name, context.headers[name]);
    }
  }
}

const gateway = new ApolloGateway({
  supergraphSdl: readFileSync(process.argv[2] ?? 'supergraph.graphql', 'utf8'),
  buildService: ({ url }) => new Forwarding({ url }),
});
const { url } = await startStandaloneServer(new ApolloServer({ gateway }), {
  listen: { host: '127.0.0.1', port: Number(process.env.PORT ?? 4000) },
  context: async ({ req }) => ({ headers: req.headers }),
});
console.log(`The supergraph is served at ${url}`);
