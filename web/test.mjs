// Bundles the unit tests and runs them: the oldest Node that is supported reads no TypeScript.

import { spawnSync } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { build } from 'esbuild';

const FOLDER = 'build/unit';

await rm(FOLDER, { recursive: true, force: true });
const names = (await readdir('unit')).filter(name => name.endsWith('.test.ts'));
await build({
  entryPoints: names.map(name => path.join('unit', name)),
  outdir: FOLDER,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const files = names.map(name => path.join(FOLDER, name.replace(/\.ts$/, '.mjs')));
const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], { stdio: 'inherit' });
process.exitCode = run.status ?? 1;
