import { Aws } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { ApiFunctions } from './api-functions';
import { createLogs } from './function';
import { localArn } from './iam';
import { Identity } from './identity';
import { acknowledge } from './nag';
import { Settings } from './settings';

/** Neither a token nor a query: a signature may be in it. */
const LOG_LINE = [
  '{"time":"$context.requestTime","request":"$context.requestId","source":"$context.identity.sourceIp",',
  '"method":"$context.httpMethod","path":"$context.path","route":"$context.routeKey",',
  '"status":"$context.status","milliseconds":"$context.responseLatency",',
  '"bytes":"$context.responseLength","owner":"$context.authorizer.claims.sub",',
  '"refused":"$context.authorizer.error","failed":"$context.integrationErrorMessage"}',
].join(' ');

/**
 * The HTTP API. Native resources, as in the SAM template. It is there before anything that it calls:
 * the distribution names it, and the functions name the distribution.
 */
export class Api extends Construct {
  readonly apiId: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly settings: Settings,
  ) {
    super(scope, id);
    const api = new apigateway.CfnApi(this, 'HttpApi', {
      name: Aws.STACK_NAME,
      description: 'Uploads, assets and playback of Millrace',
      protocolType: 'HTTP',
    });
    this.apiId = api.ref;
    this.stage();
  }

  /** The host that answers. */
  get host(): string {
    return `${this.apiId}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}`;
  }

  /** Has the functions answer: for owners whom the issuer vouches for, and for everybody. */
  route(functions: ApiFunctions, identity: Identity): void {
    const owners = this.authorizer(identity);
    const upload = this.target('UploadApi', functions.upload, '/api/uploads*');
    const play = this.target('PlayApi', functions.play, '/api/*');
    // Methods are the functions' to tell apart: they answer with what is allowed.
    this.add('UploadsRoute', '/api/uploads', upload, owners);
    this.add('UploadRoute', '/api/uploads/{proxy+}', upload, owners);
    this.add('AssetsRoute', '/api/assets', play, owners);
    this.add('AssetRoute', '/api/assets/{proxy+}', play, owners);
    this.add('WebhooksRoute', '/api/webhooks', play, owners);
    this.add('WebhookRoute', '/api/webhooks/{proxy+}', play, owners);
    // For everybody: how to sign in, what there is to call, and what owners made public.
    this.add('ConfigRoute', '/api/config', play);
    this.add('DescriptionRoute', '/api/openapi.json', play);
    this.add('PublicRoute', '/api/public/{proxy+}', play);
  }

  private stage(): void {
    const { settings } = this;
    const logs = createLogs(this, 'ApiLogs', settings, `/aws/vendedlogs/apis/${Aws.STACK_NAME}`);
    new apigateway.CfnStage(this, 'HttpApiStage', {
      apiId: this.apiId,
      stageName: '$default',
      autoDeploy: true,
      defaultRouteSettings: {
        throttlingRateLimit: settings.apiRateLimit,
        throttlingBurstLimit: settings.apiBurstLimit,
      },
      accessLogSettings: { destinationArn: logs.logGroupArn, format: LOG_LINE },
    });
  }

  private authorizer(identity: Identity): apigateway.CfnAuthorizer {
    return new apigateway.CfnAuthorizer(this, 'OwnersAuthorizer', {
      apiId: this.apiId,
      name: 'owners',
      authorizerType: 'JWT',
      identitySource: ['$request.header.Authorization'],
      jwtConfiguration: { issuer: identity.issuer, audience: [identity.clientId] },
    });
  }

  /** A function as the target of routes below a path, and the permission to call it for those. */
  private target(name: string, called: lambda.IFunction, paths: string): string {
    const integration = new apigateway.CfnIntegration(this, `${name}Integration`, {
      apiId: this.apiId,
      integrationType: 'AWS_PROXY',
      integrationUri: called.functionArn,
      payloadFormatVersion: '2.0',
    });
    new lambda.CfnPermission(this, `HttpApiInvokes${name}`, {
      action: 'lambda:InvokeFunction',
      functionName: called.functionArn,
      principal: 'apigateway.amazonaws.com',
      sourceArn: localArn('execute-api', `${this.apiId}/*/*${paths}`),
    });
    return `integrations/${integration.ref}`;
  }

  private add(
    name: string,
    path: string,
    target: string,
    authorizer?: apigateway.CfnAuthorizer,
  ): void {
    const route = new apigateway.CfnRoute(this, name, {
      apiId: this.apiId,
      routeKey: `ANY ${path}`,
      target,
      ...(authorizer
        ? { authorizationType: 'JWT', authorizerId: authorizer.ref }
        : { authorizationType: 'NONE' }),
    });
    if (authorizer === undefined) {
      acknowledge(route, { 'AwsSolutions-APIG4': 'For people who have not signed in' });
    }
  }
}
