import { CfnResource, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { PlacedDatabase, joinDatabase } from './database';
import { createFunction, createLogs } from './function';
import { allow, document, networkInterfaces } from './iam';
import { acknowledgeWildcards } from './nag';
import { MillracePackages } from './packages';
import { Settings } from './settings';

/** The newest of crates/database/migrations. Another number makes an update run them. */
const VERSION = '4';

/** What the schema stands on. */
export interface SchemaProps {
  readonly packages: MillracePackages;
  /** Where there is a database of ours. */
  readonly database?: PlacedDatabase;
  /** What leads to that database, and from migrate back to CloudFormation. */
  readonly ways: string[];
}

/** Prepares the database while the stack is created or updated, before update-metadata is. */
export class Schema extends Construct {
  readonly migrate: lambda.Function;
  /** There as soon as the schema is. */
  readonly resource: CfnResource;
  /** The authorities of RDS: they are not among the web's own. */
  readonly layer: lambda.LayerVersion;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: SchemaProps,
    private readonly settings: Settings,
  ) {
    super(scope, id);
    this.layer = new lambda.LayerVersion(this, 'DatabaseCaLayer', {
      layerVersionName: 'DatabaseCaLayer',
      description: '/opt/rds-ca.pem; layers/rds-ca/README.md has its source',
      code: lambda.Code.fromAsset(props.packages.databaseCa),
      compatibleRuntimes: [lambda.Runtime.PROVIDED_AL2023],
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.migrate = this.createMigrate();
    this.resource = new CfnResource(this, 'Schema', {
      type: 'Custom::Schema',
      properties: {
        ServiceToken: this.migrate.functionArn,
        // Three calls of the function with the waits between them. The default is an hour.
        ServiceTimeout: 900,
        User: settings.databaseUser,
        Version: VERSION,
        // They have to be there first; the function does not look at them.
        Needs: [...(props.database?.server.needs ?? []), ...props.ways],
      },
    });
  }

  private createMigrate(): lambda.Function {
    const { packages, database } = this.props;
    const { settings } = this;
    const secret = database?.server.masterSecretArn ?? settings.databaseOwnerSecretArn;
    const logGroup = createLogs(this, 'MigrateLogs', settings);
    const created = createFunction(this, 'MigrateFunction', packages.functions, settings, {
      package: 'migrate',
      description: "Brings the database's schema up to date, as a custom resource",
      memoryMb: 256,
      timeoutSeconds: 240,
      role: this.role(secret, logGroup),
      logGroup,
      layer: this.layer,
      environment: {
        MILLRACE_DATABASE_HOST: database?.server.host ?? settings.databaseHost,
        MILLRACE_DATABASE_PORT: String(settings.databasePort),
        MILLRACE_DATABASE_NAME: settings.databaseName,
        MILLRACE_DATABASE_CA: settings.databaseCaPath,
        MILLRACE_DATABASE_OWNER_SECRET: secret,
      },
    });
    joinDatabase(created, database);
    return created;
  }

  /** Written out for the same reason as that of update-metadata. */
  private role(secret: string, logGroup: logs.ILogGroup): iam.Role {
    const role = new iam.Role(this, 'MigrateRole', {
      description: 'Role of migrate',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        migrate: document(
          allow(
            'Log',
            ['logs:CreateLogStream', 'logs:PutLogEvents'],
            [logGroup.logGroupArn],
          ),
          allow('OwnersPassword', ['secretsmanager:GetSecretValue'], [secret]),
        ),
        ...(this.props.database && { 'network-interfaces': networkInterfaces() }),
      },
    });
    if (this.props.database !== undefined) {
      acknowledgeWildcards(role, [
        ['*', 'Lambda asks for network interfaces in these words; the function is denied them'],
      ]);
    }
    return role;
  }
}
