//! A waiting state for tests: it remembers what it heard, and gives up when it is told to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloud::StoreError;
use cloud::task_callback::{Heard, TaskCallback};
use serde_json::Value;

/// What a waiting state heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Call {
    /// The work goes on.
    Heartbeat,
    /// It ended well.
    Success(Value),
    /// It ended with a failure.
    Failure {
        /// The error's name.
        error: String,
        /// What belongs to it.
        cause: String,
    },
}

/// Remembers every call. Clones share it.
#[derive(Clone, Default, Debug)]
pub struct RecordedCallback {
    state: Arc<Mutex<State>>,
}

#[derive(Default, Debug)]
struct State {
    calls: Vec<Call>,
    /// Heartbeats after which it has given up; none for a state that waits for ever.
    patience: Option<usize>,
    /// Calls yet to be answered with a passing fault.
    faults: usize,
}

impl RecordedCallback {
    /// A state that hears `heartbeats` of them and has given up at the next call.
    #[must_use]
    pub fn giving_up_after(heartbeats: usize) -> Self {
        let callback = Self::default();
        callback.lock().patience = Some(heartbeats);
        callback
    }

    /// A state that cannot be reached for the first `calls`.
    #[must_use]
    pub fn unreachable_for(calls: usize) -> Self {
        let callback = Self::default();
        callback.lock().faults = calls;
        callback
    }

    /// Everything that was heard, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// Everything that was heard but heartbeats.
    #[must_use]
    pub fn answers(&self) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|call| *call != Call::Heartbeat);
        calls
    }

    fn hear(&self, call: Call) -> Result<Heard, StoreError> {
        let mut state = self.lock();
        if state.faults > 0 {
            state.faults -= 1;
            return Err(StoreError::Unavailable {
                action: "answer the waiting state".to_owned(),
                source: "no connection".into(),
            });
        }
        if state
            .patience
            .is_some_and(|calls| state.calls.len() >= calls)
        {
            return Ok(Heard::GivenUp);
        }
        state.calls.push(call);
        Ok(Heard::Accepted)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TaskCallback for RecordedCallback {
    async fn heartbeat(&self) -> Result<Heard, StoreError> {
        self.hear(Call::Heartbeat)
    }

    async fn succeed(&self, output: &Value) -> Result<Heard, StoreError> {
        self.hear(Call::Success(output.clone()))
    }

    async fn fail(&self, error: &str, cause: &str) -> Result<Heard, StoreError> {
        self.hear(Call::Failure {
            error: error.to_owned(),
            cause: cause.to_owned(),
        })
    }
}
