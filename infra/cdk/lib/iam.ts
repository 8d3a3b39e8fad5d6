/** Short forms of what all policies are made of. */

import { Aws } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';

/** A statement that allows `actions` on `resources`. */
export function allow(
  sid: string,
  actions: string[],
  resources: string[],
  conditions?: iam.Conditions,
): iam.PolicyStatement {
  return new iam.PolicyStatement({ sid, actions, resources, conditions });
}

/** A policy document of `statements`. */
export function document(...statements: iam.PolicyStatement[]): iam.PolicyDocument {
  return new iam.PolicyDocument({ statements });
}

/** Refuses plain HTTP to everybody. */
export function onlyOverTls(service: 's3' | 'sqs', resources: string[]): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'OnlyOverTls',
    effect: iam.Effect.DENY,
    principals: [new iam.StarPrincipal()],
    actions: [`${service}:*`],
    resources,
    conditions: { Bool: { 'aws:SecureTransport': 'false' } },
  });
}

/** The ARN of something of this account and region. */
export function localArn(service: string, resource: string): string {
  return `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;
}

/** What Lambda asks of the role of a function in a VPC. */
export function networkInterfaces(): iam.PolicyDocument {
  return document(
    // Lambda checks for exactly these before it accepts the function, on any resource.
    allow(
      'JoinVpc',
      [
        'ec2:AssignPrivateIpAddresses',
        'ec2:CreateNetworkInterface',
        'ec2:DeleteNetworkInterface',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets',
        'ec2:UnassignPrivateIpAddresses',
      ],
      ['*'],
    ),
    // They are for Lambda itself. The function's own calls carry this key.
    new iam.PolicyStatement({
      sid: 'NotByTheFunction',
      effect: iam.Effect.DENY,
      actions: ['ec2:*'],
      resources: ['*'],
      conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
    }),
  );
}
