/**
 * What can be set, and to what. The names are those of the SAM template's parameters with a small
 * first letter, the defaults and limits are the same ones; `infra/compare` holds them equal.
 */

import { SecretValue, Token } from 'aws-cdk-lib';

/** What can be set. Each has a default. */
export interface MillraceSettings {
  /** The processor of all functions. The packages have to match. */
  readonly architecture?: 'arm64' | 'x86_64';
  /** What the functions log at least. */
  readonly logLevel?: 'error' | 'warn' | 'info' | 'debug' | 'trace';
  /** How long logs are kept. */
  readonly logRetentionDays?: number;
  /**
   * How long a job's intermediate objects are kept if the job did not remove them. Longer than
   * anybody may wait before retrying a failed job: its next attempt reuses them.
   */
  readonly workRetentionDays?: number;
  /** How long what was deleted or overwritten in the media bucket can be brought back. */
  readonly mediaUndeleteDays?: number;
  /**
   * How far back the sweep looks for uploads without a job. Each of them is looked up four times an
   * hour.
   */
  readonly sweepDays?: number;
  /**
   * Memory of an encoder. Processors come with it, one per 1,769 MB. New AWS accounts are limited
   * to 3,008 MB until they ask for more.
   */
  readonly encoderMemoryMb?: number;
  /**
   * The longest invocation of an encoder, in seconds. The planner sends what is likely to need more
   * than half of it to Batch, if there is Batch.
   */
  readonly encoderSeconds?: number;
  /**
   * The longest invocation of segment, in seconds. A source that takes longer is segmented by Batch,
   * if there is Batch.
   */
  readonly segmentSeconds?: number;
  /** Where the functions find ffmpeg. The default is in the layer. */
  readonly ffmpegPath?: string;
  /** Where the functions find ffprobe. The default is in the layer. */
  readonly ffprobePath?: string;
  /**
   * What encodes the chunks that Lambda cannot carry. gpu: Batch on instances with NVENC. cpu:
   * Batch on Fargate. none: nothing does, all chunks go to Lambda.
   */
  readonly heavyEncoder?: 'none' | 'cpu' | 'gpu';
  /**
   * The container image of heavy-encode (infra/batch/Dockerfile), for x86-64, in this account's ECR.
   * Private subnets reach no other registry.
   */
  readonly heavyImage?: string;
  /** The most processors that each of the Batch environments grows to. */
  readonly heavyMaxVcpus?: number;
  /** The longest that the encode of one chunk may take on Batch, in seconds. */
  readonly heavySeconds?: number;
  /**
   * How long a Batch job may be silent before it is tried again, in seconds. It counts from the
   * submission, so it has to outlast the start of a machine.
   */
  readonly heavyHeartbeatSeconds?: number;
  /** Where `heavyImage` has ffmpeg. */
  readonly heavyFfmpegPath?: string;
  /** Where `heavyImage` has ffprobe. */
  readonly heavyFfprobePath?: string;
  /**
   * Instances for `heavyEncoder: 'gpu'`, x86-64 with NVIDIA GPUs, 4 processors and 16 GiB at least.
   * Those of the family g6 encode H.264, HEVC and AV1.
   */
  readonly gpuInstanceTypes?: string[];
  /**
   * The PostgreSQL server for owners, assets and renditions. instance: one RDS instance. aurora:
   * Aurora Serverless v2. external: the one at `databaseHost`.
   */
  readonly databaseKind?: 'instance' | 'aurora' | 'external';
  /** Host name of a server that is there already. Given one, none is created. */
  readonly databaseHost?: string;
  readonly databasePort?: number;
  readonly databaseName?: string;
  readonly databaseUser?: string;
  /**
   * How update-metadata proves who it is. iam: with a token signed by its role. password: with
   * `databasePassword`, for servers outside AWS only.
   */
  readonly databaseAuth?: 'iam' | 'password';
  /** Only for `databaseAuth: 'password'`. */
  readonly databasePassword?: SecretValue;
  /**
   * For `databaseHost`: a secret of Secrets Manager, JSON with username and password, of a user who
   * may change the schema and make users. Only the migrate function reads it. What the stack creates
   * has a master with a secret of its own.
   */
  readonly databaseOwnerSecretArn?: string;
  /**
   * Where the functions find the authorities that signed the database's certificate. The default is
   * in the layer. Empty for a server outside of RDS with a certificate of the web's own.
   */
  readonly databaseCaPath?: string;
  /** The size of the server, for `databaseKind: 'instance'`. */
  readonly databaseInstanceClass?: string;
  /** The most capacity units that the server grows to, for `databaseKind: 'aurora'`. */
  readonly databaseMaxCapacity?: number;
  /**
   * A VPC of yours for database and Batch. Its subnets have to reach S3 and DynamoDB, for the database
   * Secrets Manager, and for Batch ECR, ECS, CloudWatch Logs and Step Functions. Without one, a VPC is
   * created that does.
   */
  readonly vpcId?: string;
  /** Private subnets of `vpcId`, in two zones at least. */
  readonly subnetIds?: string[];
  /**
   * Where page, API and media are reached: https://, no slash at the end, a CDN of yours that checks
   * signed access with the output SigningPublicKey. Without one, a distribution of CloudFront is
   * created.
   */
  readonly origin?: string;
  /** For `origin`, the name by which your CDN knows the signing key. */
  readonly signingKeyId?: string;
  /**
   * Which key signs viewers' access. One more than before makes a new key; docs/operations.md says
   * when.
   */
  readonly signingKeyGeneration?: number;
  /**
   * Whether what the key before signed still plays. False takes that key away, once all of it has
   * expired.
   */
  readonly trustPreviousSigningKey?: boolean;
  /**
   * Who signs people in: an OpenID Connect issuer of yours, https://, as its tokens name it. Without
   * one, a user pool of Cognito is created.
   */
  readonly oidcIssuer?: string;
  /** For `oidcIssuer`, the client that page and command line are; public, with PKCE. */
  readonly oidcClientId?: string;
  /**
   * Where the issuer's discovery document is, if not at
   * {issuer}/.well-known/openid-configuration.
   */
  readonly oidcDiscovery?: string;
  /** The largest file that may be uploaded, in bytes. The default is the most that S3 keeps. */
  readonly maxUploadBytes?: number;
  /** How many calls of the API per second are answered, of all people together. */
  readonly apiRateLimit?: number;
  /** How many calls may come at once before `apiRateLimit` counts. */
  readonly apiBurstLimit?: number;
  /**
   * Webhooks may be at private addresses, and without TLS. Only an emulator, or a stack whose owners
   * may reach all that its functions reach, needs true.
   */
  readonly privateWebhooks?: boolean;
  /** An SNS topic that hears of alarms. Without one they only show in CloudWatch. */
  readonly alarmTopicArn?: string;
  /** Buckets and queues refuse plain HTTP. Only an emulator needs false. */
  readonly requireTls?: boolean;
}

