import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Alarms } from './alarms';
import { Api } from './api';
import { ApiFunctions } from './api-functions';
import { Database } from './database';
import { Events } from './events';
import { HeavyWork } from './heavy';
import { Identity } from './identity';
import { Network } from './network';
import { Origin } from './origin';
import { MillracePackages } from './packages';
import { Policies } from './policies';
import { Queues } from './queues';
import { Schema } from './schema';
import { MillraceSettings, Settings, createsDatabase, settle } from './settings';
import { Signing } from './signing';
import { Stages } from './stages';
import { Storage } from './storage';
import { Transcode } from './transcode';
import { Trigger } from './trigger';

/** The settings, and where the files are that get deployed. */
export interface MillraceProps extends MillraceSettings {
  readonly packages: MillracePackages;
}

/**
 * All of Millrace, the same as infra/sam/template.yaml deploys. Once per stack: bucket, state
 * machine and job definitions are named after the stack.
 *
 * @throws when a setting is outside of its limits, or a package is not there
 */
export class Millrace extends Construct {
  readonly storage: Storage;
  readonly queues: Queues;
  /** Where there is a database of ours. */
  readonly database?: Database;
  readonly schema: Schema;
  readonly stages: Stages;
  /** Where something but Lambda encodes. */
  readonly heavy?: HeavyWork;
  readonly transcode: Transcode;
  readonly trigger: Trigger;
  readonly signing: Signing;
  readonly identity: Identity;
  readonly api: Api;
  /** Where people come. */
  readonly origin: Origin;
  readonly apiFunctions: ApiFunctions;
  readonly events: Events;

  constructor(scope: Construct, id: string, props: MillraceProps) {
    super(scope, id);
    this.refuseSecondOne();
    const settings = settle(props);
    const { packages } = props;
    this.storage = new Storage(this, 'Storage', settings);
    this.queues = new Queues(this, 'Queues', settings);
    const policies = new Policies(this, 'Policies', this.storage);
    const { storage, queues } = this;

    const [ownDatabase, batch] = [createsDatabase(settings), settings.heavyEncoder !== 'none'];
    const network = this.network(settings, ownDatabase, batch);
    const place = network ?? { vpcId: settings.vpcId, subnetIds: settings.subnetIds };
    if (ownDatabase) {
      this.database = new Database(this, 'Database', place, settings);
      const group = this.database.clientSecurityGroupId;
      const way = network?.letIn('DatabaseClientsToEndpoints', 'Secrets Manager', group);
      network?.ways.unshift(way ?? '');
    }
    if (batch) {
      this.heavy = new HeavyWork(this, 'HeavyWork', { place, storage, policies }, settings);
      const callees = 'ECR, ECS, CloudWatch Logs and Step Functions';
      network?.letIn('BatchToEndpoints', callees, this.heavy.securityGroupId);
    }

    const database = this.database && { server: this.database, place };
    const ways = network?.ways ?? [];
    this.schema = new Schema(this, 'Schema', { packages, database, ways }, settings);
    const { schema } = this;
    this.stages = new Stages(
      this,
      'Stages',
      { packages, storage, policies, database, schema },
      settings,
    );
    const { stages, heavy } = this;
    const definition = packages.stateMachine;
    this.transcode = new Transcode(
      this,
      'Transcode',
      { definition, storage, stages, heavy },
      settings,
    );
    const { stateMachine } = this.transcode;
    this.trigger = new Trigger(
      this,
      'Trigger',
      { packages, storage, queues, policies, stateMachine },
      settings,
    );
    this.signing = new Signing(this, 'Signing', packages, settings);
    this.identity = new Identity(this, 'Identity', settings);
    this.api = new Api(this, 'Api', settings);
    const { signing, identity, api } = this;
    this.origin = new Origin(this, 'Origin', { storage, api, signing, identity }, settings);
    const { origin } = this;
    storage.acceptParts(origin.url);
    identity.letIn(origin.url);
    this.apiFunctions = new ApiFunctions(
      this,
      'ApiFunctions',
      { packages, storage, policies, stateMachine, signing, identity, origin },
      settings,
    );
    api.route(this.apiFunctions, identity);
    this.events = new Events(this, 'Events', { packages, storage, queues, stateMachine }, settings);
    new Alarms(this, 'Alarms', { stateMachine, queues, api }, settings);
  }

  private network(settings: Settings, database: boolean, batch: boolean): Network | undefined {
    if (settings.vpcId !== '' || !(database || batch)) {
      return undefined;
    }
    const gpu = settings.heavyEncoder === 'gpu';
    return new Network(this, 'Network', { storage: this.storage, database, batch, gpu });
  }

  private refuseSecondOne(): void {
    const all = Stack.of(this).node.findAll();
    if (all.some((construct) => construct !== this && construct instanceof Millrace)) {
      throw new Error('there is a Millrace in this stack already: give each a stack of its own');
    }
  }
}
