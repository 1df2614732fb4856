// Starts the registry of devices, composes it with the gateway, and serves both as one graph.
// `node start.mjs [hive|apollo] [SUBGRAPHS.json]`; PORT is 4000 unless set. It ends with the first part that ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

const [router = 'hive', subgraphs = 'subgraphs.json'] = process.argv.slice(2);
const hive = 'node_modules/@graphql-hive/gateway/dist/bin.js';
const commands = { hive: [hive, 'supergraph'], apollo: ['apollo.mjs'] };
if (!commands[router]) {
  console.error(`There is no router ${router} here: hive or apollo`);
  process.exit(1);
}

const parts = [];
function stop() {
  for (const part of parts) part.kill();
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

function started(command, more = {}) {
  const part = spawn(process.execPath, command, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...more } });
  parts.push(part);
  part.on('exit', (code) => {
    stop();
    process.exitCode ||= code ?? 1;
  });
}

async function answers(url) {
  for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((soon) => setTimeout(soon, 100))) {
    if (await fetch(`${url}?query=%7B__typename%7D`, { headers: { 'apollo-require-preflight': '1' } }).catch(() => null)) return;
  }
}

const { devices } = JSON.parse(readFileSync(subgraphs, 'utf8'));
started(['devices.mjs'], { PORT: new URL(devices).port });
await answers(devices);
const composing = spawn(process.execPath, ['compose.mjs', subgraphs], { stdio: 'inherit' });
const [code] = await once(composing, 'exit');
if (code) {
  process.exitCode = code;
  stop();
} else {
  started(commands[router]);
}
