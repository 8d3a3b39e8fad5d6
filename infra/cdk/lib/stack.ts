import { CfnOutput, CfnParameter, SecretValue, Stack, StackProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Millrace, MillraceProps } from './millrace';
import { MillraceSettings } from './settings';

/** A stack with Millrace alone, and with the outputs of the SAM template. */
export class MillraceStack extends Stack {
  readonly millrace: Millrace;

  constructor(scope: Construct, id: string, props: MillraceProps & StackProps) {
    super(scope, id, {
      description: 'Millrace, a serverless pipeline that turns uploads into HLS and DASH.',
      ...props,
    });
    this.millrace = new Millrace(this, 'Millrace', {
      ...props,
      databasePassword: props.databasePassword ?? this.passwordParameter(props),
    });
    this.outputs();
  }

  /** A password has no place in the context, so the deployment is asked for it. */
  private passwordParameter(settings: MillraceSettings): SecretValue | undefined {
    if (settings.databaseAuth !== 'password') {
      return undefined;
    }
    const parameter = new CfnParameter(this, 'DatabasePassword', {
      description: 'Only for DatabaseAuth=password.',
      noEcho: true,
    });
    return SecretValue.cfnParameter(parameter);
  }

  private outputs(): void {
    const { storage, queues, database, schema, stages, transcode, trigger } = this.millrace;
    this.peoplesOutputs();
    if (database !== undefined) {
      this.output('DatabaseHost', database.host, "The database's host");
      this.output(
        'DatabaseMasterSecret',
        database.masterSecretArn,
        'Name and password of the user that migrate is, and an operator in need',
      );
      this.output(
        'DatabaseClientSecurityGroup',
        database.clientSecurityGroupId,
        'Who has it reaches the database',
      );
    }
    this.output(
      'UploadsBucket',
      storage.uploadsBucket.bucketName,
      'Where a film goes to be transcoded',
    );
    this.output('WorkBucket', storage.workBucket.bucketName, 'Intermediate objects of running jobs');
    this.output('MediaBucket', storage.mediaBucket.bucketName, 'What players read');
    this.output('Table', storage.table.tableName, 'Jobs and asset documents');
    this.output('UploadsQueueUrl', queues.uploadsQueue.queueUrl, 'Takes events to be processed again');
    this.output(
      'UploadsDeadLettersUrl',
      queues.uploadsDeadLetters.queueUrl,
      'Messages and events that did not get through',
    );
    this.output(
      'FailedEventsQueueUrl',
      queues.failedEventsQueue.queueUrl,
      'Events that could not be processed',
    );
    this.eventsOutputs();
    this.output(
      'StateMachineArn',
      transcode.stateMachine.stateMachineArn,
      'The transcode state machine',
    );
    this.output('TriggerFunction', trigger.function.functionName);
    this.output('SegmentFunction', stages.segment.functionName);
    this.output('EncodeVideoFunction', stages.encodeVideo.functionName);
    this.output('EncodeAudioFunction', stages.encodeAudio.functionName);
    this.output('ThumbnailFunction', stages.thumbnail.functionName);
    this.output('AssembleManifestFunction', stages.assembleManifest.functionName);
    this.output('CaptionFunction', stages.caption.functionName);
    this.output('UpdateMetadataFunction', stages.updateMetadata.functionName);
    this.output('MigrateFunction', schema.migrate.functionName);
  }

  /** What people and those who deploy the page need. */
  private peoplesOutputs(): void {
    const { storage, origin, api, signing, identity, apiFunctions } = this.millrace;
    this.output('Origin', origin.url, 'Where page, API and media are reached');
    if (origin.distribution !== undefined) {
      const description = 'The distribution, to be told when the page was replaced';
      this.output('DistributionId', origin.distribution.ref, description);
    }
    this.output('WebBucket', storage.webBucket.bucketName, "Where the page's files go");
    this.output('ApiUrl', `https://${api.host}`, 'The API behind the origin');
    this.output('SigningPublicKey', signing.key.publicKey, 'Checks signed access');
    if (signing.previous !== undefined) {
      this.output(
        'PreviousSigningPublicKey',
        signing.previous.publicKey,
        'Checks signed access that was given before the key was renewed',
      );
    }
    if (identity.userPoolId !== undefined) {
      this.output('UserPoolId', identity.userPoolId, 'Who may sign in');
    }
    this.output('OidcClientId', identity.clientId, 'The client that page and command line are');
    this.output('UploadApiFunction', apiFunctions.upload.functionName);
    this.output('PlayApiFunction', apiFunctions.play.functionName);
    this.output('SigningKeyFunction', signing.function.functionName);
  }

  private eventsOutputs(): void {
    const { events, queues } = this.millrace;
    this.output('EventBusName', events.bus.eventBusName, 'Where events of assets are told');
    this.output(
      'WebhooksQueueUrl',
      queues.webhooksQueue.queueUrl,
      'Events on their way to webhooks',
    );
    this.output(
      'WebhooksDeadLettersUrl',
      queues.webhooksDeadLetters.queueUrl,
      'Deliveries that were tried for a day',
    );
    this.output(
      'UnannouncedQueueUrl',
      queues.unannouncedQueue.queueUrl,
      'Writes to the table that could not be told',
    );
    this.output(
      'ChangesDeadLettersUrl',
      queues.changesDeadLetters.queueUrl,
      'Changes of assets that nothing followed from',
    );
    this.output('AnnounceFunction', events.announce.functionName);
    this.output('DeliverWebhookFunction', events.deliverWebhook.functionName);
  }

  private output(id: string, value: string, description?: string): void {
    new CfnOutput(this, id, { value, description });
  }
}
