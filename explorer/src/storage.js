// Where the explorer keeps tabs, history and theme: this browser, without the headers, since they hold credentials.
// GraphiQL leaves them out of its tabs by itself, and not out of its history.
const OURS = 'graphiql:';
const KEPT_NOWHERE = `${OURS}headers`;

function withoutHeaders(value) {
  try {
    return JSON.stringify(JSON.parse(value, (name, member) => (name === 'headers' ? undefined : member)));
  } catch {
    return value; // no JSON: a single setting, or the text of an editor
  }
}

const ourKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(OURS));

export const storage = {
  getItem: (key) => localStorage.getItem(key),
  removeItem: (key) => localStorage.removeItem(key),
  setItem(key, value) {
    if (key === KEPT_NOWHERE) return;
    // A query and its variables are what was typed, not what GraphiQL made of it.
    const typed = key === `${OURS}query` || key === `${OURS}variables`;
    localStorage.setItem(key, typed ? value : withoutHeaders(value));
  },
  clear() {
    for (const key of ourKeys()) localStorage.removeItem(key);
  },
  get length() {
    return ourKeys().length;
  },
};
