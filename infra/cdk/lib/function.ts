import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { document } from './iam';
import { acknowledge } from './nag';
import { Settings } from './settings';

/** What differs from function to function. */
export interface StageFunctionProps {
  /** The name of its crate, and of its package. */
  readonly package: string;
  readonly description: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly environment: Record<string, string>;
  readonly role: iam.IRole;
  readonly logGroup: logs.ILogGroup;
  readonly layer?: lambda.ILayerVersion;
  /** Whether it works on files, and needs room for them. */
  readonly scratch?: boolean;
}

/**
 * A function of ours: what `cargo lambda build` has put into `functions`.
 *
 * @throws when its package is not there
 */
export function createFunction(
  scope: Construct,
  id: string,
  functions: string,
  settings: Settings,
  props: StageFunctionProps,
): lambda.Function {
  const folder = path.join(functions, props.package);
  if (!fs.existsSync(folder)) {
    throw new Error(`there is no package ${folder}: run \`cargo xtask package\``);
  }
  return new lambda.Function(scope, id, {
    description: props.description,
    code: lambda.Code.fromAsset(folder),
    runtime: lambda.Runtime.PROVIDED_AL2023,
    handler: 'bootstrap',
    architecture:
      settings.architecture === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
    memorySize: props.memoryMb,
    timeout: Duration.seconds(props.timeoutSeconds),
    role: props.role,
    loggingFormat: lambda.LoggingFormat.JSON,
    logGroup: props.logGroup,
    environment: { MILLRACE_LOG: settings.logLevel, ...props.environment },
    ...(props.layer && { layers: [props.layer] }),
    ...(props.scratch && { ephemeralStorageSize: Size.mebibytes(4096) }),
  });
}

/** A group of logs of ours: they expire, and go with the stack. */
export function createLogs(
  scope: Construct,
  id: string,
  settings: Settings,
  logGroupName?: string,
): logs.LogGroup {
  return new logs.LogGroup(scope, id, {
    logGroupName,
    retention: settings.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
}

/** A function's role: to log, `managedPolicies`, and the statements that are its own. */
export function createFunctionRole(
  scope: Construct,
  id: string,
  managedPolicies: iam.IManagedPolicy[],
  statements: iam.PolicyStatement[] = [],
): iam.Role {
  const role = new iam.Role(scope, id, {
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    managedPolicies: [
      iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaBasicExecutionRole'),
      ...managedPolicies,
    ],
    ...(statements.length > 0 && { inlinePolicies: { own: document(...statements) } }),
  });
  acknowledge(role, {
    'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]':
      'Writes logs and nothing else; SAM gives it to each function, too',
  });
  return role;
}
