import { Aws, Fn } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { allow, document } from './iam';
import { acknowledge } from './nag';
import { uploadsBucketArn } from './names';
import { Storage } from './storage';

/** Where database and Batch are. */
export interface Place {
  readonly vpcId: string;
  readonly subnetIds: string[];
}

/** A rule for groups that nothing may leave: without one there would be one for everything. */
export const NOTHING_OUT: ec2.CfnSecurityGroup.EgressProperty = {
  description: 'nothing',
  ipProtocol: '-1',
  cidrIp: '127.0.0.1/32',
};

/** What the network is for. It decides which endpoints there are. */
export interface NetworkProps {
  readonly storage: Storage;
  readonly database: boolean;
  readonly batch: boolean;
  readonly gpu: boolean;
}

/**
 * Two private subnets. Nothing in here has an address on the internet or a way to it: no internet
 * gateway, no NAT. What has to be reached outside has an endpoint. Those of S3 and DynamoDB cost
 * nothing; the others are billed by the hour and created only where something uses them.
 *
 * By resources and not by `ec2.Vpc`, which would take over the default security group by a custom
 * resource.
 */
export class Network extends Construct implements Place {
  readonly vpcId: string;
  readonly subnetIds: string[];
  /** What a function in here needs to be called and to answer CloudFormation. */
  readonly ways: string[] = [];
  private readonly endpointGroup: ec2.CfnSecurityGroup;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const vpc = new ec2.CfnVPC(this, 'Vpc', {
      cidrBlock: '10.70.0.0/16',
      // Interface endpoints take the services' own names.
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: [{ key: 'Name', value: Aws.STACK_NAME }],
    });
    acknowledge(vpc, {
      'AwsSolutions-VPC7': 'There is no way in or out but the endpoints, and their policies say what',
    });
    this.vpcId = vpc.ref;
    const routes = new ec2.CfnRouteTable(this, 'PrivateRoutes', { vpcId: this.vpcId }).ref;
    // A quarter of the addresses each: every Batch job and every endpoint takes one.
    this.subnetIds = [
      this.subnet('A', 0, '10.70.0.0/18', routes),
      this.subnet('B', 1, '10.70.64.0/18', routes),
    ];
    this.gateways(routes, props.storage);
    this.endpointGroup = new ec2.CfnSecurityGroup(this, 'EndpointSecurityGroup', {
      groupDescription: 'Interface endpoints',
      vpcId: this.vpcId,
      // An endpoint answers and never asks.
      securityGroupEgress: [NOTHING_OUT],
    });
    this.interfaces(props);
  }

  /** Lets who has the group call the interface endpoints. */
  letIn(id: string, description: string, groupId: string): string {
    return new ec2.CfnSecurityGroupIngress(this, id, {
      description,
      groupId: this.endpointGroup.ref,
      ipProtocol: 'tcp',
      fromPort: 443,
      toPort: 443,
      sourceSecurityGroupId: groupId,
    }).ref;
  }

  private subnet(letter: string, zone: number, cidrBlock: string, routes: string): string {
    const subnet = new ec2.CfnSubnet(this, `PrivateSubnet${letter}`, {
      vpcId: this.vpcId,
      availabilityZone: Fn.select(zone, Fn.getAzs()),
      cidrBlock,
      mapPublicIpOnLaunch: false,
      tags: [{ key: 'Name', value: `${Aws.STACK_NAME}-private-${letter.toLowerCase()}` }],
    });
    const route = new ec2.CfnSubnetRouteTableAssociation(this, `PrivateRoutes${letter}`, {
      routeTableId: routes,
      subnetId: subnet.ref,
    });
    this.ways.push(route.ref);
    return subnet.ref;
  }

  private gateways(routes: string, storage: Storage): void {
    const gateway = (id: string, service: string, policyDocument: iam.PolicyDocument): string => {
      return new ec2.CfnVPCEndpoint(this, id, {
        vpcId: this.vpcId,
        vpcEndpointType: 'Gateway',
        serviceName: `com.amazonaws.${Aws.REGION}.${service}`,
        routeTableIds: [routes],
        policyDocument,
      }).ref;
    };
    this.ways.unshift(gateway('S3Endpoint', 's3', s3Policy(storage)));
    gateway('DynamoDbEndpoint', 'dynamodb', dynamoDbPolicy(storage));
  }

  private interfaces(props: NetworkProps): void {
    if (props.database) {
      // Migrate reads the password of the database's master, from inside.
      this.ways.unshift(this.interfaceEndpoint('SecretsManagerEndpoint', 'secretsmanager'));
    }
    if (props.batch) {
      // ECR's own calls, then Docker's. The layers themselves come through S3.
      this.interfaceEndpoint('EcrApiEndpoint', 'ecr.api');
      this.interfaceEndpoint('EcrDockerEndpoint', 'ecr.dkr');
      // What a job logs.
      this.interfaceEndpoint('LogsEndpoint', 'logs');
      // A job's heartbeats and its answer.
      this.interfaceEndpoint('StatesEndpoint', 'states');
    }
    if (props.gpu) {
      // The agent on an instance takes orders by three names. Fargate has its own way.
      this.interfaceEndpoint('EcsEndpoint', 'ecs');
      this.interfaceEndpoint('EcsAgentEndpoint', 'ecs-agent');
      this.interfaceEndpoint('EcsTelemetryEndpoint', 'ecs-telemetry');
    }
  }

  private interfaceEndpoint(id: string, service: string): string {
    return new ec2.CfnVPCEndpoint(this, id, {
      vpcId: this.vpcId,
      vpcEndpointType: 'Interface',
      serviceName: `com.amazonaws.${Aws.REGION}.${service}`,
      privateDnsEnabled: true,
      subnetIds: this.subnetIds,
      securityGroupIds: [this.endpointGroup.ref],
    }).ref;
  }
}

