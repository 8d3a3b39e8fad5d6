import { Aws, Fn, RemovalPolicy } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import { acknowledge } from './nag';
import { userPoolDomain } from './names';
import { Settings } from './settings';

/** Where the command line waits for the browser to come back. */
const COMMAND_LINE = 'http://localhost:8976/callback';

/**
 * Who signs people in: an issuer that is there already, or a user pool of ours. By the resources:
 * both templates say the same then, word by word.
 */
export class Identity extends Construct {
  /** The issuer, as its tokens name it. */
  readonly issuer: string;
  /** Whom the page asks while it signs somebody in, as sources of a Content-Security-Policy. */
  readonly sources: string;
  /** Where there is a user pool of ours. */
  readonly userPoolId?: string;
  private readonly settings: Settings;
  private client?: string;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.settings = settings;
    if (settings.oidcIssuer !== '') {
      this.issuer = settings.oidcIssuer;
      this.client = settings.oidcClientId;
      this.sources = `https://${Fn.select(2, Fn.split('/', `${this.issuer}//`))}`;
      return;
    }
    const pool = this.pool();
    const domain = this.domain(pool);
    this.userPoolId = pool.ref;
    this.issuer = `https://${pool.attrProviderName}`;
    this.sources = [
      `https://cognito-idp.${Aws.REGION}.${Aws.URL_SUFFIX}`,
      `https://${domain.ref}.auth.${Aws.REGION}.amazoncognito.com`,
    ].join(' ');
  }

  /** The client that page and command line are. */
  get clientId(): string {
    if (this.client === undefined) {
      throw new Error('the client is made by `letIn`, once the origin is known');
    }
    return this.client;
  }

  /** Where the issuer's discovery document is. */
  get discovery(): string {
    const { oidcDiscovery } = this.settings;
    return oidcDiscovery === '' ? `${this.issuer}/.well-known/openid-configuration` : oidcDiscovery;
  }

  /** Has people come back to the page at this origin after they signed in to our user pool. */
  letIn(origin: string): void {
    if (this.userPoolId === undefined) {
      return;
    }
    const client = new cognito.CfnUserPoolClient(this, 'UserPoolClient', {
      userPoolId: this.userPoolId,
      // A page and a program on somebody's machine keep no secret. They prove by PKCE that who asks
      // for the token is who asked for the code.
      generateSecret: false,
      allowedOAuthFlowsUserPoolClient: true,
      allowedOAuthFlows: ['code'],
      allowedOAuthScopes: ['openid', 'email', 'profile'],
      supportedIdentityProviders: ['COGNITO'],
      callbackUrLs: [`${origin}/`, COMMAND_LINE],
      logoutUrLs: [`${origin}/`],
      explicitAuthFlows: ['ALLOW_REFRESH_TOKEN_AUTH'],
      preventUserExistenceErrors: 'ENABLED',
      enableTokenRevocation: true,
    });
    this.client = client.ref;
    // Without a style, managed login shows no page.
    const branding = new cognito.CfnManagedLoginBranding(this, 'UserPoolBranding', {
      userPoolId: this.userPoolId,
      clientId: client.ref,
      useCognitoProvidedValues: true,
    });
    branding.addResourceDependency(this.node.findChild('UserPoolDomain') as cognito.CfnUserPoolDomain);
  }

  private pool(): cognito.CfnUserPool {
    const pool = new cognito.CfnUserPool(this, 'UserPool', {
      deletionProtection: 'ACTIVE',
      userPoolTier: 'ESSENTIALS',
      usernameAttributes: ['email'],
      usernameConfiguration: { caseSensitive: false },
      autoVerifiedAttributes: ['email'],
      // Each upload costs money, so an operator says who may.
      adminCreateUserConfig: { allowAdminCreateUserOnly: true },
      accountRecoverySetting: { recoveryMechanisms: [{ name: 'verified_email', priority: 1 }] },
      mfaConfiguration: 'OPTIONAL',
      enabledMfas: ['SOFTWARE_TOKEN_MFA'],
      policies: {
        passwordPolicy: {
          minimumLength: 12,
          requireLowercase: true,
          requireUppercase: true,
          requireNumbers: true,
          requireSymbols: true,
          temporaryPasswordValidityDays: 7,
        },
      },
    });
    acknowledge(pool, {
      'AwsSolutions-COG2': 'A second factor is each user\'s choice; an operator may ask for it',
      'AwsSolutions-COG8': 'Threat protection costs by the user; an operator may turn it on',
    });
    // Who owns what is on record under the users' ids in here.
    pool.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return pool;
  }

  private domain(pool: cognito.CfnUserPool): cognito.CfnUserPoolDomain {
    return new cognito.CfnUserPoolDomain(this, 'UserPoolDomain', {
      userPoolId: pool.ref,
      domain: userPoolDomain(),
      managedLoginVersion: 2,
    });
  }
}
