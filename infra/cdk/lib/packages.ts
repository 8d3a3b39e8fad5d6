import * as fs from 'node:fs';
import * as path from 'node:path';

/** The functions, by the names of their packages. */
export const FUNCTIONS = [
  'trigger',
  'segment',
  'encode-video',
  'encode-audio',
  'thumbnail',
  'assemble-manifest',
  'caption',
  'update-metadata',
  'migrate',
  'signing-key',
  'upload-api',
  'play-api',
  'announce',
  'deliver-webhook',
];

/** Where the files are that get deployed. */
export interface MillracePackages {
  /** A folder with one folder per function, `trigger` for example, with `bootstrap` in it. */
  readonly functions: string;
  /** The folder of the ffmpeg layer: what is in it is at `/opt`. */
  readonly layer: string;
  /** The folder of the layer with RDS's authorities. */
  readonly databaseCa: string;
  /** The definition of the state machine. */
  readonly stateMachine: string;
}

/**
 * Where a checkout has them, once `cargo xtask package` and `layers/rds-ca/build.py` have run.
 *
 * @throws when `root` is no checkout
 */
export function packagesOf(root: string): MillracePackages {
  const stateMachine = path.join(root, 'statemachine/transcode.asl.json');
  if (!fs.existsSync(stateMachine)) {
    throw new Error(`${root} is no checkout of Millrace: it has no statemachine/transcode.asl.json`);
  }
  return {
    functions: path.join(root, 'target/lambda'),
    layer: path.join(root, 'layers/ffmpeg'),
    databaseCa: path.join(root, 'layers/rds-ca'),
    stateMachine,
  };
}
