// Speaks to the gateway that served the page, at the page's own address: over HTTP, for subscriptions over a websocket.
import { createGraphiQLFetcher } from '@graphiql/toolkit';

const ADDRESS = `${location.origin}${location.pathname}`;
const STREAMS = ADDRESS.replace(/^http/, 'ws');

export function fetcher(params, options) {
  const speaks = createGraphiQLFetcher({
    url: ADDRESS,
    subscriptionUrl: STREAMS,
    wsConnectionParams: credentials(options?.headers),
  });
  return speaks(params, options);
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

/** The data of an answer, asked with the headers given as JSON. Raises an error without it. */
export async function ask(document, headers) {
  const answer = await fetch(ADDRESS, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(headers.trim() ? JSON.parse(headers) : {}) },
    body: JSON.stringify({ query: document }),
  });
  const { data } = await answer.json();
  if (!data) throw new Error('The gateway gave no data.');
  return data;
}
