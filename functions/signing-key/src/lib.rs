//! Makes the keys that sign viewers' access, when a stack is deployed: a custom resource of
//! `CloudFormation`.
//!
//! The private half goes into a secret of the stack and nowhere else. The template reads the public
//! half, for the CDN. Each generation has a key of its own, made once: an update that wants the same
//! generation changes nothing, and one that wants the next makes a key and tells of both, so that what
//! was signed stays valid. The way back finds the key of before. The secret goes with the stack, and
//! the keys with it.

use cloud::StoreError;
use cloud::secret::{ReadSecret, WriteSecretOnce};
use cloud::signing_key::{KeyError, SigningKey, version};
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
    /// The resource does not say which key is wanted.
    #[error("the resource's property Generation is no number from 1")]
    NoGeneration,
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
            Self::NoSecret | Self::NoGeneration => ErrorCode::InputInvalid,
            Self::Reply(error) => error.code(),
        }
    }
}

/// Makes the key of a generation where there is none, and tells `CloudFormation` its public half as
/// `PublicKey` and that of the generation before as `PreviousPublicKey`, each with its number. Returns
/// what it told.
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
    let work = public_keys(&request, &ports.secrets);
    let reply = custom_resource::answer(&request, NAME, &ports.replies, context, work).await?;
    Ok(reply)
}

async fn public_keys<S>(request: &Request, secrets: &S) -> Result<Attributes, SigningKeyError>
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
    let generation = generation(request).ok_or(SigningKeyError::NoGeneration)?;
    let mut keys = Attributes::new();
    if generation > 1 {
        let previous = generation - 1;
        keys.insert("PreviousGeneration", previous.to_string());
        let key = public_key(secrets, secret, previous).await?;
        keys.insert("PreviousPublicKey", key);
    }
    keys.insert("Generation", generation.to_string());
    keys.insert("PublicKey", public_key(secrets, secret, generation).await?);
    Ok(keys)
}

fn generation(request: &Request) -> Option<u32> {
    let generation = request.property("Generation")?.parse().ok()?;
    (generation > 0).then_some(generation)
}

async fn public_key<S>(
    secrets: &S,
    secret: &str,
    generation: u32,
) -> Result<String, SigningKeyError>
where
    S: ReadSecret + WriteSecretOnce,
{
    let version = version(generation);
    let text = match secrets.secret(secret, &version).await {
        Err(StoreError::NotFound { .. }) => make(secrets, secret, &version).await?,
        text => text?,
    };
    let key = SigningKey::from_pem(&text).map_err(|source| SigningKeyError::NoKey {
        secret: secret.to_owned(),
        source,
    })?;
    Ok(key.public_pem()?)
}

/// A new key, or that of another call which was quicker.
async fn make<S>(secrets: &S, secret: &str, version: &str) -> Result<String, SigningKeyError>
where
    S: ReadSecret + WriteSecretOnce,
{
    let pem = SigningKey::generate()?.to_pem()?;
    secrets.write_once(secret, version, &pem).await?;
    Ok(secrets.secret(secret, version).await?)
}
