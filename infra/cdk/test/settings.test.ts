import { Lazy } from 'aws-cdk-lib';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceSettings, fromContext, settle } from '../lib';
import { IMAGE } from './support';

const REFUSED: [MillraceSettings | Record<string, unknown>, RegExp][] = [
  [{ architecture: 'mips' }, /^architecture is mips, and should be one of arm64, x86_64$/],
  [{ logRetentionDays: 2 }, /^logRetentionDays is 2, and should be one of 1, 3, 5/],
  [{ workRetentionDays: 1 }, /^workRetentionDays is 1, and should be a whole number, 2 or more$/],
  [{ encoderMemoryMb: 3007 }, /^encoderMemoryMb is 3007, .* 3008 to 10240$/],
  [{ encoderMemoryMb: 10241 }, /^encoderMemoryMb is 10241, .* 3008 to 10240$/],
  [{ databasePort: 5432.5 }, /^databasePort is 5432.5, and should be a whole number, 1 to 65535$/],
  [{ databasePort: Number.NaN }, /^databasePort is NaN, /],
  [{ heavyEncoder: 'cpu', heavyImage: 'docker.io/a:1' }, /^heavyImage is docker.io\/a:1, and should/],
  [{ vpcId: 'mine' }, /^vpcId is mine, and should match /],
  [{ alarmTopicArn: 'mail' }, /^alarmTopicArn is mail, and should match /],
  [{ databaseKind: 'external' }, /^databaseKind: external needs databaseHost$/],
  [{ databaseHost: 'db' }, /^databaseHost needs databaseOwnerSecretArn$/],
  [{ databaseAuth: 'password' }, /^A database of this stack takes tokens only/],
  [{ heavyEncoder: 'gpu' }, /need heavyImage$/],
  [{ vpcId: 'vpc-1' }, /^vpcId needs subnetIds$/],
  [{ origin: 'https://films.example.com' }, /^origin needs signingKeyId$/],
  [{ origin: 'https://films.example.com/' }, /^origin is https:\/\/films.example.com\/, and should match/],
  [{ oidcIssuer: 'https://login.example.com' }, /^oidcIssuer needs oidcClientId$/],
];

for (const [settings, message] of REFUSED) {
  test(`refused with what to do: ${JSON.stringify(settings)}`, () => {
    assert.throws(() => settle(settings as MillraceSettings), { message });
  });
}

test('what is known only at the deployment is accepted', () => {
  const later = Lazy.string({ produce: () => 'anything' });
  const settings = settle({ vpcId: later, subnetIds: [later], heavyImage: later });
  assert.equal(settings.vpcId, later);
});

test('the context gives text, and settings have their kinds', () => {
  const context: Record<string, unknown> = {
    databasePort: '5433',
    gpuInstanceTypes: 'g5.xlarge,g6.xlarge',
    subnetIds: ['subnet-1', 'subnet-2'],
    requireTls: 'false',
    heavyImage: IMAGE,
    somethingElse: 'ignored',
  };
  assert.deepEqual(
    fromContext((name) => context[name]),
    {
      databasePort: 5433,
      gpuInstanceTypes: ['g5.xlarge', 'g6.xlarge'],
      subnetIds: ['subnet-1', 'subnet-2'],
      requireTls: false,
      heavyImage: IMAGE,
    },
  );
});

test('a context that is neither true nor false is refused', () => {
  const context = (name: string): unknown => (name === 'requireTls' ? 'no' : undefined);
  assert.throws(() => fromContext(context), { message: /^requireTls is no, and should be true/ });
});