/** Not a way out: nobody in here can carry a film to a bucket that is not ours. */
function s3Policy(storage: Storage): iam.PolicyDocument {
  const { workBucket, mediaBucket } = storage;
  const own = allow(
    'OwnBuckets',
    [
      's3:AbortMultipartUpload',
      's3:DeleteObject',
      's3:GetObject',
      's3:GetObjectVersion',
      's3:ListBucket',
      's3:PutObject',
    ],
    [
      uploadsBucketArn(),
      `${uploadsBucketArn()}/*`,
      ...[workBucket, mediaBucket].flatMap((each) => [each.bucketArn, each.arnForObjects('*')]),
    ],
  );
  // CloudFormation waits for migrate's answer in a bucket of its own. Regions that are newer have
  // dashes in its name.
  const responses = (region: string): string =>
    `arn:${Aws.PARTITION}:s3:::cloudformation-custom-resource-response-${region}/*`;
  const answer = allow(
    'AnswerCloudFormation',
    ['s3:PutObject'],
    [responses(Fn.join('', Fn.split('-', Aws.REGION))), responses(Aws.REGION)],
  );
  // Where ECR keeps the layers of all images of a region.
  const layers = `arn:${Aws.PARTITION}:s3:::prod-${Aws.REGION}-starport-layer-bucket/*`;
  return document(
    forAnybody(own),
    forAnybody(answer),
    forAnybody(allow('ImageLayers', ['s3:GetObject'], [layers])),
  );
}

function dynamoDbPolicy(storage: Storage): iam.PolicyDocument {
  const own = allow(
    'OwnTable',
    [
      'dynamodb:ConditionCheckItem',
      'dynamodb:DeleteItem',
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
    ],
    [storage.table.tableArn],
  );
  return document(forAnybody(own));
}

function forAnybody(statement: iam.PolicyStatement): iam.PolicyStatement {
  statement.addPrincipals(new iam.StarPrincipal());
  return statement;
}
