//! Makes the key that signs viewers' access, when a stack is deployed: a custom resource of
//! `CloudFormation`.
//!
//! The private half goes into a secret of the stack and nowhere else. The template reads the public
//! half, for the CDN. A secret that has a key keeps it, so an update changes nothing: what was
//! signed stays valid. The secret goes with the stack, and the key with it.

use cloud::StoreError;
use cloud::secret::{ReadSecret, WriteSecretOnce};
use cloud::signing_key::{KeyError, SigningKey};
use domain::{ErrorCode, Fault};
use runtime::custom_resource::{Attributes, Reply, ReplyError, Request, RequestType, SendReply};
use runtime::{StageContext, custom_resource};

/// The resource's own name.
const NAME: &str = "millrace-signing-key";

/// What signing-key may do.
#[derive(Debug)]
pub struct Ports<S, R> {
    /// Where the private key is kept.
    pub secrets: S,
    /// The way back to `CloudFormation`.
    pub replies: R,
}

/// There is no key, or nobody was told.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The secret could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secret has something else in it.
    #[error("the secret {secret} has no key")]
    NoKey {
        /// The secret's ARN.
        secret: String,
        /// What is wrong with it.
        #[source]
        source: KeyError,
    },
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The resource does not say where the key is kept.
    #[error("the resource's property Secret is no text")]
    NoSecret,
    /// The reply did not arrive.
    #[error(transparent)]
    Reply(#[from] ReplyError),
}

impl Fault for SigningKeyError {
    fn code(&self) -> ErrorCode {
        match self {
            // The template names it.
            Self::Store(StoreError::NotFound { .. }) | Self::NoKey { .. } => {
                ErrorCode::ConfigInvalid
            }
            Self::Store(error) => error.code(),
            Self::Key(_) => ErrorCode::Internal,
            Self::NoSecret => ErrorCode::InputInvalid,
            Self::Reply(error) => error.code(),
        }
    }
}

/// Makes the key where there is none, and tells `CloudFormation` its public half as `PublicKey`.
/// Returns what it told.
///
/// # Errors
/// [`SigningKeyError::Reply`] when the reply did not arrive.
pub async fn handle<S, R>(
    request: Request,
    ports: &Ports<S, R>,
    context: &StageContext,
) -> Result<Reply, SigningKeyError>
where
    S: ReadSecret + WriteSecretOnce,
    R: SendReply,
{
    let work = public_key(&request, &ports.secrets);
    let reply = custom_resource::answer(&request, NAME, &ports.replies, context, work).await?;
    Ok(reply)
}

async fn public_key<S>(request: &Request, secrets: &S) -> Result<Attributes, SigningKeyError>
where
    S: ReadSecret + WriteSecretOnce,
{
    // The secret is deleted by the stack.
    if request.request_type == RequestType::Delete {
        return Ok(Attributes::new());
    }
    let secret = request
        .property("Secret")
        .ok_or(SigningKeyError::NoSecret)?;
    let text = match secrets.secret(secret).await {
        Err(StoreError::NotFound { .. }) => make(secrets, secret).await?,
        text => text?,
    };
    let key = SigningKey::from_pem(&text).map_err(|source| SigningKeyError::NoKey {
        secret: secret.to_owned(),
        source,
    })?;
    Ok(Attributes::from([("PublicKey", key.public_pem()?)]))
}

/// A new key, or that of another call which was quicker.
async fn make<S>(secrets: &S, secret: &str) -> Result<String, SigningKeyError>
where
    S: ReadSecret + WriteSecretOnce,
{
    let pem = SigningKey::generate()?.to_pem()?;
    secrets.write_once(secret, &pem).await?;
    Ok(secrets.secret(secret).await?)
}
