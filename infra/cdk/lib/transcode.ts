import { Aws } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { createLogs } from './function';
import { HeavyWork } from './heavy';
import { allow, document, localArn } from './iam';
import { acknowledge, acknowledgeWildcards } from './nag';
import { stateMachineArn, stateMachineName } from './names';
import { Settings } from './settings';
import { Stages } from './stages';
import { Storage } from './storage';

/** What the state machine stands on. */
export interface TranscodeProps {
  /** The file with its definition. */
  readonly definition: string;
  readonly storage: Storage;
  readonly stages: Stages;
  readonly heavy?: HeavyWork;
}

/** The state machine that chains the stages. */
export class Transcode extends Construct {
  readonly stateMachine: sfn.StateMachine;

  constructor(scope: Construct, id: string, props: TranscodeProps, settings: Settings) {
    super(scope, id);
    // With this prefix the group does not count against the size of the account's log policy.
    const name = `/aws/vendedlogs/states/${Aws.STACK_NAME}`;
    const logGroup = createLogs(this, 'StateMachineLogs', settings, name);
    this.stateMachine = new sfn.StateMachine(this, 'StateMachine', {
      stateMachineName: stateMachineName(),
      stateMachineType: sfn.StateMachineType.STANDARD,
      definitionBody: sfn.DefinitionBody.fromFile(props.definition),
      definitionSubstitutions: substitutions(props, settings),
      role: this.role(props),
    });
    this.log(logGroup);
    acknowledge(this.stateMachine, {
      'AwsSolutions-SF1': 'Step Functions keeps the history; logs are for what failed',
      'AwsSolutions-SF2': 'All logs have the job, and a stage says in one line what it cost',
    });
  }

  /** By the resource: the construct's own `logs` adds a policy that the role has already. */
  private log(logGroup: logs.LogGroup): void {
    const resource = this.stateMachine.node.defaultChild as sfn.CfnStateMachine;
    resource.loggingConfiguration = {
      level: 'ERROR',
      includeExecutionData: false,
      destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: logGroup.logGroupArn } }],
    };
  }

  private role(props: TranscodeProps): iam.Role {
    const functions = functionsOf(props.stages).map(([, stage]) => stage.functionArn);
    const chunkLists = props.storage.workBucket.arnForObjects('jobs/*');
    const children = localArn('states', `execution:${stateMachineName()}*`);
    const statements = [
      allow('InvokeStages', ['lambda:InvokeFunction'], functions),
      allow('ReadChunkLists', ['s3:GetObject'], [chunkLists]),
      allow('StartChildExecutions', ['states:StartExecution'], [stateMachineArn()]),
      allow(
        'FollowChildExecutions',
        ['states:DescribeExecution', 'states:StopExecution'],
        [children],
      ),
      deliverLogs(),
    ];
    if (props.heavy !== undefined) {
      const { encode, segment } = props.heavy;
      const targets = [encode.queueArn, encode.jobArn, segment.queueArn, segment.jobArn];
      statements.push(allow('SubmitHeavyWork', ['batch:SubmitJob'], targets));
    }
    const role = new iam.Role(this, 'StateMachineRole', {
      assumedBy: new iam.ServicePrincipal('states.amazonaws.com'),
      inlinePolicies: { own: document(...statements) },
    });
    acknowledgeWildcards(role, [
      [chunkLists, 'Each job has a folder of its own, named after it'],
      [children, 'Executions are named after jobs'],
      ['*', 'Log deliveries have no ARN'],
    ]);
    return role;
  }
}

/** The values for the names in the definition. */
function substitutions(
  { stages, heavy }: TranscodeProps,
  settings: Settings,
): Record<string, string> {
  const functions = functionsOf(stages).map(([name, stage]) => [
    `${name}FunctionArn`,
    stage.functionArn,
  ]);
  return {
    ...Object.fromEntries(functions),
    HeavyHeartbeatSeconds: String(settings.heavyHeartbeatSeconds),
    // Without Batch no chunk is heavy, and no state that names these is reached.
    HeavyEncodeQueueArn: heavy?.encode.queueArn ?? 'none',
    HeavyEncodeJobArn: heavy?.encode.jobArn ?? 'none',
    HeavySegmentQueueArn: heavy?.segment.queueArn ?? 'none',
    HeavySegmentJobArn: heavy?.segment.jobArn ?? 'none',
  };
}

function functionsOf(stages: Stages) {
  return [
    ['Segment', stages.segment],
    ['EncodeVideo', stages.encodeVideo],
    ['EncodeAudio', stages.encodeAudio],
    ['Thumbnail', stages.thumbnail],
    ['AssembleManifest', stages.assembleManifest],
    ['Caption', stages.caption],
    ['UpdateMetadata', stages.updateMetadata],
  ] as const;
}

/** These act on the account's log deliveries, which have no ARN. */
function deliverLogs(): iam.PolicyStatement {
  return allow(
    'DeliverLogs',
    [
      'logs:CreateLogDelivery',
      'logs:DeleteLogDelivery',
      'logs:DescribeLogGroups',
      'logs:DescribeResourcePolicies',
      'logs:GetLogDelivery',
      'logs:ListLogDeliveries',
      'logs:PutResourcePolicy',
      'logs:UpdateLogDelivery',
    ],
    ['*'],
  );
}
