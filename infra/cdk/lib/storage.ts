import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { onlyOverTls } from './iam';
import { uploadsBucketName } from './names';
import { PLAIN_HTTP_ASKED_FOR, acknowledge } from './nag';
import { Settings } from './settings';

const NO_ACCESS_LOGS =
  'Nobody reads access logs here; data events of CloudTrail are the decision of an account';

/** The buckets, and the table with jobs and the documents of assets. */
export class Storage extends Construct {
  /** What people uploaded. It outlives the pipeline. */
  readonly uploadsBucket: s3.Bucket;
  /** Intermediate objects of running jobs. */
  readonly workBucket: s3.Bucket;
  /** What viewers play. It outlives the pipeline. */
  readonly mediaBucket: s3.Bucket;
  /**
   * The page: one document and its files. `cargo xtask package` makes them; whoever deploys uploads
   * them.
   */
  readonly webBucket: s3.Bucket;
  readonly table: dynamodb.Table;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.uploadsBucket = this.bucket('UploadsBucket', {
      bucketName: uploadsBucketName(),
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [abortIncompleteUploads(7)],
    });
    this.workBucket = this.bucket('WorkBucket', {
      // CloudFormation deletes empty buckets only. Whoever deletes the stack empties this one first.
      removalPolicy: RemovalPolicy.DESTROY,
      lifecycleRules: [
        // A job removes its objects when it ends. This is for jobs that could not.
        { id: 'expire', expiration: Duration.days(settings.workRetentionDays) },
        abortIncompleteUploads(1),
      ],
    });
    this.mediaBucket = this.bucket('MediaBucket', {
      removalPolicy: RemovalPolicy.RETAIN,
      // An object that was deleted or overwritten by mistake comes back by its former version.
      versioned: true,
      lifecycleRules: [
        {
          id: 'forget-former-versions',
          noncurrentVersionExpiration: Duration.days(settings.mediaUndeleteDays),
        },
        abortIncompleteUploads(1),
      ],
    });
    this.webBucket = this.bucket('WebBucket', {
      // As the work bucket.
      removalPolicy: RemovalPolicy.DESTROY,
      lifecycleRules: [abortIncompleteUploads(1)],
    });
    this.policies(settings);
    if (!settings.requireTls) {
      acknowledge(this, { 'AwsSolutions-S10': PLAIN_HTTP_ASKED_FOR });
    }
    this.table = this.createTable();
  }

  /** Has the uploads bucket tell `trigger` of each upload, once `permission` lets it. */
  notify(trigger: lambda.IFunction, permission: lambda.CfnPermission): void {
    // The construct's own way goes by a custom resource, and so by one more function.
    const bucket = this.uploadsBucket.node.defaultChild as s3.CfnBucket;
    bucket.notificationConfiguration = {
      eventBridgeConfiguration: { eventBridgeEnabled: true },
      // All ways to create an object: a multipart upload is CompleteMultipartUpload.
      lambdaConfigurations: [{ event: 's3:ObjectCreated:*', function: trigger.functionArn }],
    };
    // S3 refuses a notification to a function that it may not invoke yet.
    bucket.addResourceDependency(permission);
  }

  /** Lets the page at this origin upload parts by signed URLs, and collect their ETags. */
  acceptParts(origin: string): void {
    this.uploadsBucket.addCorsRule({
      allowedOrigins: [origin],
      allowedMethods: [s3.HttpMethods.PUT],
      allowedHeaders: ['*'],
      exposedHeaders: ['ETag'],
      maxAge: 3600,
    });
  }

  private bucket(name: string, props: s3.BucketProps): s3.Bucket {
    const bucket = new s3.Bucket(this, name, {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: s3.BucketEncryption.S3_MANAGED,
      ...props,
    });
    acknowledge(bucket, { 'AwsSolutions-S1': NO_ACCESS_LOGS });
    return bucket;
  }

  private policies({ requireTls, origin }: Settings): void {
    const media = this.bucketPolicy('MediaBucketPolicy', this.mediaBucket);
    // Not even by an administrator's slip. Who means it takes this statement away first. What the
    // pipeline deletes can be brought back for a while.
    media.document.addStatements(
      new iam.PolicyStatement({
        sid: 'NothingGoesForGood',
        effect: iam.Effect.DENY,
        principals: [new iam.StarPrincipal()],
        actions: ['s3:DeleteBucket', 's3:DeleteObjectVersion'],
        resources: everything(this.mediaBucket),
      }),
    );
    const web =
      requireTls || origin === '' ? [this.bucketPolicy('WebBucketPolicy', this.webBucket)] : [];
    if (requireTls) {
      const uploads = this.bucketPolicy('UploadsBucketPolicy', this.uploadsBucket);
      const work = this.bucketPolicy('WorkBucketPolicy', this.workBucket);
      for (const policy of [uploads, work, media, ...web]) {
        policy.document.addStatements(onlyOverTls('s3', everything(policy.bucket)));
      }
    }
  }

  private bucketPolicy(name: string, bucket: s3.Bucket): s3.BucketPolicy {
    const policy = new s3.BucketPolicy(this, name, { bucket });
    // What others add to the bucket's policy goes into this one: a bucket has one only.
    bucket.policy = policy;
    return policy;
  }

  private createTable(): dynamodb.Table {
    const table = new dynamodb.Table(this, 'Table', {
      removalPolicy: RemovalPolicy.RETAIN,
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      deletionProtection: true,
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expires_at',
      // announce compares what was there with what is.
      stream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
    });
    // Only running jobs have `open`, so the sweep reads those whose lease ran out and no others.
    table.addGlobalSecondaryIndex({
      indexName: 'open',
      partitionKey: { name: 'open', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'lease_expires_at', type: dynamodb.AttributeType.NUMBER },
    });
    // What somebody owns, in the order in which it came. Only the small items that say so have
    // `created_at`; documents and jobs, which have an owner, too, are not in here.
    table.addGlobalSecondaryIndex({
      indexName: 'owner',
      partitionKey: { name: 'owner', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'created_at', type: dynamodb.AttributeType.STRING },
    });
    return table;
  }
}

function abortIncompleteUploads(days: number): s3.LifecycleRule {
  return {
    id: 'abort-incomplete-uploads',
    abortIncompleteMultipartUploadAfter: Duration.days(days),
  };
}

/** A bucket and all objects in it. */
function everything(bucket: s3.IBucket): string[] {
  return [bucket.bucketArn, bucket.arnForObjects('*')];
}
