import { Aws, Fn } from 'aws-cdk-lib';
import * as batch from 'aws-cdk-lib/aws-batch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { createLogs } from './function';
import { allow, document, localArn } from './iam';
import { stateMachineArn } from './names';
import { acknowledge, acknowledgeWildcards } from './nag';
import { Place } from './network';
import { Policies } from './policies';
import { Settings, capacity } from './settings';
import { Storage } from './storage';

/** What heavy work stands on. */
export interface HeavyWorkProps {
  readonly place: Place;
  readonly storage: Storage;
  readonly policies: Policies;
}

/** Where a kind of job is sent, and as what. */
export interface HeavyTarget {
  readonly queueArn: string;
  readonly jobArn: string;
}

/** A job definition, as it differs from the others. */
interface Job {
  readonly name: 'heavy-encode' | 'heavy-segment';
  /** Whose work it does, and what that has to know beside storage and tools. */
  readonly stage: 'encode-video' | 'segment';
  readonly environment: Record<string, string>;
  readonly role: iam.Role;
  readonly seconds: number;
  readonly vcpus: number;
  readonly memoryMb: number;
}

/**
 * What Lambda cannot carry, on Batch: heavy chunks, and the segmenting of large sources.
 *
 * By resources and not by the constructs of `aws-batch`, which choose roles and defaults of their
 * own.
 */
