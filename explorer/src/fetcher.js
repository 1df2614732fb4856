// Speaks to the gateway that served the page, at the page's own address: over HTTP, for subscriptions over a websocket.
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { parse } from 'graphql';
import { createClient } from 'graphql-ws';

const ADDRESS = `${location.origin}${location.pathname}`;
const STREAMS = ADDRESS.replace(/^http/, 'ws');

export function fetcher(params, options) {
  const speaks = createGraphiQLFetcher({
    url: ADDRESS,
    // Not tried again: who is refused, or loses a stream, is to see it at once.
    wsClient: createClient({ url: STREAMS, connectionParams: credentials(options?.headers), retryAttempts: 0 }),
  });
  return speaks(...asItStands(params, options));
}

// GraphiQL reads the editor again a moment after each change. Who executes before that would ask for the operation that
// stood there earlier, or for a subscription as if it were a query.
function asItStands(params, options) {
  let documentAST;
  try {
    documentAST = parse(params.query);
  } catch {
    return [params, options]; // the gateway says what is wrong with it
  }
  const operations = documentAST.definitions.filter(({ kind }) => kind === 'OperationDefinition');
  const names = operations.map(({ name }) => name?.value);
  const operationName = operations.length === 1 ? names[0] : params.operationName;
  return [{ ...params, operationName }, { ...options, documentAST }];
}

// A page cannot give a websocket headers: the gateway takes what tells who calls from the first message, by these names.
function credentials(headers = {}) {
  const shown = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === 'authorization') shown.authorization = value;
    if (name.toLowerCase() === 'x-api-key') shown.apiKey = value;
  }
  return shown;
}

/** The data of an answer as new as the vendors have it, asked with the headers given as JSON. Raises an error without. */
export async function ask(document, headers) {
  const answer = await fetch(ADDRESS, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'cache-control': 'no-cache', ...(headers.trim() ? JSON.parse(headers) : {}) },
    body: JSON.stringify({ query: document }),
  });
  const { data } = await answer.json();
  if (!data) throw new Error('The gateway gave no data.');
  return data;
}
