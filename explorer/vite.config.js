// Built for one place: the page at /graphql, its files under /assets/explorer/, whatever stands before both.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig } from 'vite';

const BUNDLE = '../gateway/web/explorer/bundle';
const COMPRESSED = /\.(css|html|js|svg|txt)$/;
// As gateway/web/static_files.py knows them: by such a name a browser keeps a file for good.
const named = (extension) => `[name].[hash]${extension}`;

// Compressing three megabytes of script is not for a server that has requests to answer.
const compressed = {
  name: 'compressed',
  apply: 'build',
  closeBundle() {
    for (const name of readdirSync(BUNDLE)) {
      const file = join(BUNDLE, name);
      if (COMPRESSED.test(name)) writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
    }
  },
};

// What GraphiQL is built otherwise than it comes: a file, and what is replaced in it. A build where one of these finds
// nothing to replace fails, so that a newer GraphiQL is looked at.
const TABS = '@graphiql/react/dist/components/tabs/index.js';
const THEMES = '@graphiql/react/dist/constants.js';
const REPLACED = [
  // Two fonts, larger than all scripts of the page; page.css names fonts of the machine instead.
  ['graphiql/dist/style.css', /@font-face\s*\{[^}]*\}/g, ''],
  // Tabs that hold buttons are no tabs to a screen reader: a list, of which one is the current.
  [TABS, 'role: "tablist",', ''],
  [TABS, 'role: "tab",', ''],
  [TABS, '"aria-selected": isActive', '"aria-current": isActive'],
  ['graphiql/dist/GraphiQL.js', 'role: "tabpanel"', 'role: "region"'],
  // Line numbers and comments in the dark have a contrast below 4.5.
  [THEMES, 'colors: getBaseColors("dark")', 'colors: { ...getBaseColors("dark"), "editorLineNumber.foreground": "#a3acbd" }'],
  [THEMES, 'foreground: "#908aff"\n\t\t}', 'foreground: "#a09bff" }, { token: "comment", foreground: "#8ebf77" }'],
];

function replaced() {
  const left = new Set(REPLACED);
  return {
    name: 'replaced',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      let made = code;
      for (const one of REPLACED) {
        const [file, what, by] = one;
        const before = made;
        if (id.endsWith(file)) made = made.replaceAll(what, by);
        if (made !== before) left.delete(one);
      }
      return made === code ? null : made;
    },
    buildEnd(problem) {
      if (!problem && left.size > 0) this.error(`Nothing to replace in ${[...left].map(([file]) => file).join(', ')}`);
    },
  };
}

export default defineConfig({
  plugins: [replaced(), compressed],
  // The page and its files do not lie in one folder, so that addresses in the page begin at assets/.
  experimental: {
    renderBuiltUrl: (name, { hostType }) => (hostType === 'html' ? `assets/explorer/${name}` : { relative: true }),
  },
  build: {
    outDir: BUNDLE,
    emptyOutDir: true,
    assetsDir: '',
    license: { fileName: 'licenses.txt' },
    target: 'es2022',
    // Monaco alone is larger than what vite warns of.
    chunkSizeWarningLimit: 4096,
    rolldownOptions: {
      // React's directives to servers, which a browser does not need.
      onwarn: (warning, warn) => warning.code === 'MODULE_LEVEL_DIRECTIVE' || warn(warning),
      output: {
        hashCharacters: 'hex',
        entryFileNames: named('.js'),
        chunkFileNames: named('.js'),
        assetFileNames: named('[extname]'),
      },
    },
  },
  worker: {
    format: 'es',
    rolldownOptions: { output: { hashCharacters: 'hex', entryFileNames: named('.js'), chunkFileNames: named('.js') } },
  },
});
