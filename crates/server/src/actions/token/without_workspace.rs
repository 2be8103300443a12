//! A token of the organization where one of a workspace is needed: refused, and recorded as what was asked for.

use std::marker::PhantomData;

use model::catalogue::EventType;
use model::id::OrganizationId;
use store::{Action, Done, Error, Need, Result, Rx, Scope, Target, Tx};

/// The action `A`, asked for with a token that belongs to no workspace. It is always refused.
#[derive(Clone, Debug)]
pub struct WithoutWorkspace<A> {
    organization: OrganizationId,
    target: Target,
    asked: PhantomData<fn() -> A>,
}

impl<A: Action> WithoutWorkspace<A> {
    /// In this organization, about `target`.
    pub const fn new(organization: OrganizationId, target: Target) -> Self {
        Self {
            organization,
            target,
            asked: PhantomData,
        }
    }
}

impl<A: Action> Action for WithoutWorkspace<A> {
    const EVENTS: &'static [EventType] = A::EVENTS;
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    /// Nothing, so that the refusal says that there is no workspace, whatever the token may otherwise do.
    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        Ok(vec![Need::nothing(self.target.clone())])
    }

    fn apply(&self, _: &mut Tx<'_>) -> Result<Done<()>> {
        Err(Error::Denied {
            code: "no_workspace",
            message: "This token is for the organization. Use a token of a workspace here."
                .to_owned(),
        })
    }
}
