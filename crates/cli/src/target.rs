//! Which stack is meant.

use cloud::AwsClients;

use crate::arguments::Common;
use crate::environment::Environment;
use crate::error::CliError;
use crate::local_stack::LocalStack;
use crate::origin::Origin;

/// The local stack that is meant where several are up.
const DEFAULT_LOCAL: &str = "dev";
/// The output of a deployed stack that says where it is.
const ORIGIN_OUTPUT: &str = "Origin";

/// A stack to talk to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Where it is.
    pub(crate) origin: Origin,
    /// Set for a stack on this machine.
    pub(crate) local: Option<LocalStack>,
}

/// What a caller says about the stack.
#[derive(Debug, PartialEq, Eq)]
enum Wish<'a> {
    Url(&'a str),
    Named(&'a str),
    Any,
}

impl Target {
    /// The stack that arguments and environment name; else the local one that is up.
    ///
    /// # Errors
    /// [`CliError::NoStack`], [`CliError::Usage`] for an address that is none, [`CliError::Cloud`]
    /// when CloudFormation does not know the name.
    pub(crate) async fn find(common: &Common, environment: &Environment) -> Result<Self, CliError> {
        let folder = std::env::current_dir().unwrap_or_default();
        let local = LocalStack::around(&folder);
        match wish(common, environment) {
            Wish::Url(url) => {
                let origin = Origin::parse(url)?;
                let same =
                    |stack: &LocalStack| Origin::parse(&stack.page).ok().as_ref() == Some(&origin);
                let local = local.into_iter().find(same);
                Ok(Self { origin, local })
            }
            Wish::Named(name) => match local.into_iter().find(|stack| stack.name == name) {
                Some(stack) => Self::of(stack),
                None => Self::deployed(name).await,
            },
            Wish::Any => Self::of(the_one(local)?),
        }
    }

    fn of(stack: LocalStack) -> Result<Self, CliError> {
        Ok(Self {
            origin: Origin::parse(&stack.page)?,
            local: Some(stack),
        })
    }

    async fn deployed(name: &str) -> Result<Self, CliError> {
        let clients = AwsClients::from_env().await;
        let origin = clients.stack_outputs().output(name, ORIGIN_OUTPUT).await?;
        Ok(Self {
            origin: Origin::parse(&origin)?,
            local: None,
        })
    }
}

/// An argument goes before the environment.
fn wish<'a>(common: &'a Common, environment: &'a Environment) -> Wish<'a> {
    let arguments = (common.url.as_deref(), common.stack.as_deref());
    let variables = (environment.url.as_deref(), environment.stack.as_deref());
    match (arguments, variables) {
        ((Some(url), _), _) | ((None, None), (Some(url), _)) => Wish::Url(url),
        ((None, Some(name)), _) | ((None, None), (None, Some(name))) => Wish::Named(name),
        ((None, None), (None, None)) => Wish::Any,
    }
}

/// The only one, or the default one of several.
fn the_one(mut local: Vec<LocalStack>) -> Result<LocalStack, CliError> {
    let default = local.iter().position(|stack| stack.name == DEFAULT_LOCAL);
    if let Some(index) = default {
        return Ok(local.swap_remove(index));
    }
    let names: Vec<String> = local.iter().map(|stack| stack.name.clone()).collect();
    match (local.pop(), names.len()) {
        (Some(only), 1) => Ok(only),
        (None, _) => Err(CliError::NoStack {
            reason: "no local stack is up, and none is named".to_owned(),
        }),
        (Some(_), _) => Err(CliError::NoStack {
            reason: format!("several local stacks are up: {}", names.join(", ")),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(stack: Option<&str>, url: Option<&str>) -> (Common, Environment) {
        let common = Common {
            stack: stack.map(str::to_owned),
            url: url.map(str::to_owned),
            json: false,
            quiet: false,
        };
        (common, Environment::default())
    }

    #[test]
    fn what_is_typed_goes_before_the_environment() {
        let (common, mut environment) = said(Some("dev"), None);
        environment.url = Some("https://e".into());
        assert_eq!(wish(&common, &environment), Wish::Named("dev"));
        let (common, _) = said(None, None);
        assert_eq!(wish(&common, &environment), Wish::Url("https://e"));
        let (common, environment) = said(None, Some("https://a"));
        assert_eq!(wish(&common, &environment), Wish::Url("https://a"));
        let (common, environment) = said(None, None);
        assert_eq!(wish(&common, &environment), Wish::Any);
    }
}
