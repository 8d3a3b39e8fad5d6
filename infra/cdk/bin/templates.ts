/**
 * Writes what infra/compare compares with the SAM template: for each of its configurations the
 * template with the list of its files, and the limits of the settings.
 *
 *     node build/bin/templates.js CHECKOUT OUT
 *
 * The functions need not be built: each gets a folder with a placeholder.
 */

import { App } from 'aws-cdk-lib';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { MillraceStack, fromContext, packagesOf } from '../lib';
import { FUNCTIONS } from '../lib/packages';
import { LIMITS } from '../lib/settings';

interface Configuration {
  readonly name: string;
  /** Parameters of the SAM template. */
  readonly parameters: Record<string, string>;
}

function main(checkout: string, out: string): void {
  fs.rmSync(out, { recursive: true, force: true });
  const functions = placeholders(path.join(out, 'lambda'));
  const packages = { ...packagesOf(checkout), functions };
  const table = path.join(checkout, 'infra/compare/configurations.json');
  for (const { name, parameters } of readTable(table)) {
    const app = new App({
      outdir: path.join(out, name),
      analyticsReporting: false,
      context: {
        // The comparison takes a resource's name from its path, a package's from its folder.
        'aws:cdk:enable-path-metadata': true,
        'aws:cdk:disable-asset-staging': true,
      },
    });
    const settings = fromContext((setting) => parameters[parameterOf(setting)]);
    new MillraceStack(app, 'millrace', { ...settings, packages });
    app.synth();
  }
  fs.writeFileSync(path.join(out, 'limits.json'), JSON.stringify(LIMITS, undefined, 2));
}

function readTable(file: string): Configuration[] {
  return JSON.parse(fs.readFileSync(file, 'utf8')) as Configuration[];
}

function placeholders(folder: string): string {
  for (const name of FUNCTIONS) {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
    // A content of its own: files are told apart by it.
    fs.writeFileSync(path.join(folder, name, 'bootstrap'), name);
  }
  return folder;
}

/** The name of a setting as the SAM template has it. */
function parameterOf(setting: string): string {
  return setting.charAt(0).toUpperCase() + setting.slice(1);
}

const [checkout, out] = process.argv.slice(2);
if (checkout === undefined || out === undefined) {
  throw new Error('call it as: node build/bin/templates.js CHECKOUT OUT');
}
main(checkout, out);
