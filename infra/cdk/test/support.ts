/** A checkout with a placeholder for each function, and stacks made of it. */

import { App, Stack } from 'aws-cdk-lib';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { MillracePackages, MillraceSettings, MillraceStack } from '../lib';
import { FUNCTIONS } from '../lib/packages';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-cdk-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

/** An image as `heavyImage` takes it. */
export const IMAGE = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/millrace-heavy-encode:1.0.0';

/** The secret of somebody's own database. */
export const OWNER = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:owner-AbCdEf';

/** A CDN and an issuer that are there already. */
export const OWN_ORIGIN: MillraceSettings = {
  origin: 'https://films.example.com',
  signingKeyId: 'K1',
  oidcIssuer: 'https://login.example.com/films',
  oidcClientId: 'films',
};

/** Settings that between them turn on all there is. */
export const SETTINGS: Record<string, MillraceSettings> = {
  defaults: {},
  aurora: { databaseKind: 'aurora', alarmTopicArn: 'arn:aws:sns:eu-west-1:111122223333:a' },
  'external database': { databaseKind: 'external', databaseHost: 'db.example.com', databaseOwnerSecretArn: OWNER },
  cpu: { heavyEncoder: 'cpu', heavyImage: IMAGE },
  gpu: { heavyEncoder: 'gpu', heavyImage: IMAGE },
  'own origin': OWN_ORIGIN,
  'renewed key': { signingKeyGeneration: 2 },
  'plain HTTP': { requireTls: false },
};

/** Packages with nothing in them. */
export function placeholders(): MillracePackages {
  const functions = path.join(folder, 'lambda');
  for (const name of FUNCTIONS) {
    fs.mkdirSync(path.join(functions, name), { recursive: true });
    fs.writeFileSync(path.join(functions, name, 'bootstrap'), name);
  }
  const layer = path.join(folder, 'layer');
  fs.mkdirSync(layer, { recursive: true });
  const stateMachine = path.join(folder, 'transcode.asl.json');
  fs.writeFileSync(stateMachine, '{}');
  return { functions, layer, databaseCa: layer, stateMachine };
}

/** An app that writes nothing outside of the temporary folder. */
export function app(context: Record<string, unknown> = {}): App {
  const outdir = fs.mkdtempSync(path.join(folder, 'out-'));
  return new App({ outdir, analyticsReporting: false, context });
}

/** Millrace alone in a stack. */
export function stack(settings: MillraceSettings = {}): Stack {
  return new MillraceStack(app(), 'millrace', { ...settings, packages: placeholders() });
}
