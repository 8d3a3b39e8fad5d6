import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { allow, document } from './iam';
import { acknowledgeWildcards } from './nag';
import { uploadsBucketArn } from './names';
import { Storage } from './storage';

/**
 * What several functions may do.
 *
 * With ListBucket, an object that is not there is "not found"; without it, S3 says "access denied",
 * and a function could not tell a missing source from a missing permission.
 */
export class Policies extends Construct {
  readonly readSource: iam.ManagedPolicy;
  readonly workOnJob: iam.ManagedPolicy;
  readonly publishMedia: iam.ManagedPolicy;
  readonly readMedia: iam.ManagedPolicy;

  constructor(scope: Construct, id: string, storage: Storage) {
    super(scope, id);
    const { workBucket, mediaBucket, table } = storage;
    this.readSource = this.policy('ReadSource', 'Read what was uploaded', [
      allow('ReadSource', ['s3:GetObject', 's3:GetObjectVersion'], [`${uploadsBucketArn()}/*`]),
      allow('TellMissingFromForbidden', ['s3:ListBucket'], [uploadsBucketArn()]),
    ]);
    acknowledgeWildcards(this.readSource, [
      [`${uploadsBucketArn()}/*`, 'An upload may have any name'],
    ]);
    this.workOnJob = this.policy(
      'WorkOnJob',
      'Read and write the objects of jobs, renew their leases',
      [
        allow(
          'JobObjects',
          ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
          [workBucket.arnForObjects('jobs/*')],
        ),
        allow('TellMissingFromForbidden', ['s3:ListBucket'], [workBucket.bucketArn]),
        // Jobs only: the documents of assets are not a stage's business.
        allow('Heartbeat', ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [table.tableArn], {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['JOB#*'] },
        }),
      ],
    );
    acknowledgeWildcards(this.workOnJob, [
      [workBucket.arnForObjects('jobs/*'), 'Each job has a folder of its own, named after it'],
    ]);
    this.publishMedia = this.policy('PublishMedia', 'Write the objects of assets', [
      allow(
        'AssetObjects',
        ['s3:PutObject', 's3:AbortMultipartUpload'],
        [mediaBucket.arnForObjects('assets/*')],
      ),
    ]);
    this.readMedia = this.policy('ReadMedia', 'Read and list the objects of assets', [
      allow('AssetObjects', ['s3:GetObject'], [mediaBucket.arnForObjects('assets/*')]),
      allow('ListAssets', ['s3:ListBucket'], [mediaBucket.bucketArn]),
    ]);
    for (const policy of [this.publishMedia, this.readMedia]) {
      acknowledgeWildcards(policy, [
        [mediaBucket.arnForObjects('assets/*'), 'Each asset has a folder of its own, named after it'],
      ]);
    }
  }

  private policy(
    id: string,
    description: string,
    statements: iam.PolicyStatement[],
  ): iam.ManagedPolicy {
    return new iam.ManagedPolicy(this, id, { description, document: document(...statements) });
  }
}
