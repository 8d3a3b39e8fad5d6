import { SecretValue, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Millrace, MillraceStack, packagesOf } from '../lib';
import { OWNER, OWN_ORIGIN, SETTINGS, app, placeholders, stack } from './support';

for (const [name, settings] of Object.entries(SETTINGS)) {
  test(`no function and no resource of the CDK's own: ${name}`, () => {
    const template = Template.fromStack(stack(settings));
    template.resourceCountIs('AWS::Lambda::Function', 14);
    const kinds = Object.values(template.toJSON()['Resources'] as Record<string, { Type: string }>);
    assert.deepEqual(
      kinds.map(({ Type }) => Type).filter((kind) => /^Custom|^AWS::CDK|^AWS::CloudForm/.test(kind)),
      ['Custom::Schema', 'Custom::SigningKey'],
    );
  });
}

test('it takes its place in an app of somebody else', () => {
  const theirs = new Stack(app(), 'theirs', { env: { region: 'eu-west-1', account: '1'.repeat(12) } });
  const vpc = new ec2.Vpc(theirs, 'Vpc', { restrictDefaultSecurityGroup: false });
  const topic = new sns.Topic(theirs, 'Operators');
  const millrace = new Millrace(theirs, 'Films', {
    packages: placeholders(),
    vpcId: vpc.vpcId,
    subnetIds: vpc.privateSubnets.map((subnet) => subnet.subnetId),
    alarmTopicArn: topic.topicArn,
  });
  const viewer = new iam.Role(theirs, 'Viewer', { assumedBy: new iam.AccountRootPrincipal() });
  millrace.storage.mediaBucket.grantRead(viewer);
  millrace.storage.mediaBucket.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'Theirs',
      principals: [viewer],
      actions: ['s3:GetObject'],
      resources: [millrace.storage.mediaBucket.arnForObjects('assets/*')],
    }),
  );

  const template = Template.fromStack(theirs);
  template.resourceCountIs('AWS::EC2::VPC', 1);
  template.resourceCountIs('AWS::S3::BucketPolicy', 4);
  template.hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Sid: 'NothingGoesForGood' }),
        Match.objectLike({ Sid: 'Theirs' }),
      ]),
    },
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmActions: [{ Ref: theirs.getLogicalId(topic.node.defaultChild as sns.CfnTopic) }],
  });
});

test('it takes a place below another construct, and one in each of several stacks', () => {
  const all = app();
  const stacks = ['first', 'second'].map((name) => new Stack(all, name));
  for (const theirs of stacks) {
    const below = new Construct(theirs, 'Media');
    new Millrace(below, 'Films', { packages: placeholders() });
  }
  for (const theirs of stacks) {
    Template.fromStack(theirs).resourceCountIs('AWS::StepFunctions::StateMachine', 1);
  }
});

test('a second one in a stack is refused', () => {
  const theirs = new Stack(app(), 'theirs');
  new Millrace(theirs, 'First', { packages: placeholders() });
  assert.throws(() => new Millrace(theirs, 'Second', { packages: placeholders() }), {
    message: /a Millrace in this stack already/,
  });
});

test('a function that was not built is named', () => {
  const packages = { ...placeholders(), functions: '/nowhere' };
  assert.throws(() => new MillraceStack(app(), 'millrace', { packages }), {
    message: /no package \/nowhere\/migrate: run `cargo xtask package/,
  });
});

test('a folder that is no checkout is named', () => {
  assert.throws(() => packagesOf('/nowhere'), { message: /^\/nowhere is no checkout of Millrace/ });
});

test('a password is asked for at the deployment and is in no template', () => {
  const settings = {
    databaseHost: 'db.example.com',
    databaseOwnerSecretArn: OWNER,
    databaseAuth: 'password',
  } as const;
  const template = Template.fromStack(stack(settings));
  template.hasParameter('DatabasePassword', { NoEcho: true });
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { MILLRACE_DATABASE_PASSWORD: { Ref: 'DatabasePassword' } } },
  });
});

test('a password of a secret is read at the deployment', () => {
  const databasePassword = SecretValue.secretsManager('films-database');
  const settings = {
    databaseHost: 'db',
    databaseOwnerSecretArn: OWNER,
    databaseAuth: 'password',
    databasePassword,
  } as const;
  const template = Template.fromStack(stack(settings));
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: {
      Variables: { MILLRACE_DATABASE_PASSWORD: Match.stringLikeRegexp('resolve:secretsmanager:') },
    },
  });
});

test('a CDN and an issuer of your own leave out the distribution and the user pool', () => {
  const template = Template.fromStack(stack(OWN_ORIGIN));
  for (const kind of ['AWS::CloudFront::Distribution', 'AWS::Cognito::UserPool']) {
    template.resourceCountIs(kind, 0);
  }
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: {
      Variables: Match.objectLike({
        MILLRACE_ORIGIN: 'https://films.example.com',
        MILLRACE_SIGNING_KEY_ID: 'K1',
        MILLRACE_OIDC_ISSUER: 'https://login.example.com/films',
        MILLRACE_OIDC_DISCOVERY: 'https://login.example.com/films/.well-known/openid-configuration',
      }),
    },
  });
});

test('media is read through the distribution alone, and by signature alone', () => {
  const template = Template.fromStack(stack());
  const [distribution] = Object.keys(template.findResources('AWS::CloudFront::Distribution'));
  template.hasResourceProperties('AWS::CloudFront::Distribution', {
    DistributionConfig: {
      CacheBehaviors: Match.arrayWith([
        Match.objectLike({ PathPattern: '/assets/*', TrustedKeyGroups: [Match.anyValue()] }),
      ]),
    },
  });
  template.hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Sid: 'DistributionReads',
          Condition: {
            StringEquals: { 'AWS:SourceArn': { 'Fn::Join': ['', Match.arrayWith([{ Ref: distribution }])] } },
          },
        }),
      ]),
    },
  });
});

test('functions are built for the architecture that was asked for', () => {
  const template = Template.fromStack(stack({ architecture: 'x86_64' }));
  const architectures = template.findResources('AWS::Lambda::Function', {
    Properties: { Architectures: [lambda.Architecture.X86_64.name] },
  });
  assert.equal(Object.keys(architectures).length, 14);
});
