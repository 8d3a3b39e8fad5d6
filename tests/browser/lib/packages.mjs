// Where the packages of package.json are: the gate installs them outside the source tree and names
// the folder in MILLRACE_NODE_MODULES; after a plain `npm ci` they lie beside this project.

import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds the packages. */
export const PACKAGES =
  process.env.MILLRACE_NODE_MODULES ?? fileURLToPath(new URL('../node_modules', import.meta.url));

/** Loads a package by name. */
export const load = createRequire(path.join(PACKAGES, '_'));
