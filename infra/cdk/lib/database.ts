import { CfnDeletionPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Construct } from 'constructs';
import { acknowledge } from './nag';
import { NOTHING_OUT, Place } from './network';
import { Settings } from './settings';

/** Only migrate is this user. RDS makes the password, keeps it as a secret and renews it. */
const MASTER = 'millrace_master';

/** What is the same for an instance and for a cluster. */
const COMMON = {
  masterUsername: MASTER,
  manageMasterUserPassword: true,
  enableIamDatabaseAuthentication: true,
  storageEncrypted: true,
  backupRetentionPeriod: 7,
  copyTagsToSnapshot: true,
  deletionProtection: true,
};

/** A database of ours, and where it is. */
export interface PlacedDatabase {
  readonly server: Database;
  readonly place: Place;
}

/**
 * Puts a function beside the database, if that is ours. By the resource: the construct's own `vpc`
 * takes no plain ids.
 */
export function joinDatabase(created: lambda.Function, database?: PlacedDatabase): void {
  if (database !== undefined) {
    (created.node.defaultChild as lambda.CfnFunction).vpcConfig = {
      subnetIds: database.place.subnetIds,
      securityGroupIds: [database.server.clientSecurityGroupId],
    };
  }
}

/** How to reach a server of ours. */
interface Server {
  readonly host: string;
  readonly masterSecretArn: string;
  readonly resourceId: string;
  /** What has to be there before it answers, beside itself. */
  readonly needs: string[];
}

/**
 * The PostgreSQL server, on RDS or Aurora.
 *
 * By resources and not by `rds.DatabaseInstance`: that one brings a secret of its own, and does not
 * have RDS manage the master's password.
 */
export class Database extends Construct implements Server {
  readonly host: string;
  readonly masterSecretArn: string;
  /** As `rds-db:connect` names the server. */
  readonly resourceId: string;
  readonly needs: string[];
  /** The group of update-metadata and migrate. */
  readonly clientSecurityGroupId: string;

  constructor(scope: Construct, id: string, place: Place, settings: Settings) {
    super(scope, id);
    const client = this.clientGroup(place);
    const [group, way] = this.serverGroup(place, client, settings.databasePort);
    const subnets = new rds.CfnDBSubnetGroup(this, 'DatabaseSubnets', {
      dbSubnetGroupDescription: 'Private',
      subnetIds: place.subnetIds,
    });
    const server =
      settings.databaseKind === 'aurora'
        ? this.cluster(settings, subnets.ref, group.ref)
        : this.instance(settings, subnets.ref, group.ref);
    this.clientSecurityGroupId = client.ref;
    this.host = server.host;
    this.masterSecretArn = server.masterSecretArn;
    this.resourceId = server.resourceId;
    this.needs = [...server.needs, way.ref];
  }

  private clientGroup(place: Place): ec2.CfnSecurityGroup {
    return new ec2.CfnSecurityGroup(this, 'DatabaseClientSecurityGroup', {
      groupDescription: 'Clients of the database',
      vpcId: place.vpcId,
      securityGroupEgress: [
        // A gateway endpoint's addresses have no name in a template. Other routes there are none.
        {
          description: 'S3, DynamoDB and Secrets Manager',
          ipProtocol: 'tcp',
          fromPort: 443,
          toPort: 443,
          cidrIp: '0.0.0.0/0',
        },
      ],
    });
  }

  private serverGroup(
    place: Place,
    client: ec2.CfnSecurityGroup,
    port: number,
  ): [ec2.CfnSecurityGroup, ec2.CfnSecurityGroupEgress] {
    const postgres = { description: 'PostgreSQL', ipProtocol: 'tcp', fromPort: port, toPort: port };
    const group = new ec2.CfnSecurityGroup(this, 'DatabaseSecurityGroup', {
      groupDescription: 'The database',
      vpcId: place.vpcId,
      securityGroupIngress: [{ ...postgres, sourceSecurityGroupId: client.ref }],
      securityGroupEgress: [NOTHING_OUT],
    });
    const way = new ec2.CfnSecurityGroupEgress(this, 'DatabaseClientToDatabase', {
      ...postgres,
      groupId: client.ref,
      destinationSecurityGroupId: group.ref,
    });
    return [group, way];
  }

  /**
   * One instance and no standby: DynamoDB decides what is published, PostgreSQL follows. While it
   * is away, players go on playing, and jobs are tried again at their last stage.
   */
  private instance(settings: Settings, subnets: string, group: string): Server {
    const parameters = new rds.CfnDBParameterGroup(this, 'DatabaseInstanceParameters', {
      description: 'TLS only',
      family: 'postgres18',
      parameters: { 'rds.force_ssl': '1' },
    });
    const instance = new rds.CfnDBInstance(this, 'DatabaseInstance', {
      ...COMMON,
      engine: 'postgres',
      engineVersion: '18',
      dbInstanceClass: settings.databaseInstanceClass,
      dbName: settings.databaseName,
      port: String(settings.databasePort),
      dbParameterGroupName: parameters.ref,
      dbSubnetGroupName: subnets,
      vpcSecurityGroups: [group],
      publiclyAccessible: false,
      storageType: 'gp3',
      allocatedStorage: '20',
      maxAllocatedStorage: 200,
      autoMinorVersionUpgrade: true,
    });
    keepSnapshot(instance);
    acknowledge(instance, {
      'AwsSolutions-RDS3': 'PostgreSQL follows DynamoDB; players do not notice that it is away',
      'AwsSolutions-RDS11': 'Reached from one security group only; a port is no secret',
    });
    return {
      host: instance.attrEndpointAddress,
      masterSecretArn: instance.attrMasterUserSecretSecretArn,
      resourceId: instance.attrDbiResourceId,
      needs: [],
    };
  }

  private cluster(settings: Settings, subnets: string, group: string): Server {
    const parameters = new rds.CfnDBClusterParameterGroup(this, 'DatabaseClusterParameters', {
      description: 'TLS only',
      family: 'aurora-postgresql17',
      parameters: { 'rds.force_ssl': '1' },
    });
    const cluster = new rds.CfnDBCluster(this, 'DatabaseCluster', {
      ...COMMON,
      engine: 'aurora-postgresql',
      engineVersion: '17',
      databaseName: settings.databaseName,
      port: settings.databasePort,
      dbClusterParameterGroupName: parameters.ref,
      dbSubnetGroupName: subnets,
      vpcSecurityGroupIds: [group],
      // Not down to zero: waking up takes longer than a call of update-metadata may.
      serverlessV2ScalingConfiguration: {
        minCapacity: 0.5,
        maxCapacity: settings.databaseMaxCapacity,
      },
    });
    keepSnapshot(cluster);
    const writer = new rds.CfnDBInstance(this, 'DatabaseWriter', {
      engine: 'aurora-postgresql',
      dbClusterIdentifier: cluster.ref,
      dbInstanceClass: 'db.serverless',
      publiclyAccessible: false,
      autoMinorVersionUpgrade: true,
    });
    // The data are the cluster's.
    writer.cfnOptions.deletionPolicy = CfnDeletionPolicy.DELETE;
    writer.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.DELETE;
    return {
      host: cluster.attrEndpointAddress,
      masterSecretArn: cluster.attrMasterUserSecretSecretArn,
      resourceId: cluster.attrDbClusterResourceId,
      needs: [writer.ref],
    };
  }
}

function keepSnapshot(server: rds.CfnDBInstance | rds.CfnDBCluster): void {
  server.cfnOptions.deletionPolicy = CfnDeletionPolicy.SNAPSHOT;
  server.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.SNAPSHOT;
}
