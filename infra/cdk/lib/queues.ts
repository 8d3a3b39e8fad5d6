import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { onlyOverTls } from './iam';
import { PLAIN_HTTP_ASKED_FOR, acknowledge } from './nag';
import { Settings } from './settings';

/** The longest there is. It counts from the first sending, so all queues have as long. */
const RETENTION = Duration.days(14);

/**
 * What trigger is told by message, and what it could not process; events on their way to webhooks, and
 * those that did not get there.
 */
export class Queues extends Construct {
  /**
   * Events to be told by message: those to be processed again, or many at a time. The queue keeps
   * what trigger cannot take yet.
   */
  readonly uploadsQueue: sqs.Queue;
  /**
   * Messages that failed five times, and events that EventBridge could not deliver. Either can go
   * to the uploads queue again as it is.
   */
  readonly uploadsDeadLetters: sqs.Queue;
  /**
   * Calls that trigger failed on, three times. Each is an upload that nobody transcodes until
   * somebody looks, or a sweep; the next one makes up for that.
   */
  readonly failedEventsQueue: sqs.Queue;
  /**
   * Events on their way to webhooks. A delivery that failed is held back here, up to twelve hours.
   */
  readonly webhooksQueue: sqs.Queue;
  /** Deliveries that were tried for a day. Each can go to the webhooks queue again as it is. */
  readonly webhooksDeadLetters: sqs.Queue;
  /** Which places of the table's stream announce failed on for an hour. */
  readonly unannouncedQueue: sqs.Queue;
  /** Changes of assets that EventBridge could not start an execution for. */
  readonly changesDeadLetters: sqs.Queue;
  private readonly policies = new Map<sqs.Queue, sqs.QueuePolicy>();

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.uploadsDeadLetters = this.queue('UploadsDeadLetters');
    this.uploadsQueue = this.queue('UploadsQueue', {
      // Six times the function's timeout, as Lambda asks: a message that waits for a free function
      // must not come a second time meanwhile.
      visibilityTimeout: Duration.seconds(180),
      deadLetterQueue: { queue: this.uploadsDeadLetters, maxReceiveCount: 5 },
    });
    this.failedEventsQueue = this.queue('FailedEventsQueue');
    acknowledge(this.failedEventsQueue, {
      'AwsSolutions-SQS3': 'Where failed events end; a person takes them out, see FailedEventsAlarm',
    });

    this.webhooksDeadLetters = this.queue('WebhooksDeadLetters');
    this.webhooksQueue = this.queue('WebhooksQueue', {
      visibilityTimeout: Duration.seconds(180),
      // The tries of crates/domain/src/webhook.rs: a day in all.
      deadLetterQueue: { queue: this.webhooksDeadLetters, maxReceiveCount: 9 },
    });
    this.unannouncedQueue = this.queue('UnannouncedQueue');
    acknowledge(this.unannouncedQueue, {
      'AwsSolutions-SQS3': 'Where failed writes end; a person takes them out, see UnannouncedAlarm',
    });

    this.changesDeadLetters = this.queue('ChangesDeadLetters');
    acknowledge(this.changesDeadLetters, {
      'AwsSolutions-SQS3': 'Where changes end; a person looks at them, see ChangesDeadLettersAlarm',
    });

    this.policy('UploadsDeadLettersPolicy', this.uploadsDeadLetters);
    this.policy('ChangesDeadLettersPolicy', this.changesDeadLetters);
    if (settings.requireTls) {
      const others: [string, sqs.Queue][] = [
        ['UploadsQueue', this.uploadsQueue],
        ['FailedEventsQueue', this.failedEventsQueue],
        ['WebhooksQueue', this.webhooksQueue],
        ['WebhooksDeadLetters', this.webhooksDeadLetters],
        ['UnannouncedQueue', this.unannouncedQueue],
      ];
      for (const [name, queue] of others) {
        this.policy(`${name}Policy`, queue);
      }
      this.policies.forEach((policy, queue) => refusePlainHttp(policy, queue));
    } else {
      acknowledge(this, { 'AwsSolutions-SQS4': PLAIN_HTTP_ASKED_FOR });
    }
  }

  /** Lets EventBridge put what it could not deliver for a rule to dead letters of ours. */
  keepUndeliveredEvents(queue: sqs.Queue, ruleArn: string): void {
    this.policies.get(queue)?.document.addStatements(
      new iam.PolicyStatement({
        sid: 'KeepUndeliveredEvents',
        principals: [new iam.ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [queue.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': ruleArn } },
      }),
    );
  }

  private queue(name: string, props: sqs.QueueProps = {}): sqs.Queue {
    return new sqs.Queue(this, name, {
      removalPolicy: RemovalPolicy.DESTROY,
      retentionPeriod: RETENTION,
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      ...props,
    });
  }

  private policy(name: string, queue: sqs.Queue): void {
    this.policies.set(queue, new sqs.QueuePolicy(this, name, { queues: [queue] }));
  }
}

function refusePlainHttp(policy: sqs.QueuePolicy, queue: sqs.Queue): void {
  policy.document.addStatements(onlyOverTls('sqs', [queue.queueArn]));
}
