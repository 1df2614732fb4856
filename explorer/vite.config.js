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

// GraphiQL's stylesheet holds two fonts, larger than its script.
const withoutFonts = {
  name: 'without-fonts',
  enforce: 'pre',
  transform(code, id) {
    return id.endsWith('graphiql/dist/style.css') ? code.replaceAll(/@font-face\s*\{[^}]*\}/g, '') : null;
  },
};

export default defineConfig({
  plugins: [withoutFonts, compressed],
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
