import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Api } from './api';
import { Queues } from './queues';
import { Settings } from './settings';

/** What may need somebody. */
export interface AlarmsProps {
  readonly stateMachine: sfn.IStateMachine;
  readonly queues: Queues;
  readonly api: Api;
}

/**
 * Each asks somebody to look; docs/operations.md says at what. A queue or machine that nothing
 * happens to has no figures, and that is good.
 */
export class Alarms extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { stateMachine, queues, api }: AlarmsProps,
    private readonly settings: Settings,
  ) {
    super(scope, id);
    const executions = (metricName: string): cloudwatch.IMetric =>
      metric('AWS/States', metricName, 'Sum', { StateMachineArn: stateMachine.stateMachineArn });
    const messages = (queue: sqs.IQueue): cloudwatch.IMetric =>
      queueMetric(queue, 'ApproximateNumberOfMessagesVisible');

    this.alarm(
      'ExecutionsFailedAlarm',
      "A job failed; its asset's document says why",
      executions('ExecutionsFailed'),
    );
    this.alarm(
      'ExecutionsTimedOutAlarm',
      'A job took longer than it may',
      executions('ExecutionsTimedOut'),
    );
    this.alarm(
      'FailedEventsAlarm',
      'Trigger could not process an event',
      messages(queues.failedEventsQueue),
    );
    this.alarm(
      'UploadsDeadLettersAlarm',
      'A message or an event did not get through to trigger',
      messages(queues.uploadsDeadLetters),
    );
    this.alarm(
      'UploadsQueueAgeAlarm',
      'A message has waited for trigger for a quarter of an hour',
      queueMetric(queues.uploadsQueue, 'ApproximateAgeOfOldestMessage'),
      900,
    );
    this.alarm(
      'WebhooksDeadLettersAlarm',
      'A webhook did not take an event for a day',
      messages(queues.webhooksDeadLetters),
    );
    this.alarm(
      'UnannouncedAlarm',
      'Announce failed on a write to the table for an hour',
      messages(queues.unannouncedQueue),
    );
    this.alarm(
      'ChangesDeadLettersAlarm',
      'Nothing followed from a change of an asset',
      messages(queues.changesDeadLetters),
    );
    // One may be a function that was stopped at an unlucky moment; the client has called again then.
    this.alarm(
      'ApiServerErrorsAlarm',
      'The API failed several times within five minutes',
      metric('AWS/ApiGateway', '5xx', 'Sum', { ApiId: api.apiId }),
      5,
    );
  }

  private alarm(
    id: string,
    alarmDescription: string,
    figure: cloudwatch.IMetric,
    threshold = 1,
  ): void {
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription,
      metric: figure,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    const { alarmTopicArn } = this.settings;
    if (alarmTopicArn !== '') {
      alarm.addAlarmAction({ bind: () => ({ alarmActionArn: alarmTopicArn }) });
    }
  }
}

function metric(
  namespace: string,
  metricName: string,
  statistic: string,
  dimensionsMap: Record<string, string>,
): cloudwatch.IMetric {
  const period = Duration.minutes(5);
  return new cloudwatch.Metric({ namespace, metricName, statistic, period, dimensionsMap });
}

function queueMetric(queue: sqs.IQueue, metricName: string): cloudwatch.IMetric {
  return metric('AWS/SQS', metricName, 'Maximum', { QueueName: queue.queueName });
}
