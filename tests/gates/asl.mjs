#!/usr/bin/env node
// Is a state machine valid? Asked of asl-validator, which also finds a `Next` that leads nowhere;
// neither the emulator nor cfn-lint does.
//
//   node asl.mjs FILE.asl.json…
//
// Each file is judged a second time with a state that nothing leads to: a validator that takes that
// one too has judged nothing. Exit code 0: valid; 1: not.

import { readFileSync } from 'node:fs';

import { load } from '../browser/lib/packages.mjs';

const validate = load('asl-validator');

const files = process.argv.slice(2);
const faults = files.length === 0 ? ['no file given'] : [];
for (const file of files) {
  const definition = JSON.parse(readFileSync(file, 'utf8'));
  const { isValid, errorsText } = validate(definition);
  if (!isValid) faults.push(`${file}: ${errorsText()}`);

  const broken = structuredClone(definition);
  broken.States.Unreachable = { Type: 'Pass', Next: 'Nowhere' };
  if (validate(broken).isValid) faults.push(`${file}: a dangling Next is not noticed`);
}
for (const fault of faults) console.log(fault);
if (faults.length === 0) console.log(`${files.length} state machine(s) valid`);
process.exit(faults.length === 0 ? 0 : 1);
