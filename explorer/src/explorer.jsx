import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { FIRST } from './examples.js';
import { EXAMPLES } from './examples.jsx';
import { fetcher } from './fetcher.js';
import { storage } from './storage.js';

const PLUGINS = [EXAMPLES, HISTORY_PLUGIN];

export function Explorer() {
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={storage}
      plugins={PLUGINS}
      visiblePlugin={EXAMPLES}
      defaultQuery={FIRST.text}
      defaultEditorToolsVisibility="variables"
      shouldPersistHeaders={false}
    >
      <GraphiQL.Logo>
        <a href="." title="The board">OTA Gateway</a>
      </GraphiQL.Logo>
    </GraphiQL>
  );
}
