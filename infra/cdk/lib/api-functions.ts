import { Aws } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { createFunction, createFunctionRole, createLogs } from './function';
import { allow, document } from './iam';
import { Identity } from './identity';
import { acknowledgeWildcards } from './nag';
import { uploadsBucketArn, uploadsBucketName } from './names';
import { Origin } from './origin';
import { MillracePackages } from './packages';
import { Policies } from './policies';
import { Settings } from './settings';
import { Signing } from './signing';
import { Storage } from './storage';

/** What the API's functions stand on. */
export interface ApiFunctionsProps {
  readonly packages: MillracePackages;
  readonly storage: Storage;
  readonly policies: Policies;
  readonly stateMachine: sfn.StateMachine;
  readonly signing: Signing;
  readonly identity: Identity;
  readonly origin: Origin;
}

/** What answers the API: upload-api its uploads, play-api all else. Neither is in a network. */
export class ApiFunctions extends Construct {
  readonly upload: lambda.Function;
  readonly play: lambda.Function;
  private readonly keepRecords: iam.ManagedPolicy;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ApiFunctionsProps,
    private readonly settings: Settings,
  ) {
    super(scope, id);
    this.keepRecords = this.records();
    this.upload = this.create('UploadApi', {
      package: 'upload-api',
      description: 'Answers /api/uploads; hands out signed URLs for parts, starts the job',
      role: this.uploadRole(),
      environment: { MILLRACE_UPLOADS_BUCKET: uploadsBucketName() },
    });
    this.play = this.create('PlayApi', {
      package: 'play-api',
      description: "Answers the API but for uploads; signs viewers' access",
      role: this.playRole(),
      environment: this.playEnvironment(),
    });
  }

  private create(
    name: string,
    own: {
      package: string;
      description: string;
      role: iam.Role;
      environment: Record<string, string>;
    },
  ): lambda.Function {
    const { packages, storage, stateMachine } = this.props;
    return createFunction(this, `${name}Function`, packages.functions, this.settings, {
      ...own,
      memoryMb: 512,
      timeoutSeconds: 29,
      logGroup: createLogs(this, `${name}Logs`, this.settings),
      environment: {
        MILLRACE_TABLE: storage.table.tableName,
        MILLRACE_STATE_MACHINE_ARN: stateMachine.stateMachineArn,
        MILLRACE_MAX_UPLOAD_BYTES: String(this.settings.maxUploadBytes),
        ...own.environment,
      },
    });
  }

  private playEnvironment(): Record<string, string> {
    const { storage, signing, identity, origin } = this.props;
    return {
      MILLRACE_WORK_BUCKET: storage.workBucket.bucketName,
      MILLRACE_MEDIA_BUCKET: storage.mediaBucket.bucketName,
      MILLRACE_SIGNING_SECRET: signing.secretArn,
      // Of the resource, so that the key is there before this function is told of it.
      MILLRACE_SIGNING_KEY_GENERATION: signing.key.generation,
      MILLRACE_SIGNING_KEY_ID: origin.signingKeyId,
      MILLRACE_ORIGIN: origin.url,
      MILLRACE_OIDC_ISSUER: identity.issuer,
      MILLRACE_OIDC_CLIENT: identity.clientId,
      MILLRACE_OIDC_DISCOVERY: identity.discovery,
      MILLRACE_STACK: Aws.STACK_NAME,
      MILLRACE_PRIVATE_WEBHOOKS: this.settings.privateWebhooks ? 'yes' : 'no',
    };
  }

  /** What both do with records, and with what follows from them. */
  private records(): iam.ManagedPolicy {
    const { storage, stateMachine } = this.props;
    const { tableArn } = storage.table;
    const records = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'];
    return new iam.ManagedPolicy(this, 'KeepRecords', {
      description: 'Read and write records, list what somebody owns, start jobs',
      document: document(
        allow('Records', records.map((action) => `dynamodb:${action}`), [tableArn]),
        allow('ListOwned', ['dynamodb:Query'], [`${tableArn}/index/owner`]),
        allow('StartExecution', ['states:StartExecution'], [stateMachine.stateMachineArn]),
      ),
    });
  }

  private uploadRole(): iam.Role {
    const uploads = `${uploadsBucketArn()}/*`;
    // A signed URL allows what the role that signed it may do: PutObject is for them, too.
    const actions = ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];
    const managed = [this.props.policies.readSource, this.keepRecords];
    const role = createFunctionRole(this, 'UploadApiFunctionRole', managed, [
      allow('TakeParts', actions, [uploads]),
    ]);
    acknowledgeWildcards(role, [[uploads, 'An upload may have any name']]);
    return role;
  }

  private playRole(): iam.Role {
    const { storage, signing } = this.props;
    const jobs = storage.workBucket.arnForObjects('jobs/*');
    const captions = storage.mediaBucket.arnForObjects('assets/*/captions/*');
    const managed = [this.keepRecords];
    const role = createFunctionRole(this, 'PlayApiFunctionRole', managed, [
      // How far a job is stands in its objects.
      allow('JobObjects', ['s3:GetObject'], [jobs]),
      allow('ListJobObjects', ['s3:ListBucket'], [storage.workBucket.bucketArn]),
      // What somebody gives as a caption; segments and manifests are others' to write.
      allow('KeepCaptions', ['s3:PutObject'], [captions]),
      allow('SignAccess', ['secretsmanager:GetSecretValue'], [signing.secretArn]),
    ]);
    acknowledgeWildcards(role, [
      [jobs, 'Each job has a folder of its own, named after it'],
      [captions, 'Each asset has a folder of its own, and in it one for captions'],
    ]);
    return role;
  }
}
