import { Aws } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { Api } from './api';
import { Identity } from './identity';
import { acknowledge } from './nag';
import { uploadsBucketName } from './names';
import { Settings } from './settings';
import { Key, Signing } from './signing';
import { Storage } from './storage';

/** Policies that AWS manages, by their ids. */
const MANAGED = {
  /** By the path alone, for as long as the object says. */
  cachingOptimized: '658327ea-f89d-4fab-a63d-7e88639e58f6',
  cachingDisabled: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
  /** The token goes along, and the API is asked by its own name. */
  allViewerExceptHostHeader: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
  securityHeaders: '67f7725c-6f97-4210-82d7-5512b31e9d03',
};

/** What CloudFront keeps for a while where nobody says otherwise. */
const CACHED_ERRORS = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

/** What is behind the origin. */
export interface OriginProps {
  readonly storage: Storage;
  readonly api: Api;
  readonly signing: Signing;
  readonly identity: Identity;
}

/**
 * Where people come: the page, the API and signed media, all below one address. A distribution of
 * CloudFront, or a CDN that is there already.
 */
export class Origin extends Construct {
  /** Without a slash at the end. */
  readonly url: string;
  /** The name by which the CDN knows the signing key. */
  readonly signingKeyId: string;
  /** Where there is a distribution of ours. */
  readonly distribution?: cloudfront.CfnDistribution;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: OriginProps,
    settings: Settings,
  ) {
    super(scope, id);
    if (settings.origin !== '') {
      this.url = settings.origin;
      this.signingKeyId = settings.signingKeyId;
      return;
    }
    const isEven = settings.signingKeyGeneration % 2 === 0;
    const { key, previous } = props.signing;
    const signing = this.publicKey(key, isEven);
    this.signingKeyId = signing.ref;
    const before = previous === undefined ? [] : [this.publicKey(previous, !isEven)];
    // The odd one first, whichever signs.
    const group = this.keyGroup(isEven ? [...before, signing] : [signing, ...before]);
    this.distribution = this.createDistribution(group, this.bucketAccess());
    this.url = `https://${this.distribution.attrDomainName}`;
    const { webBucket, mediaBucket } = props.storage;
    this.letRead(webBucket, '*');
    // Who asks the distribution for one has shown a signature.
    this.letRead(mediaBucket, 'assets/*');
  }

  /**
   * The value of a public key cannot be changed. So two take turns: an even generation is in one, an
   * odd one in the other, which is away before it is made anew.
   */
  private publicKey(key: Key, isEven: boolean): cloudfront.CfnPublicKey {
    return new cloudfront.CfnPublicKey(this, isEven ? 'EvenSigningPublicKey' : 'SigningPublicKey', {
      publicKeyConfig: {
        name: `${Aws.STACK_NAME}-${isEven ? 'even-' : ''}signing-key`,
        comment: 'Checks signed access to published streams',
        // It says which request made it; another key is another one.
        callerReference: `${Aws.STACK_ID}/${key.generation}`,
        encodedKey: key.publicKey,
      },
    });
  }

  private keyGroup(keys: cloudfront.CfnPublicKey[]): string {
    return new cloudfront.CfnKeyGroup(this, 'SigningKeys', {
      keyGroupConfig: {
        name: `${Aws.STACK_NAME}-signing-keys`,
        comment: 'Who holds one of these may open published streams',
        items: keys.map((key) => key.ref),
      },
    }).ref;
  }

  private bucketAccess(): string {
    return new cloudfront.CfnOriginAccessControl(this, 'BucketAccess', {
      originAccessControlConfig: {
        name: `${Aws.STACK_NAME}-buckets`,
        description: 'Signs what the distribution asks of the buckets',
        originAccessControlOriginType: 's3',
        signingBehavior: 'always',
        signingProtocol: 'sigv4',
      },
    }).ref;
  }

  /** What the page may load, and that nobody frames it. */
  private pageHeaders(): string {
    return new cloudfront.CfnResponseHeadersPolicy(this, 'PageHeaders', {
      responseHeadersPolicyConfig: {
        name: `${Aws.STACK_NAME}-page`,
        comment: 'What the page may load, and that nobody frames it',
        securityHeadersConfig: {
          contentSecurityPolicy: {
            contentSecurityPolicy: pagePolicy(this.props.identity),
            override: true,
          },
          strictTransportSecurity: { accessControlMaxAgeSec: 31536000, override: true },
          contentTypeOptions: { override: true },
          frameOptions: { frameOption: 'DENY', override: true },
          referrerPolicy: { referrerPolicy: 'no-referrer', override: true },
        },
      },
    }).ref;
  }

  private createDistribution(keys: string, access: string): cloudfront.CfnDistribution {
    const distribution = new cloudfront.CfnDistribution(this, 'Distribution', {
      distributionConfig: {
        comment: `Page, API and media of ${Aws.STACK_NAME}`,
        enabled: true,
        httpVersion: 'http2and3',
        ipv6Enabled: true,
        defaultRootObject: 'index.html',
        // Else CloudFront would keep an error for ten seconds by the path alone, and give one owner
        // what another one was refused.
        customErrorResponses: CACHED_ERRORS.map((errorCode) => ({ errorCode, errorCachingMinTtl: 0 })),
        origins: this.origins(access),
        defaultCacheBehavior: {
          targetOriginId: 'page',
          viewerProtocolPolicy: 'redirect-to-https',
          compress: true,
          cachePolicyId: MANAGED.cachingOptimized,
          responseHeadersPolicyId: this.pageHeaders(),
        },
        cacheBehaviors: [apiBehavior(), mediaBehavior(keys)],
      },
    });
    acknowledge(distribution, {
      'AwsSolutions-CFR1': 'Films are for whom their owners let in, wherever they are',
      'AwsSolutions-CFR2': 'The API is throttled and media is signed; a firewall is an account\'s choice',
      'AwsSolutions-CFR3': 'The API writes access logs; those of media cost more than they tell',
      'AwsSolutions-CFR4': 'CloudFront sets the protocol for its own name; a name of yours is `origin`',
    });
    return distribution;
  }

  private origins(access: string): cloudfront.CfnDistribution.OriginProperty[] {
    const { storage, api } = this.props;
    const bucket = (id: string, { bucketRegionalDomainName }: s3.Bucket) => ({
      id,
      domainName: bucketRegionalDomainName,
      originAccessControlId: access,
      s3OriginConfig: { originAccessIdentity: '' },
    });
    return [
      bucket('page', storage.webBucket),
      bucket('media', storage.mediaBucket),
      {
        id: 'api',
        domainName: api.host,
        customOriginConfig: { originProtocolPolicy: 'https-only', originSslProtocols: ['TLSv1.2'] },
      },
    ];
  }

  private letRead(bucket: s3.Bucket, objects: string): void {
    const { ref } = this.distribution as cloudfront.CfnDistribution;
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'DistributionReads',
        principals: [new iam.ServicePrincipal('cloudfront.amazonaws.com')],
        actions: ['s3:GetObject'],
        resources: [bucket.arnForObjects(objects)],
        conditions: {
          StringEquals: {
            'AWS:SourceArn': `arn:${Aws.PARTITION}:cloudfront::${Aws.ACCOUNT_ID}:distribution/${ref}`,
          },
        },
      }),
    );
  }
}

