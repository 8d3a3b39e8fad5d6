// What every command here has in common: arguments, one verdict line, the exit code.

import { parseArgs } from 'node:util';

/** The command could not judge: nothing is known about the output. */
export class CannotRun extends Error {}

/**
 * Runs `judge(folder, options)` and prints one JSON line for its verdict, then each fault.
 *
 * `judge` returns `{faults: string[], ...facts}`. Exit code 0: no fault; 1: faults; 2: it could
 * not run.
 *
 * @param {{name: string, usage: string, options: object}} command
 * @param {(folder: string, options: object) => Promise<{faults: string[]}>} judge
 */
export async function main({ name, usage, options }, judge) {
  let code = 2;
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (positionals.length !== 1) throw new CannotRun(`usage: ${usage}`);
    const { faults, ...facts } = await judge(positionals[0], values);
    console.log(JSON.stringify({ judge: name, pass: faults.length === 0, faults, ...facts }));
    for (const fault of faults) console.log(`  ${fault}`);
    code = faults.length === 0 ? 0 : 1;
  } catch (error) {
    const expected = error instanceof CannotRun || error.code?.startsWith('ERR_PARSE_ARGS');
    console.error(`${name}: could not run: ${expected ? error.message : error.stack}`);
  }
  process.exit(code);
}
