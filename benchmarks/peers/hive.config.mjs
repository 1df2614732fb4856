// One supergraph of four OpenAPI sources. UPSTREAMS: their base URLs. Run by mesh-compose before Hive Gateway starts.
import { createPrefixTransform, defineConfig } from '@graphql-mesh/compose-cli'
import { loadOpenAPISubgraph } from '@omnigraph/openapi'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('hive_openapi.json', import.meta.url))

export const composeConfig = defineConfig({
  subgraphs: process.env.UPSTREAMS.split(',').map((endpoint, at) => ({
    sourceHandler: loadOpenAPISubgraph(`fleet${at + 1}`, { source, endpoint }),
    transforms: [createPrefixTransform({ value: `fleet${at + 1}_`, includeRootOperations: true, includeTypes: true })],
  })),
})