/** All settings, with the defaults where nothing else was said. */
export type Settings = Required<MillraceSettings>;

type Value = string | number | boolean | string[];

/** What one setting may be. */
export interface Limits {
  readonly default: Value;
  readonly allowed?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

/** The settings that are plain values; a password is never one. */
type PlainName = Exclude<keyof MillraceSettings, 'databasePassword'>;

/** The limits of all settings, in the order of the SAM template. */
export const LIMITS: Readonly<Record<PlainName, Limits>> = {
  architecture: { default: 'arm64', allowed: ['arm64', 'x86_64'] },
  logLevel: { default: 'info', allowed: ['error', 'warn', 'info', 'debug', 'trace'] },
  logRetentionDays: {
    default: 30,
    allowed: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731],
  },
  workRetentionDays: { default: 7, minimum: 2 },
  mediaUndeleteDays: { default: 30, minimum: 1 },
  sweepDays: { default: 14, minimum: 1, maximum: 3650 },
  encoderMemoryMb: { default: 5307, minimum: 3008, maximum: 10240 },
  encoderSeconds: { default: 900, minimum: 1, maximum: 900 },
  segmentSeconds: { default: 900, minimum: 1, maximum: 900 },
  ffmpegPath: { default: '/opt/bin/ffmpeg' },
  ffprobePath: { default: '/opt/bin/ffprobe' },
  heavyEncoder: { default: 'none', allowed: ['none', 'cpu', 'gpu'] },
  heavyImage: {
    default: '',
    pattern:
      '^([0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[a-z0-9._-]+[:@][A-Za-z0-9:._-]+)?$',
  },
  heavyMaxVcpus: { default: 256, minimum: 16 },
  heavySeconds: { default: 7200, minimum: 60, maximum: 86400 },
  heavyHeartbeatSeconds: { default: 600, minimum: 5, maximum: 86400 },
  heavyFfmpegPath: { default: '/opt/bin/ffmpeg' },
  heavyFfprobePath: { default: '/opt/bin/ffprobe' },
  gpuInstanceTypes: { default: ['g6.xlarge', 'g6.2xlarge'] },
  databaseKind: { default: 'instance', allowed: ['instance', 'aurora', 'external'] },
  databaseHost: { default: '' },
  databasePort: { default: 5432, minimum: 1, maximum: 65535 },
  databaseName: { default: 'millrace' },
  databaseUser: { default: 'millrace' },
  databaseAuth: { default: 'iam', allowed: ['iam', 'password'] },
  databaseOwnerSecretArn: { default: '', pattern: '^(arn:[a-z-]+:secretsmanager:.+)?$' },
  databaseCaPath: { default: '/opt/rds-ca.pem', pattern: '^(/.+)?$' },
  databaseInstanceClass: { default: 'db.t4g.small' },
  databaseMaxCapacity: { default: 4, minimum: 1, maximum: 256 },
  vpcId: { default: '', pattern: '^(vpc-[0-9a-z]+)?$' },
  subnetIds: { default: [] },
  origin: {
    default: '',
    pattern: '^(https://[A-Za-z0-9.-]+(:[0-9]+)?|http://127\\.0\\.0\\.1:[0-9]+)?$',
  },
  signingKeyId: { default: '', pattern: '^[A-Za-z0-9_-]*$' },
  signingKeyGeneration: { default: 1, minimum: 1, maximum: 21 },
  trustPreviousSigningKey: { default: true },
  oidcIssuer: { default: '', pattern: '^(https://[^/?#\\s]+(/[^?#\\s]*[^/?#\\s])?)?$' },
  oidcClientId: { default: '' },
  oidcDiscovery: { default: '', pattern: '^(https?://[^?#\\s]+)?$' },
  maxUploadBytes: { default: 5497558138880, minimum: 1, maximum: 5497558138880 },
  apiRateLimit: { default: 100, minimum: 1 },
  apiBurstLimit: { default: 200, minimum: 1 },
  privateWebhooks: { default: false },
  alarmTopicArn: { default: '', pattern: '^(arn:[a-z-]+:sns:.+)?$' },
  requireTls: { default: true },
};