export class HeavyWork extends Construct {
  readonly securityGroupId: string;
  readonly encode: HeavyTarget;
  readonly segment: HeavyTarget;
  private readonly executionRole: iam.Role;
  private readonly logGroup: logs.LogGroup;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: HeavyWorkProps,
    private readonly settings: Settings,
  ) {
    super(scope, id);
    const { readSource, workOnJob, publishMedia } = props.policies;
    this.securityGroupId = this.securityGroup();
    this.logGroup = createLogs(this, 'HeavyLogs', settings);
    this.executionRole = this.createExecutionRole();
    const answerTask = this.answerTask();
    const encodeRole = this.jobRole('HeavyEncodeRole', 'Role of heavy-encode, as that of encode-video', [
      readSource,
      workOnJob,
      publishMedia,
      answerTask,
    ]);
    const segmentRole = this.jobRole('HeavySegmentRole', 'Role of heavy-segment, as that of segment', [
      readSource,
      workOnJob,
      answerTask,
    ]);
    const fargateQueue = this.fargateQueue();
    this.segment = { queueArn: fargateQueue, jobArn: this.segmentJob(segmentRole) };
    this.encode =
      settings.heavyEncoder === 'gpu'
        ? { queueArn: this.gpuQueue(), jobArn: this.encodeGpuJob(encodeRole) }
        : { queueArn: fargateQueue, jobArn: this.encodeCpuJob(encodeRole) };
  }

  private securityGroup(): string {
    return new ec2.CfnSecurityGroup(this, 'BatchSecurityGroup', {
      groupDescription: 'Batch jobs, which nobody calls',
      vpcId: this.props.place.vpcId,
      securityGroupEgress: [
        // A gateway endpoint's addresses have no name in a template. Other routes there are none.
        {
          description: 'endpoints',
          ipProtocol: 'tcp',
          fromPort: 443,
          toPort: 443,
          cidrIp: '0.0.0.0/0',
        },
      ],
    }).ref;
  }

  /**
   * Tells the state machine how a job fares. A task of the Distributed Map belongs to the machine
   * with the map's label behind its name.
   */
  private answerTask(): iam.ManagedPolicy {
    const mapTasks = `${stateMachineArn()}/*`;
    const policy = new iam.ManagedPolicy(this, 'AnswerTask', {
      description: 'Send heartbeats and the answer of a task',
      document: document(
        allow(
          'AnswerTask',
          ['states:SendTaskFailure', 'states:SendTaskHeartbeat', 'states:SendTaskSuccess'],
          [stateMachineArn(), mapTasks],
        ),
      ),
    });
    acknowledgeWildcards(policy, [[mapTasks, "Behind the slash is the label of the machine's map"]]);
    return policy;
  }

  private jobRole(id: string, description: string, managedPolicies: iam.ManagedPolicy[]): iam.Role {
    return new iam.Role(this, id, { description, assumedBy: ownTasks(), managedPolicies });
  }

  /** What starts the containers, before their own roles come into play. */
  private createExecutionRole(): iam.Role {
    // Between the registry's slash and the tag's colon or the digest's at sign.
    const name = Fn.select(1, Fn.split('/', this.settings.heavyImage));
    const repository = Fn.select(0, Fn.split('@', Fn.select(0, Fn.split(':', name))));
    const role = new iam.Role(this, 'HeavyExecutionRole', {
      description: 'Pulls the image of heavy work and writes its logs',
      assumedBy: ownTasks(),
      inlinePolicies: {
        start: document(
          // A login belongs to the account, not to a repository.
          allow('LogIn', ['ecr:GetAuthorizationToken'], ['*']),
          allow(
            'PullImage',
            [
              'ecr:BatchCheckLayerAvailability',
              'ecr:BatchGetImage',
              'ecr:GetDownloadUrlForLayer',
            ],
            [localArn('ecr', `repository/${repository}`)],
          ),
          allow(
            'Log',
            ['logs:CreateLogStream', 'logs:PutLogEvents'],
            [this.logGroup.logGroupArn],
          ),
        ),
      },
    });
    acknowledgeWildcards(role, [['*', 'A login belongs to the account, not to a repository']]);
    return role;
  }

  private fargateQueue(): string {
    const environment = new batch.CfnComputeEnvironment(this, 'Fargate', {
      type: 'MANAGED',
      state: 'ENABLED',
      replaceComputeEnvironment: false,
      computeResources: {
        type: 'FARGATE',
        maxvCpus: this.settings.heavyMaxVcpus,
        subnets: this.props.place.subnetIds,
        securityGroupIds: [this.securityGroupId],
      },
    });
    return this.queue('FargateQueue', [environment]);
  }

  private gpuQueue(): string {
    const profile = this.gpuInstanceProfile();
    const template = this.gpuLaunchTemplate();
    // A chunk is minutes of work. Should its instance be taken away, the heartbeat tells, and it is
    // encoded again.
    const spot = this.gpuEnvironment('GpuSpot', 'SPOT', 'SPOT_PRICE_CAPACITY_OPTIMIZED', profile, template);
    const onDemand = this.gpuEnvironment('GpuOnDemand', 'EC2', 'BEST_FIT_PROGRESSIVE', profile, template);
    // On demand only when there is no spot capacity.
    return this.queue('GpuQueue', [spot, onDemand]);
  }

  private queue(id: string, environments: batch.CfnComputeEnvironment[]): string {
    return new batch.CfnJobQueue(this, id, {
      state: 'ENABLED',
      priority: 1,
      computeEnvironmentOrder: environments.map((environment, index) => ({
        order: index + 1,
        computeEnvironment: environment.ref,
      })),
    }).ref;
  }

  private gpuInstanceProfile(): iam.CfnInstanceProfile {
    const role = new iam.Role(this, 'GpuInstanceRole', {
      description: 'Role of the agent on GPU instances',
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
      // AWS's own for the agent: Batch makes clusters whose names are not known here. Jobs act with
      // their own roles.
      managedPolicies: [
        iam.ManagedPolicy.fromAwsManagedPolicyName(
          'service-role/AmazonEC2ContainerServiceforEC2Role',
        ),
      ],
    });
    acknowledge(role, {
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role]':
        'Batch makes clusters whose names are not known here; jobs act with their own roles',
    });
    return new iam.CfnInstanceProfile(this, 'GpuInstanceProfile', { roles: [role.roleName] });
  }

  private gpuLaunchTemplate(): ec2.CfnLaunchTemplate {
    return new ec2.CfnLaunchTemplate(this, 'GpuLaunchTemplate', {
      launchTemplateData: {
        metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
        blockDeviceMappings: [
          // The image, and source segments of the jobs that run at a time.
          {
            deviceName: '/dev/xvda',
            ebs: {
              volumeType: 'gp3',
              volumeSize: 100,
              encrypted: true,
              deleteOnTermination: true,
            },
          },
        ],
      },
    });
  }

  private gpuEnvironment(
    id: string,
    type: string,
    allocationStrategy: string,
    profile: iam.CfnInstanceProfile,
    template: ec2.CfnLaunchTemplate,
  ): batch.CfnComputeEnvironment {
    return new batch.CfnComputeEnvironment(this, id, {
      type: 'MANAGED',
      state: 'ENABLED',
      // Changes are made in place, and running jobs may end first.
      replaceComputeEnvironment: false,
      updatePolicy: { terminateJobsOnUpdate: false, jobExecutionTimeoutMinutes: 120 },
      computeResources: {
        type,
        allocationStrategy,
        minvCpus: 0,
        maxvCpus: this.settings.heavyMaxVcpus,
        instanceTypes: this.settings.gpuInstanceTypes,
        instanceRole: profile.attrArn,
        ec2Configuration: [{ imageType: 'ECS_AL2023_NVIDIA' }],
        launchTemplate: {
          launchTemplateId: template.ref,
          version: template.attrLatestVersionNumber,
        },
        updateToLatestImageVersion: true,
        subnets: this.props.place.subnetIds,
        securityGroupIds: [this.securityGroupId],
      },
    });
  }

  /** What both kinds of encoding jobs have in common. */
  private encoding(role: iam.Role) {
    const environment = { MILLRACE_MEDIA_BUCKET: this.props.storage.mediaBucket.bucketName };
    const seconds = this.settings.heavySeconds;
    return { name: 'heavy-encode', stage: 'encode-video', environment, role, seconds } as const;
  }

  /** All of a g6.xlarge; what is missing to its 16 GiB is the system's and the agent's. */
  private encodeGpuJob(role: iam.Role): string {
    const job = this.container({
      ...this.encoding(role),
      vcpus: 4,
      memoryMb: 14336,
    });
    return new batch.CfnJobDefinition(this, 'HeavyEncodeGpuJob', {
      ...job,
      platformCapabilities: ['EC2'],
      containerProperties: {
        ...job.containerProperties,
        resourceRequirements: [
          ...job.containerProperties.resourceRequirements,
          { type: 'GPU', value: '1' },
        ],
        environment: [
          ...job.containerProperties.environment,
          // Without `video`, the container has CUDA and no NVENC.
          { name: 'NVIDIA_DRIVER_CAPABILITIES', value: 'compute,utility,video' },
        ],
      },
    }).ref;
  }

  /** The most processors that a Fargate task can have. */
  private encodeCpuJob(role: iam.Role): string {
    return this.fargateJob('HeavyEncodeCpuJob', 50, {
      ...this.encoding(role),
      vcpus: 16,
      memoryMb: 32768,
    });
  }

  /** The disk takes the whole of a source, which Lambda's does not. */
  private segmentJob(role: iam.Role): string {
    return this.fargateJob('HeavySegmentJob', 200, {
      name: 'heavy-segment',
      stage: 'segment',
      environment: capacity(this.settings),
      role,
      seconds: 21600,
      vcpus: 4,
      memoryMb: 8192,
    });
  }

  private fargateJob(id: string, diskGib: number, fields: Job): string {
    const job = this.container(fields);
    return new batch.CfnJobDefinition(this, id, {
      ...job,
      platformCapabilities: ['FARGATE'],
      containerProperties: {
        ...job.containerProperties,
        ephemeralStorage: { sizeInGiB: diskGib },
        runtimePlatform: { operatingSystemFamily: 'LINUX', cpuArchitecture: 'X86_64' },
        networkConfiguration: { assignPublicIp: 'DISABLED' },
      },
    }).ref;
  }

  /** What all job definitions have in common. */
  private container(job: Job) {
    return {
      jobDefinitionName: `${Aws.STACK_NAME}-${job.name}`,
      type: 'container',
      // The state machine retries, by the name of the error.
      retryStrategy: { attempts: 1 },
      // A job that hangs and still sends heartbeats.
      timeout: { attemptDurationSeconds: job.seconds },
      containerProperties: {
        image: this.settings.heavyImage,
        jobRoleArn: job.role.roleArn,
        executionRoleArn: this.executionRole.roleArn,
        resourceRequirements: [
          { type: 'VCPU', value: String(job.vcpus) },
          { type: 'MEMORY', value: String(job.memoryMb) },
        ],
        environment: this.environment(job),
        logConfiguration: {
          logDriver: 'awslogs',
          options: {
            'awslogs-group': this.logGroup.logGroupName,
            'awslogs-region': Aws.REGION,
            'awslogs-stream-prefix': job.name,
          },
        },
      },
    };
  }

  private environment(job: Job): { name: string; value: string }[] {
    const { workBucket, table } = this.props.storage;
    const variables = {
      // Containers on instances are not told by anybody else.
      AWS_REGION: Aws.REGION,
      MILLRACE_STAGE: job.stage,
      MILLRACE_DEADLINE_SECONDS: String(job.seconds),
      MILLRACE_HEARTBEAT_SECONDS: '5',
      ...job.environment,
      MILLRACE_WORK_BUCKET: workBucket.bucketName,
      MILLRACE_TABLE: table.tableName,
      MILLRACE_FFMPEG: this.settings.heavyFfmpegPath,
      MILLRACE_FFPROBE: this.settings.heavyFfprobePath,
      MILLRACE_LOG: this.settings.logLevel,
    };
    return Object.entries(variables).map(([name, value]) => ({ name, value }));
  }
}

/** Tasks of this account, and of no other that knows the role's name. */
function ownTasks(): iam.IPrincipal {
  return new iam.ServicePrincipal('ecs-tasks.amazonaws.com').withConditions({
    StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
  });
}
