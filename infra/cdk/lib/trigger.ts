import { Aws } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { createFunction, createFunctionRole, createLogs } from './function';
import { allow, localArn } from './iam';
import { uploadsBucketArn, uploadsBucketName } from './names';
import { acknowledgeWildcards } from './nag';
import { MillracePackages } from './packages';
import { Policies } from './policies';
import { Queues } from './queues';
import { Settings } from './settings';
import { Storage } from './storage';

/** What trigger stands on. */
export interface TriggerProps {
  readonly packages: MillracePackages;
  readonly storage: Storage;
  readonly queues: Queues;
  readonly policies: Policies;
  readonly stateMachine: sfn.StateMachine;
}

/**
 * The trigger function and the three ways that lead to it: S3's own notification, an event of
 * EventBridge, and a message of the uploads queue. Each delivers at least once, and trigger makes
 * one job of any number of copies; so an upload that one way loses comes by another. What all of
 * them lost, the sweep finds.
 */
export class Trigger extends Construct {
  readonly function: lambda.Function;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: TriggerProps,
    settings: Settings,
  ) {
    super(scope, id);
    this.function = createFunction(this, 'TriggerFunction', props.packages.functions, settings, {
      package: 'trigger',
      description: 'Upload to job; claims the lease, starts the execution, sweeps up what was left',
      memoryMb: 256,
      timeoutSeconds: 30,
      role: this.role(),
      logGroup: createLogs(this, 'TriggerLogs', settings),
      environment: {
        MILLRACE_TABLE: props.storage.table.tableName,
        MILLRACE_STATE_MACHINE_ARN: props.stateMachine.stateMachineArn,
        MILLRACE_UPLOADS_BUCKET: uploadsBucketName(),
        MILLRACE_SWEEP_DAYS: String(settings.sweepDays),
      },
    });
    new lambda.CfnEventInvokeConfig(this, 'TriggerFunctionEventInvokeConfig', {
      functionName: this.function.functionName,
      qualifier: '$LATEST',
      maximumRetryAttempts: 2,
      destinationConfig: { onFailure: { destination: props.queues.failedEventsQueue.queueArn } },
    });
    this.fromBucket();
    this.fromQueue();
    this.fromEventBridge();
    this.sweep();
  }

  private role(): iam.Role {
    const { storage, queues, policies, stateMachine } = this.props;
    const tableArn = storage.table.tableArn;
    const executions = localArn('states', `execution:${stateMachine.stateMachineName}:*`);
    // It looks whether the upload is still the one that the event is about.
    const role = createFunctionRole(this, 'TriggerFunctionRole', [policies.readSource], [
      // The sweep compares what lies in the bucket with the jobs that there are.
      allow('ListUploads', ['s3:ListBucketVersions'], [uploadsBucketArn()]),
      allow(
        'JobRecords',
        [
          'dynamodb:BatchGetItem',
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:UpdateItem',
        ],
        [tableArn],
      ),
      allow('FindAbandonedJobs', ['dynamodb:Query'], [`${tableArn}/index/open`]),
      allow('StartExecution', ['states:StartExecution'], [stateMachine.stateMachineArn]),
      // A lease may run out while its execution waits for room. Then nothing is taken over.
      allow('TellWaitingFromDead', ['states:DescribeExecution'], [executions]),
      allow(
        'TakeMessages',
        ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
        [queues.uploadsQueue.queueArn],
      ),
      allow('KeepFailedEvents', ['sqs:SendMessage'], [queues.failedEventsQueue.queueArn]),
    ]);
    acknowledgeWildcards(role, [[executions, 'Executions are named after jobs']]);
    return role;
  }

  private fromBucket(): void {
    const permission = this.permission('UploadsInvokeTrigger', 's3.amazonaws.com', {
      // A bucket's ARN names no account: without this one the bucket of a stranger who takes the
      // name later could invoke the function.
      sourceAccount: Aws.ACCOUNT_ID,
      sourceArn: uploadsBucketArn(),
    });
    this.props.storage.notify(this.function, permission);
  }

  private fromQueue(): void {
    new lambda.CfnEventSourceMapping(this, 'UploadsQueueToTrigger', {
      eventSourceArn: this.props.queues.uploadsQueue.queueArn,
      functionName: this.function.functionArn,
      batchSize: 10,
      // A message that fails comes again without the nine beside it.
      functionResponseTypes: ['ReportBatchItemFailures'],
    });
  }

  private fromEventBridge(): void {
    const { queues } = this.props;
    const rule = new events.CfnRule(this, 'UploadCreated', {
      description: 'An upload is complete',
      eventPattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: { bucket: { name: [uploadsBucketName()] } },
      },
      targets: [
        {
          id: 'trigger',
          arn: this.function.functionArn,
          deadLetterConfig: { arn: queues.uploadsDeadLetters.queueArn },
        },
      ],
    });
    queues.keepUndeliveredEvents(queues.uploadsDeadLetters, rule.attrArn);
    this.permission('UploadCreatedInvokesTrigger', 'events.amazonaws.com', {
      sourceArn: rule.attrArn,
    });
  }

  private sweep(): void {
    const rule = new events.CfnRule(this, 'Sweep', {
      description: 'Looks for jobs that nobody works on, and for uploads without a job',
      scheduleExpression: 'rate(1 minute)',
      targets: [
        {
          id: 'trigger',
          arn: this.function.functionArn,
          input: '{"sweep":{}}',
          // A sweep that comes late is of no use: there is another one every minute.
          retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 0 },
        },
      ],
    });
    this.permission('SweepInvokesTrigger', 'events.amazonaws.com', { sourceArn: rule.attrArn });
  }

  private permission(
    id: string,
    principal: string,
    source: { sourceArn: string; sourceAccount?: string },
  ): lambda.CfnPermission {
    return new lambda.CfnPermission(this, id, {
      action: 'lambda:InvokeFunction',
      functionName: this.function.functionArn,
      principal,
      ...source,
    });
  }
}
