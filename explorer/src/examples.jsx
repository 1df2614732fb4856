// The panel of examples: each opens in a tab of its own, with real ids where the gateway has some.
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useState } from 'react';
import { GROUPS } from './examples.js';
import { ask } from './fetcher.js';
import { variablesFor } from './variables.js';

function Icon(props) {
  return (
    <svg viewBox="0 0 20 20" width="1em" height="1em" fill="none" stroke="currentColor" strokeWidth="1.5" {...props}>
      <path d="M4 2.75h8.5L16 6.25v11H4zM7 9h6M7 12h6M7 15h4" />
    </svg>
  );
}

function Content() {
  const { addTab } = useGraphiQLActions();
  const editors = useGraphiQL(({ queryEditor, variableEditor, headerEditor }) => ({
    queryEditor,
    variableEditor,
    headerEditor,
  }));
  const [opened, setOpened] = useState('');

  async function open({ title, text }) {
    const headers = editors.headerEditor?.getValue() ?? '';
    setOpened(`${title} is being opened.`);
    const variables = await variablesFor(text, (document) => ask(document, headers));
    addTab();
    editors.queryEditor?.setValue(text);
    editors.variableEditor?.setValue(variables);
    editors.headerEditor?.setValue(headers);
    setOpened(`${title}: opened in a new tab.`);
  }

  return (
    <section className="examples" aria-label="Examples">
      <h1>Examples</h1>
      {GROUPS.map((group) => (
        <section key={group.title} aria-label={group.title}>
          <h2>{group.title}</h2>
          <ul>
            {group.examples.map((example) => (
              <li key={example.title}>
                <button type="button" disabled={!editors.queryEditor} onClick={() => void open(example)}>
                  <strong>{example.title}</strong>
                  <span>{example.note}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
      <p role="status" className="opened">{opened}</p>
    </section>
  );
}

export const EXAMPLES = { title: 'Examples', icon: Icon, content: Content };
