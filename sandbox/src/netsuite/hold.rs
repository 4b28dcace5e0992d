//! Holds: a call waits at a point until the test releases it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::Operation;

/// The point in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// After the checks, before the commit.
    BeforeCommit,
    /// After the commit, before the answer.
    AfterCommit,
}

/// One call held at one point; released when this is dropped.
#[derive(Debug)]
pub struct Hold {
    stage: Arc<watch::Sender<Stage>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Armed,
    Reached,
    Released,
}

#[derive(Default)]
pub(super) struct Holds(Mutex<Vec<Armed>>);

struct Armed {
    operation: Operation,
    point: Point,
    stage: Arc<watch::Sender<Stage>>,
}

impl Hold {
    /// Waits until a call has reached the point.
    pub async fn reached(&self) {
        self.stage
            .subscribe()
            .wait_for(|it| Stage::Reached <= *it)
            .await
            .expect("we hold a sender");
    }

    /// Releases the call.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.stage.send_replace(Stage::Released);
    }
}

impl Holds {
    /// The next call of `operation` that reaches `point` waits there.
    pub(super) fn arm(&self, operation: Operation, point: Point) -> Hold {
        let stage = Arc::new(watch::Sender::new(Stage::Armed));
        let armed = Armed { operation, point, stage: Arc::clone(&stage) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(armed);
        Hold { stage }
    }

    /// Waits here if a test holds this point.
    pub(super) async fn wait(&self, operation: Operation, point: Point) {
        let found = {
            let mut armed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let fits = |it: &Armed| it.operation == operation && it.point == point;
            armed.iter().position(fits).map(|place| armed.remove(place))
        };
        let Some(Armed { stage, .. }) = found else { return };
        stage.send_if_modified(|it| {
            let armed = *it == Stage::Armed;
            if armed {
                *it = Stage::Reached;
            }
            armed
        });
        stage.subscribe().wait_for(|it| *it == Stage::Released).await.expect("we hold a sender");
    }
}