/**
 * Connections: the API, the parts of uploads, and who signs people in. Players hand media to the
 * browser as blobs, and work in workers of their own.
 */
function pagePolicy(identity: Identity): string {
  const uploads = `https://${uploadsBucketName()}.s3.${Aws.REGION}.${Aws.URL_SUFFIX}`;
  return [
    `default-src 'self'; connect-src 'self' ${uploads} ${identity.sources}; img-src 'self' blob:;`,
    "media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'none';",
    "form-action 'none'; frame-ancestors 'none'",
  ].join(' ');
}

function apiBehavior(): cloudfront.CfnDistribution.CacheBehaviorProperty {
  return {
    pathPattern: '/api/*',
    targetOriginId: 'api',
    viewerProtocolPolicy: 'https-only',
    allowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
    compress: true,
    cachePolicyId: MANAGED.cachingDisabled,
    originRequestPolicyId: MANAGED.allViewerExceptHostHeader,
    responseHeadersPolicyId: MANAGED.securityHeaders,
  };
}

/** Only with signed cookies or a signed query, by a key of the group. */
function mediaBehavior(keys: string): cloudfront.CfnDistribution.CacheBehaviorProperty {
  return {
    pathPattern: '/assets/*',
    targetOriginId: 'media',
    viewerProtocolPolicy: 'https-only',
    trustedKeyGroups: [keys],
    compress: true,
    cachePolicyId: MANAGED.cachingOptimized,
    responseHeadersPolicyId: MANAGED.securityHeaders,
  };
}
