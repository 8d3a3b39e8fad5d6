/**
 * Names that are known before the resource is there. The uploads bucket is created last, and all
 * that its first event needs refers to it by name; so there is no circle.
 */

import { Aws, Fn } from 'aws-cdk-lib';
import { localArn } from './iam';

/**
 * The last part of the stack's id: unique, lower case, and another one if the stack is created
 * again while the retained bucket is still there.
 */
function stackSuffix(): string {
  return Fn.select(4, Fn.split('-', Fn.select(2, Fn.split('/', Aws.STACK_ID))));
}

/** The prefix of the user pool's domain: unique in the region. */
export function userPoolDomain(): string {
  return `millrace-${stackSuffix()}`;
}

/** The name of the uploads bucket. */
export function uploadsBucketName(): string {
  return `millrace-uploads-${stackSuffix()}`;
}

/** The ARN of the uploads bucket. */
export function uploadsBucketArn(): string {
  return `arn:${Aws.PARTITION}:s3:::${uploadsBucketName()}`;
}

/** The name of the state machine: its role names it, as the Distributed Map starts children. */
export function stateMachineName(): string {
  return `${Aws.STACK_NAME}-transcode`;
}

/** The ARN of the state machine. */
export function stateMachineArn(): string {
  return localArn('states', `stateMachine:${stateMachineName()}`);
}
