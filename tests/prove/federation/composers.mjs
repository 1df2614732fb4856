// `node composers.mjs SDL...`: composes these subgraphs by each composer, and exits 1 unless all of them can.
// Prints one line of JSON: for each composer its errors, and the names of the types of what it has composed.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { composeServices as apollo } from '@apollo/composition';
import { composeServices as guild } from '@theguild/federation-composition';
import { federateSubgraphs, ROUTER_COMPATIBILITY_VERSION_ONE } from '@wundergraph/composition';
import { parse } from 'graphql';

const subgraphs = process.argv.slice(2).map((file) => ({
  name: basename(file, '.graphql'), url: 'http://127.0.0.1/graphql', typeDefs: parse(readFileSync(file, 'utf8')),
}));

const told = (errors) => (errors ?? []).map(({ message }) => message);
const types = (document) =>
  document.definitions.flatMap(({ kind, name }) => (kind.endsWith('TypeDefinition') && !name.value.includes('__') ? [name.value] : [])).sort();

function bySupergraph({ supergraphSdl, errors }) {
  return { errors: told(errors), types: supergraphSdl ? types(parse(supergraphSdl)) : [] };
}

function byCosmo() {
  const result = federateSubgraphs({
    subgraphs: subgraphs.map(({ name, url, typeDefs }) => ({ name, url, definitions: typeDefs })),
    version: ROUTER_COMPATIBILITY_VERSION_ONE,
  });
  return { errors: told(result.errors), types: result.success ? types(result.federatedGraphAST) : [] };
}

const found = {
  '@apollo/composition': bySupergraph(apollo(subgraphs)),
  '@theguild/federation-composition': bySupergraph(guild(subgraphs)),
  '@wundergraph/composition': byCosmo(),
};
console.log(JSON.stringify(found));
process.exitCode = Object.values(found).some(({ errors }) => errors.length > 0) ? 1 : 0;
