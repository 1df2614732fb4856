// What the explorer offers to ask: the operations of operations/*.graphql, which are parted by empty lines. Each begins
// with a comment: its title, then what else there is to know.
import mutations from '../operations/mutations.graphql?raw';
import queries from '../operations/queries.graphql?raw';
import subscriptions from '../operations/subscriptions.graphql?raw';

const HEAD = /^# (.+)\n((?:# .+\n)*)/;

function examplesOf(file) {
  return file
    .trim()
    .split(/\n{2,}/)
    .map((text) => {
      const [, title, notes] = HEAD.exec(text);
      return { title, note: notes.replaceAll(/^# /gm, '').trim(), text: `${text}\n` };
    });
}

export const GROUPS = [
  { title: 'Read', examples: examplesOf(queries) },
  { title: 'Change, dry run first', examples: examplesOf(mutations) },
  { title: 'Watch', examples: examplesOf(subscriptions) },
];

export const FIRST = GROUPS[0].examples[0];
