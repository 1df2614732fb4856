// node audit.mjs URL: ask graphql-http's audits of a server. Exits 1 unless all 61 of this version are answered well.
import { auditServer } from 'graphql-http';

const EXPECTED = 61;
const results = await auditServer({ url: process.argv[2] });
const well = results.filter(({ status }) => status === 'ok');

for (const { id, name, status, reason } of results) {
  if (status !== 'ok') console.error(`${status} ${id} ${name}: ${reason}`);
}
console.log(`${well.length} of ${results.length} audits of GraphQL over HTTP are ok`);
process.exitCode = well.length === EXPECTED && results.length === EXPECTED ? 0 : 1;
