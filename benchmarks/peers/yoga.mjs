import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { resolvers, typeDefs } from './schema.mjs'

// Parsed and validated documents are cached by default.
const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  logging: false,
  graphiql: false,
  landingPage: false,
  maskedErrors: false,
  multipart: false,
  cors: false,
})
createServer(yoga).listen(Number(process.env.PORT), '127.0.0.1')
