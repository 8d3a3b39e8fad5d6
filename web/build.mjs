// Builds the page into dist/: index.html, and under static/ files whose names hold their hash, so that
// they may be cached for ever while index.html may not.

import { readFile, rm, writeFile } from 'node:fs/promises';

import { build } from 'esbuild';

const SOURCES = { script: 'src/main.ts', style: 'styles/main.css', icon: 'icon.svg' };

await rm('dist', { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: Object.values(SOURCES),
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  outdir: 'dist/static',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'],
  minify: true,
  sourcemap: true,
  legalComments: 'linked',
  loader: { '.svg': 'copy' },
  metafile: true,
  logLevel: 'warning',
});

let page = await readFile('index.html', 'utf8');
for (const [placeholder, source] of Object.entries(SOURCES)) {
  const [file] = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === source);
  page = page.replaceAll(`{${placeholder}}`, file.replace('dist', ''));
}
await writeFile('dist/index.html', page);
