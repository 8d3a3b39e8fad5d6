import { RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { PlacedDatabase, joinDatabase } from './database';
import { createFunction, createFunctionRole, createLogs } from './function';
import { allow, document, localArn, networkInterfaces } from './iam';
import { acknowledgeWildcards } from './nag';
import { uploadsBucketArn } from './names';
import { MillracePackages } from './packages';
import { Policies } from './policies';
import { Schema } from './schema';
import { Settings, capacity } from './settings';
import { Storage } from './storage';

/** What the stages stand on. */
export interface StagesProps {
  readonly packages: MillracePackages;
  readonly storage: Storage;
  readonly policies: Policies;
  /** Where there is a database of ours. */
  readonly database?: PlacedDatabase;
  readonly schema: Schema;
}

/** One stage of the pipeline, as it differs from the others. */
interface Stage {
  readonly package: string;
  readonly description: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly usesFfmpeg: boolean;
  readonly policies: iam.IManagedPolicy[];
  /** What it is told beside storage and tools. */
  readonly environment?: Record<string, string>;
}

/** The functions that the state machine calls. */
export class Stages extends Construct {
  readonly segment: lambda.Function;
  readonly encodeVideo: lambda.Function;
  readonly encodeAudio: lambda.Function;
  readonly thumbnail: lambda.Function;
  readonly assembleManifest: lambda.Function;
  readonly caption: lambda.Function;
  readonly updateMetadata: lambda.Function;
  private readonly layer: lambda.LayerVersion;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: StagesProps,
    private readonly settings: Settings,
  ) {
    super(scope, id);
    const { readSource, workOnJob, publishMedia, readMedia } = props.policies;
    this.layer = this.createLayer();
    this.segment = this.stage('Segment', {
      package: 'segment',
      description: 'Probes the source, plans the encodes, cuts source segments where needed',
      memoryMb: 1769,
      timeoutSeconds: settings.segmentSeconds,
      usesFfmpeg: true,
      policies: [readSource, workOnJob],
      environment: capacity(settings),
    });
    this.encodeVideo = this.stage('EncodeVideo', {
      package: 'encode-video',
      description: 'Encodes all rungs of one encode chunk',
      memoryMb: settings.encoderMemoryMb,
      timeoutSeconds: settings.encoderSeconds,
      usesFfmpeg: true,
      policies: [readSource, workOnJob, publishMedia],
    });
    this.encodeAudio = this.stage('EncodeAudio', {
      package: 'encode-audio',
      description: 'Encodes all rungs of one audio chunk',
      memoryMb: 3072,
      timeoutSeconds: 900,
      usesFfmpeg: true,
      policies: [readSource, workOnJob, publishMedia],
    });
    this.thumbnail = this.stage('Thumbnail', {
      package: 'thumbnail',
      description: 'Poster, storyboard sprites and their index',
      memoryMb: 3072,
      timeoutSeconds: 300,
      usesFfmpeg: true,
      policies: [readSource, workOnJob, publishMedia, readMedia],
    });
    this.assembleManifest = this.stage('AssembleManifest', {
      package: 'assemble-manifest',
      description: 'Checks all results against the plan and writes playlists and MPD',
      memoryMb: 1769,
      timeoutSeconds: 300,
      usesFfmpeg: false,
      policies: [workOnJob, publishMedia, readMedia],
    });
    this.caption = this.createCaption();
    this.updateMetadata = this.createUpdateMetadata();
  }

  private createLayer(): lambda.LayerVersion {
    const { architecture } = this.settings;
    return new lambda.LayerVersion(this, 'FfmpegLayer', {
      layerVersionName: 'FfmpegLayer',
      description:
        'ffmpeg and ffprobe in /opt/bin; layers/ffmpeg/README.md has version and licence',
      code: lambda.Code.fromAsset(this.props.packages.layer),
      compatibleArchitectures: [
        architecture === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
      ],
      compatibleRuntimes: [lambda.Runtime.PROVIDED_AL2023],
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private stage(name: string, stage: Stage): lambda.Function {
    const { workBucket, mediaBucket, table } = this.props.storage;
    const publishes = stage.policies.includes(this.props.policies.publishMedia);
    return createFunction(this, `${name}Function`, this.props.packages.functions, this.settings, {
      ...stage,
      role: createFunctionRole(this, `${name}FunctionRole`, stage.policies),
      logGroup: createLogs(this, `${name}Logs`, this.settings),
      ...(stage.usesFfmpeg && { layer: this.layer, scratch: true }),
      environment: {
        MILLRACE_WORK_BUCKET: workBucket.bucketName,
        ...(publishes && { MILLRACE_MEDIA_BUCKET: mediaBucket.bucketName }),
        MILLRACE_TABLE: table.tableName,
        ...(stage.usesFfmpeg && {
          MILLRACE_FFMPEG: this.settings.ffmpegPath,
          MILLRACE_FFPROBE: this.settings.ffprobePath,
        }),
        ...stage.environment,
      },
    });
  }

  /** Not a stage of a job: it follows an asset, also days after its job. */
  private createCaption(): lambda.Function {
    const { settings, props } = this;
    const { mediaBucket, table } = props.storage;
    return createFunction(this, 'CaptionFunction', props.packages.functions, settings, {
      package: 'caption',
      description: 'Gives a published stream the captions that its asset has',
      memoryMb: 1769,
      timeoutSeconds: 900,
      role: this.captionRole(),
      logGroup: createLogs(this, 'CaptionLogs', settings),
      environment: {
        MILLRACE_MEDIA_BUCKET: mediaBucket.bucketName,
        MILLRACE_TABLE: table.tableName,
      },
    });
  }

  private captionRole(): iam.Role {
    const { storage, policies } = this.props;
    const assets = storage.mediaBucket.arnForObjects('assets/*');
    const managed = [policies.publishMedia, policies.readMedia];
    const role = createFunctionRole(this, 'CaptionFunctionRole', managed, [
      // What an owner dropped goes.
      allow('RemoveMedia', ['s3:DeleteObject'], [assets]),
      // Assets only: it notes what a stream has; the records of jobs are not its business.
      allow('Assets', ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [storage.table.tableArn], {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['ASSET#*'] },
      }),
    ]);
    acknowledgeWildcards(role, [[assets, 'Each asset has a folder of its own, named after it']]);
    return role;
  }

  private createUpdateMetadata(): lambda.Function {
    const { settings, props } = this;
    const { workBucket, mediaBucket, table } = props.storage;
    const logGroup = createLogs(this, 'UpdateMetadataLogs', settings);
    const created = createFunction(
      this,
      'UpdateMetadataFunction',
      props.packages.functions,
      settings,
      {
        package: 'update-metadata',
        description: 'The only writer of ready and failed',
        memoryMb: 512,
        timeoutSeconds: 60,
        role: this.updateMetadataRole(logGroup),
        logGroup,
        layer: props.schema.layer,
        environment: {
          MILLRACE_WORK_BUCKET: workBucket.bucketName,
          MILLRACE_MEDIA_BUCKET: mediaBucket.bucketName,
          MILLRACE_TABLE: table.tableName,
          MILLRACE_DATABASE_HOST: props.database?.server.host ?? settings.databaseHost,
          MILLRACE_DATABASE_PORT: String(settings.databasePort),
          MILLRACE_DATABASE_NAME: settings.databaseName,
          MILLRACE_DATABASE_USER: settings.databaseUser,
          MILLRACE_DATABASE_AUTH: settings.databaseAuth,
          // In the function's environment, as it is with SAM; iam needs none.
          MILLRACE_DATABASE_PASSWORD: settings.databasePassword.unsafeUnwrap(),
          MILLRACE_DATABASE_CA: settings.databaseCaPath,
        },
      },
    );
    // The last stage of every job, and the only one with rows to write: nothing of a release asks for
    // a schema that is not there.
    (created.node.defaultChild as lambda.CfnFunction).addResourceDependency(props.schema.resource);
    // Beside the database. Tokens are signed without a call, so S3 and DynamoDB are all that it needs
    // to reach from there.
    joinDatabase(created, props.database);
    return created;
  }

  /**
   * The only writer of documents has a role that is written out: it writes none of the objects that
   * stages write, and logs to its own group alone.
   */
  private updateMetadataRole(logGroup: logs.ILogGroup): iam.Role {
    const { storage, policies, database } = this.props;
    const { workBucket, mediaBucket, table } = storage;
    // Of a server outside the stack, the resource id is not known here; the user is ours.
    const server = database?.server.resourceId ?? '*';
    const user = localArn('rds-db', `dbuser:${server}/${this.settings.databaseUser}`);
    const own = document(
      allow(
        'Log',
        ['logs:CreateLogStream', 'logs:PutLogEvents'],
        [logGroup.logGroupArn],
      ),
      allow(
        'JobObjects',
        ['s3:GetObject', 's3:DeleteObject'],
        [workBucket.arnForObjects('jobs/*')],
      ),
      allow('ListJobObjects', ['s3:ListBucket'], [workBucket.bucketArn]),
      // A cancelled job and a removed asset leave nothing behind; ReadMedia lists what there is.
      allow('RemoveMedia', ['s3:DeleteObject'], [mediaBucket.arnForObjects('assets/*')]),
      allow('RemoveSource', ['s3:DeleteObject'], [`${uploadsBucketArn()}/*`]),
      // A transaction is allowed by the actions of the writes in it.
      allow(
        'Records',
        [
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:UpdateItem',
          'dynamodb:DeleteItem',
          'dynamodb:ConditionCheckItem',
        ],
        [table.tableArn],
      ),
      allow('DatabaseToken', ['rds-db:connect'], [user]),
    );
    const role = new iam.Role(this, 'UpdateMetadataRole', {
      description: 'Role of update-metadata',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      managedPolicies: [policies.readMedia],
      inlinePolicies: {
        'update-metadata': own,
        ...(database && { 'network-interfaces': networkInterfaces() }),
      },
    });
    acknowledgeWildcards(role, [
      [workBucket.arnForObjects('jobs/*'), 'Each job has a folder of its own, named after it'],
      [mediaBucket.arnForObjects('assets/*'), 'Each asset has a folder of its own, named after it'],
      [`${uploadsBucketArn()}/*`, 'An upload may have any name'],
      database
        ? ['*', 'Lambda asks for network interfaces in these words; the function is denied them']
        : [user, 'The resource id of a server of others is not known here'],
    ]);
    return role;
  }
}
