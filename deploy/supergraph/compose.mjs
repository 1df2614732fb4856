// Composes the supergraph from what the subgraphs say of themselves.
// `node compose.mjs [SUBGRAPHS.json] [SUPERGRAPH.graphql]`. A gateway with authentication answers `_service` only to
// who may explore: AUTHORIZATION holds what to send it, such as "Bearer otag_…".
import { readFileSync, writeFileSync } from 'node:fs';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

const [subgraphs = 'subgraphs.json', supergraph = 'supergraph.graphql'] = process.argv.slice(2);
const headers = { 'content-type': 'application/json', accept: 'application/json' };
if (process.env.AUTHORIZATION) headers.authorization = process.env.AUTHORIZATION;

function fail(why) {
  console.error(why);
  process.exit(1);
}

async function asked([name, url]) {
  const body = '{"query":"{ _service { sdl } }"}';
  const response = await fetch(url, { method: 'POST', headers, body }).catch(({ cause }) => fail(`${name}: ${cause}`));
  const { data, errors } = await response.json();
  if (!data?._service) fail(`${name} at ${url} does not tell its schema: ${JSON.stringify(errors)}`);
  return { name, url, typeDefs: parse(data._service.sdl) };
}

const services = await Promise.all(Object.entries(JSON.parse(readFileSync(subgraphs, 'utf8'))).map(asked));
const composed = composeServices(services);
if (composed.errors?.length) fail(composed.errors.map(({ message }) => message).join('\n'));
writeFileSync(supergraph, composed.supergraphSdl);
console.log(`${supergraph}: ${services.map(({ name }) => name).join(' and ')}, ${composed.hints.length} hints`);
