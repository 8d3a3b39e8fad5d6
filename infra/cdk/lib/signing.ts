import { CfnResource, RemovalPolicy } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { createFunction, createFunctionRole, createLogs } from './function';
import { allow } from './iam';
import { acknowledge } from './nag';
import { MillracePackages } from './packages';
import { Settings } from './settings';

/** A key pair as a stack knows it. */
export interface Key {
  /** The number of the generation. */
  readonly generation: string;
  /** The public half, as PEM. */
  readonly publicKey: string;
}

/** The keys that sign viewers' access. Nothing but their public halves leaves the secret. */
export class Signing extends Construct {
  readonly function: lambda.Function;
  /** The ARN of the secret with the private keys. */
  readonly secretArn: string;
  /** The key that signs. */
  readonly key: Key;
  /** The key that signed before, where that still plays. */
  readonly previous?: Key;

  constructor(scope: Construct, id: string, packages: MillracePackages, settings: Settings) {
    super(scope, id);
    // By the resource: the construct would generate a password, and this one is empty until
    // signing-key has made the key.
    const secret = new secretsmanager.CfnSecret(this, 'SigningSecret', {
      description: 'The private keys that open published streams to viewers',
    });
    // What was signed with the key plays until it expires; so the secret goes with the stack.
    secret.applyRemovalPolicy(RemovalPolicy.DESTROY);
    acknowledge(secret, {
      'AwsSolutions-SMG4': 'Another key is another public key of the distribution: by a deployment',
    });
    this.secretArn = secret.attrId;
    const actions = ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'];
    this.function = createFunction(this, 'SigningKeyFunction', packages.functions, settings, {
      package: 'signing-key',
      description: "Makes the key that signs viewers' access, as a custom resource",
      memoryMb: 256,
      timeoutSeconds: 60,
      role: createFunctionRole(this, 'SigningKeyFunctionRole', [], [
        allow('KeepKey', actions, [this.secretArn]),
      ]),
      logGroup: createLogs(this, 'SigningKeyLogs', settings),
      environment: {},
    });
    const key = new CfnResource(this, 'SigningKey', {
      type: 'Custom::SigningKey',
      properties: {
        ServiceToken: this.function.functionArn,
        // Three calls of the function with the waits between them. The default is an hour.
        ServiceTimeout: 600,
        Secret: this.secretArn,
        Generation: settings.signingKeyGeneration,
      },
    });
    const told = (prefix: string): Key => ({
      generation: key.getAtt(`${prefix}Generation`).toString(),
      publicKey: key.getAtt(`${prefix}PublicKey`).toString(),
    });
    this.key = told('');
    if (settings.signingKeyGeneration > 1 && settings.trustPreviousSigningKey) {
      this.previous = told('Previous');
    }
  }
}
