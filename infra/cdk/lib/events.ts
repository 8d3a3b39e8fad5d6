import { Aws } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { createFunction, createFunctionRole, createLogs } from './function';
import { allow, document } from './iam';
import { acknowledgeWildcards } from './nag';
import { MillracePackages } from './packages';
import { Queues } from './queues';
import { Settings } from './settings';
import { Storage } from './storage';

/** What events stand on. */
export interface EventsProps {
  readonly packages: MillracePackages;
  readonly storage: Storage;
  readonly queues: Queues;
  readonly stateMachine: sfn.StateMachine;
}

/** What can be news. Above all not the heartbeats of running jobs. */
const NEWS = [
  { Keys: { sk: { S: ['ENTRY'] } } },
  { Keys: { sk: { S: ['JOB'] } }, NewImage: { state: { S: ['ready', 'failed'] } } },
  { Keys: { sk: { S: ['JOB'] } }, OldImage: { state: { S: ['failed'] } } },
];

/**
 * What tells the world of assets: announce reads the table's stream, and puts events on the bus and
 * on their way to webhooks, where deliver-webhook sends them.
 */
export class Events extends Construct {
  /** Where everybody may listen: rules of others choose what they hear. */
  readonly bus: events.EventBus;
  readonly announce: lambda.Function;
  readonly deliverWebhook: lambda.Function;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: EventsProps,
    settings: Settings,
  ) {
    super(scope, id);
    this.bus = new events.EventBus(this, 'EventBus', {
      eventBusName: `${Aws.STACK_NAME}-events`,
      description: 'What happens to the assets of Millrace',
    });
    const { packages, storage, queues } = props;
    const environment = {
      MILLRACE_TABLE: storage.table.tableName,
      MILLRACE_WEBHOOKS_QUEUE_URL: queues.webhooksQueue.queueUrl,
    };
    this.announce = createFunction(this, 'AnnounceFunction', packages.functions, settings, {
      package: 'announce',
      description: 'Tells the event bus and webhooks what happens to assets',
      memoryMb: 256,
      timeoutSeconds: 60,
      role: this.announceRole(),
      logGroup: createLogs(this, 'AnnounceLogs', settings),
      environment: { ...environment, MILLRACE_EVENT_BUS: this.bus.eventBusName },
    });
    this.fromTable();
    const name = 'DeliverWebhookFunction';
    this.deliverWebhook = createFunction(this, name, packages.functions, settings, {
      package: 'deliver-webhook',
      description: 'Delivers events to webhooks, signed',
      memoryMb: 256,
      timeoutSeconds: 30,
      role: this.deliveryRole(),
      logGroup: createLogs(this, 'DeliverWebhookLogs', settings),
      environment: {
        ...environment,
        MILLRACE_PRIVATE_WEBHOOKS: settings.privateWebhooks ? 'yes' : 'no',
      },
    });
    this.fromQueue();
    this.toStateMachine();
  }

  private announceRole(): iam.Role {
    const { storage, queues } = this.props;
    const { tableArn, tableStreamArn } = storage.table;
    const streams = `${tableArn}/stream/*`;
    const stream = ['DescribeStream', 'GetRecords', 'GetShardIterator'];
    const role = createFunctionRole(this, 'AnnounceFunctionRole', [], [
      allow('ReadStream', stream.map((action) => `dynamodb:${action}`), [tableStreamArn ?? '']),
      // Lambda checks for it before it accepts the mapping.
      allow('FindStream', ['dynamodb:ListStreams'], [streams]),
      // Whether news of a job still holds.
      allow('Records', ['dynamodb:GetItem'], [tableArn], leadingKeys('JOB#*', 'ASSET#*')),
      allow('Webhooks', ['dynamodb:Query'], [tableArn], leadingKeys('OWNER#*')),
      allow('Publish', ['events:PutEvents'], [this.bus.eventBusArn]),
      allow(
        'SendMessages',
        ['sqs:SendMessage'],
        [queues.webhooksQueue.queueArn, queues.unannouncedQueue.queueArn],
      ),
    ]);
    acknowledgeWildcards(role, [[streams, 'A stream is named after the time of its making']]);
    return role;
  }

  /**
   * The stream keeps the order of an item's writes, and so does this: nothing of a shard is told
   * before what came earlier. One record that cannot be told holds up its shard for an hour.
   */
  private fromTable(): void {
    const { storage, queues } = this.props;
    new lambda.CfnEventSourceMapping(this, 'TableToAnnounce', {
      eventSourceArn: storage.table.tableStreamArn,
      functionName: this.announce.functionArn,
      startingPosition: 'TRIM_HORIZON',
      batchSize: 25,
      bisectBatchOnFunctionError: true,
      maximumRecordAgeInSeconds: 3600,
      destinationConfig: { onFailure: { destination: queues.unannouncedQueue.queueArn } },
      filterCriteria: {
        filters: NEWS.map((dynamodb) => ({ pattern: JSON.stringify({ dynamodb }) })),
      },
    });
  }

  private deliveryRole(): iam.Role {
    const { storage, queues } = this.props;
    const take = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes', 'ChangeMessageVisibility'];
    return createFunctionRole(this, 'DeliverWebhookFunctionRole', [], [
      allow('TakeMessages', take.map((action) => `sqs:${action}`), [queues.webhooksQueue.queueArn]),
      allow(
        'Webhooks',
        ['dynamodb:Query', 'dynamodb:UpdateItem'],
        [storage.table.tableArn],
        leadingKeys('OWNER#*'),
      ),
    ]);
  }

  private fromQueue(): void {
    new lambda.CfnEventSourceMapping(this, 'WebhooksQueueToDeliverWebhook', {
      eventSourceArn: this.props.queues.webhooksQueue.queueArn,
      functionName: this.deliverWebhook.functionArn,
      batchSize: 10,
      // Slow receivers must not take the invocations that encoders need.
      scalingConfig: { maximumConcurrency: 10 },
      functionResponseTypes: ['ReportBatchItemFailures'],
    });
  }

  /**
   * What follows from a change of an asset is an execution of the state machine, with retries and a
   * history. It looks at the asset as it is then: so an event that comes twice, late, or before an
   * earlier one does no harm.
   */
  private toStateMachine(): void {
    const { queues, stateMachine } = this.props;
    const role = new iam.Role(this, 'AssetChangedRole', {
      description: 'Role of the rule AssetChanged',
      assumedBy: new iam.ServicePrincipal('events.amazonaws.com'),
      inlinePolicies: {
        own: document(
          allow('StartExecution', ['states:StartExecution'], [stateMachine.stateMachineArn]),
        ),
      },
    });
    const rule = new events.CfnRule(this, 'AssetChanged', {
      description: 'An asset is another than before',
      eventBusName: this.bus.eventBusName,
      eventPattern: { source: ['millrace'], 'detail-type': ['asset.changed', 'asset.ready'] },
      targets: [
        {
          id: 'state-machine',
          arn: stateMachine.stateMachineArn,
          roleArn: role.roleArn,
          inputTransformer: {
            inputPathsMap: { asset: '$.detail.asset' },
            inputTemplate: '{"changed": {"asset": <asset>}}',
          },
          retryPolicy: { maximumEventAgeInSeconds: 86400, maximumRetryAttempts: 185 },
          deadLetterConfig: { arn: queues.changesDeadLetters.queueArn },
        },
      ],
    });
    queues.keepUndeliveredEvents(queues.changesDeadLetters, rule.attrArn);
  }
}

/** Only items whose partition key is like one of these. */
function leadingKeys(...patterns: string[]): iam.Conditions {
  return { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': patterns } };
}