const NAMES = Object.keys(LIMITS) as PlainName[];

/**
 * Fills in the defaults.
 *
 * @throws when a value is outside of its limits, or values contradict each other
 */
export function settle(given: MillraceSettings): Settings {
  const plain = Object.fromEntries(NAMES.map((name) => [name, given[name] ?? LIMITS[name].default]));
  const settings = {
    ...plain,
    databasePassword: given.databasePassword ?? SecretValue.unsafePlainText(''),
  } as Settings;
  for (const name of NAMES) {
    checkValue(name, settings[name]);
  }
  checkTogether(settings);
  return settings;
}

/**
 * Settings from the app's context, where the command line puts all values as text.
 *
 * @throws when a value is not of the setting's kind
 */
export function fromContext(value: (name: string) => unknown): MillraceSettings {
  const given = NAMES.flatMap((name) => {
    const found = value(name);
    return found === undefined ? [] : [[name, parse(name, found)]];
  });
  return Object.fromEntries(given) as MillraceSettings;
}

function parse(name: PlainName, value: unknown): Value {
  const kind = LIMITS[name].default;
  if (typeof kind === 'number') {
    return Number(value);
  }
  if (typeof kind === 'boolean') {
    if (String(value) !== 'true' && String(value) !== 'false') {
      throw new Error(`${name} is ${String(value)}, and should be true or false`);
    }
    return String(value) === 'true';
  }
  if (Array.isArray(kind) && !Array.isArray(value)) {
    return String(value).split(',').filter((part) => part !== '');
  }
  return Array.isArray(value) ? value.map(String) : String(value);
}

function checkValue(name: PlainName, value: Value): void {
  if (Token.isUnresolved(value)) {
    return; // CloudFormation is the first to know it.
  }
  const { allowed, minimum, maximum, pattern } = LIMITS[name];
  if (allowed !== undefined && !allowed.includes(value as string | number)) {
    throw new Error(`${name} is ${String(value)}, and should be one of ${allowed.join(', ')}`);
  }
  if (typeof value === 'number') {
    const [least, most] = [minimum ?? 0, maximum ?? Number.MAX_SAFE_INTEGER];
    if (!Number.isInteger(value) || value < least || value > most) {
      const range = maximum === undefined ? `${least} or more` : `${least} to ${most}`;
      throw new Error(`${name} is ${value}, and should be a whole number, ${range}`);
    }
  }
  if (pattern !== undefined && !new RegExp(pattern).test(value as string)) {
    throw new Error(`${name} is ${String(value)}, and should match ${pattern}`);
  }
}

/** The rules of the SAM template. */
function checkTogether(settings: Settings): void {
  const { databaseKind, databaseHost, databaseAuth, heavyEncoder, heavyImage } = settings;
  if (databaseKind === 'external' && databaseHost === '') {
    throw new Error('databaseKind: external needs databaseHost');
  }
  if (databaseHost !== '' && settings.databaseOwnerSecretArn === '') {
    throw new Error('databaseHost needs databaseOwnerSecretArn');
  }
  if (databaseHost === '' && databaseAuth !== 'iam') {
    throw new Error('A database of this stack takes tokens only: leave databaseAuth at iam');
  }
  if (heavyEncoder !== 'none' && heavyImage === '') {
    throw new Error('heavyEncoder: cpu and heavyEncoder: gpu need heavyImage');
  }
  if (settings.vpcId !== '' && settings.subnetIds.length === 0) {
    throw new Error('vpcId needs subnetIds');
  }
  if (settings.origin !== '' && settings.signingKeyId === '') {
    throw new Error('origin needs signingKeyId');
  }
  if (settings.oidcIssuer !== '' && settings.oidcClientId === '') {
    throw new Error('oidcIssuer needs oidcClientId');
  }
}

/** Whether there is a database of ours. */
export function createsDatabase(settings: Settings): boolean {
  return settings.databaseHost === '' && settings.databaseKind !== 'external';
}

/** What the planner may count on, as segment is told. */
export function capacity(settings: Settings): Record<string, string> {
  return {
    MILLRACE_BATCH: settings.heavyEncoder === 'none' ? 'no' : 'yes',
    MILLRACE_ENCODER_MEMORY_MB: String(settings.encoderMemoryMb),
    MILLRACE_ENCODER_SECONDS: String(settings.encoderSeconds),
  };
}
