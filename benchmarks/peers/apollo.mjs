import { ApolloServer } from '@apollo/server'
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled'
import { startStandaloneServer } from '@apollo/server/standalone'
import { resolvers, typeDefs } from './schema.mjs'

const server = new ApolloServer({
  typeDefs,
  resolvers,
  csrfPrevention: false,
  introspection: false,
  includeStacktraceInErrorResponses: false,
  persistedQueries: false,
  documentStore: undefined,
  plugins: [ApolloServerPluginCacheControlDisabled()],
})
await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: Number(process.env.PORT) } })
